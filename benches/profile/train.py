#!/usr/bin/env python3
"""Makes the profile of hot paths anew that release builds are given: builds, puts to work, writes rustc-VERSION.profdata here.

    rustup component add llvm-tools
    benches/profile/train.py

Worth doing after a change on the way of a request, and needed for a new version of the compiler: a function that has changed
is compiled without its part of the profile, which makes it a little slower and nothing else.

The work is that of benches/compare, so it needs the same programs (`benches/compare/compare.py --install` gets them), then PHP
through a real PHP-FPM, and every failure of the demo.
"""
import argparse
import contextlib
import http.client
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "compare"))
import compare  # noqa: E402
import gateways  # noqa: E402

SECONDS = 3
FPM = shutil.which("php-fpm8.2") or shutil.which("php-fpm")


def tool():
    """llvm-profdata of the compiler in use: another one may not read what it writes."""
    root = Path(subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True).stdout.strip())
    found = next(root.glob("lib/rustlib/*/bin/llvm-profdata"), None)
    return found or sys.exit("llvm-profdata is missing: rustup component add llvm-tools")


def build():
    target = gateways.ROOT / "target" / "profile"
    environment = {**os.environ, "GOODGATE_PROFILE": "1", "CARGO_TARGET_DIR": str(target)}
    subprocess.run(["cargo", "build", "--release", "--locked"], cwd=gateways.ROOT, env=environment, check=True)
    return target / "release" / "goodgate"


@contextlib.contextmanager
def running(command, core, output, port, extra=None):
    process = compare.start(command, core, output, extra)
    try:
        compare.wait(port, process)
        yield process
    finally:
        compare.stop([process])


def compared(folder, output):
    """What benches/compare does, with the gateway alone."""
    for work in compare.WORK:
        upstream = compare.SINK if work == "post" else compare.APP
        command, extra = gateways.goodgate(folder, compare.FIRST, upstream)
        with running(command, 0, output, compare.FIRST, extra):
            if wrong := compare.check(folder, compare.FIRST, work):
                sys.exit(f"{work}: the answer is not right: {wrong}")
            report(work, compare.load(folder, compare.FIRST, work, SECONDS))


def php(folder, output):
    """Small and large answers of a script."""
    socket, root, port = folder / "fpm.sock", folder / "www", compare.FIRST
    (root / "x.php").write_text("<?php header('X-Two: 2'); echo str_repeat('hello ', (int)($_GET['n'] ?? 20));")
    pool = folder / "fpm.conf"
    pool.write_text(f"[global]\nerror_log = {folder}/fpm.log\n[www]\nlisten = {socket}\npm = static\npm.max_children = 4\n")
    config = folder / "php.toml"
    config.write_text(f"""[gateway]
workers = 1
[[listen]]
address = "127.0.0.1:{port}"
[log]
access = {{ path = "{folder}/php.log", format = "combined" }}
[[route]]
site = {{ root = "{root}", php = "fpm" }}
[upstream.fpm]
servers = ["fastcgi+unix:{socket}"]
""")
    fpm = compare.start([FPM, "-F", "-R", "-n", "-y", str(pool)], 1, output)
    try:
        compare.wait(socket, fpm)
        with running([gateways.goodgate_binary(), "run", str(config)], 0, output, port):
            for path in ("/x.php", "/x.php?n=20000"):
                command = ["wrk", "-t1", "-c4", f"-d{SECONDS}s", f"http://127.0.0.1:{port}{path}"]
                text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                if "Non-2xx" in text or not (good := re.search(r"(\d+) requests in", text)):
                    sys.exit(f"{path}: PHP did not answer:\n{text}")
                report(path, (int(good[1]), 0))
    finally:
        compare.stop([fpm])


def failures(output):
    """Every page that the demo has, a few times each."""
    port = compare.FIRST
    with running([gateways.goodgate_binary(), "demo", "--address", f"127.0.0.1:{port}"], 0, output, port):
        def ask(path):
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            # Some of them end without an answer, on purpose.
            with contextlib.suppress(OSError, http.client.HTTPException):
                client.request("GET", path, headers={"Accept": "text/html"})
                return client.getresponse().read()
        # It holds its port before it serves there.
        index = next((page for page in (ask("/") for _ in range(50)) if page or time.sleep(.1)), None)
        if not index:
            raise RuntimeError("the demo does not answer")
        pages = sorted(set(re.findall(r'href="(/[^"#]+)"', index.decode())))
        with ThreadPoolExecutor(16) as several:
            answers = list(several.map(ask, pages * 3))
        report("demo", (sum(answer is not None for answer in answers), sum(answer is None for answer in answers)))


def report(work, result):
    print(f"{work:16} {result[0]:8} answered, {result[1]} not", flush=True)


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    profdata = tool()
    if not FPM:
        sys.exit("php-fpm is missing: apt-get install php8.2-fpm")
    with tempfile.TemporaryDirectory(prefix="profile-") as name, open(os.path.join(name, "output"), "wb") as output:
        folder = Path(name)
        raw = folder / "raw"
        os.environ |= {"GOODGATE": str(build()), "LLVM_PROFILE_FILE": f"{raw}/%m.profraw"}
        compare.prepare(False, folder)
        behind = compare.upstreams(folder, output)
        try:
            for process, port in behind:
                compare.wait(port, process)
            compared(folder, output)
            php(folder, output)
            failures(output)
        except RuntimeError as error:
            sys.exit(f"{error}\n{(folder / 'output').read_text(errors='replace')[-800:]}")
        finally:
            compare.stop([process for process, _ in behind])
        version = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
        subprocess.run([profdata, "merge", "--sparse", "-o", folder / "merged", *raw.glob("*.profraw")], check=True)
        for old in HERE.glob("*.profdata"):
            old.unlink()
        made = HERE / f"rustc-{version}.profdata"
        shutil.copyfile(folder / "merged", made)
        print(f"{made.relative_to(gateways.ROOT)}: {made.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
