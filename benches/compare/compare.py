#!/usr/bin/env python3
"""CPU time per request and memory of goodgate, nginx and HAProxy, side by side in one run.

    cargo build --release
    benches/compare/compare.py --install            installs nginx, haproxy, wrk and gcc with apt, then measures
    benches/compare/compare.py -w get,dead -r 3     some workloads, three rounds
    benches/compare/compare.py --idle 3000          memory of an idle kept connection
    benches/compare/compare.py --readme             all of it, and the table into the README

GOODGATE names another binary than target/release/goodgate; PEERS a folder with other builds of nginx and haproxy (and haproxy-lib).

Each gateway has one worker on core 0 and its access log on; load and upstream share core 1. A figure is user and system time of the
gateway's processes over the requests that the load counted, so other users of the machine disturb it less than they disturb a
throughput. Two processes of one program were seen to differ by 5 % and more; so every round has processes of its own, checked and
warmed up before they are measured, and goes A B C or C B A. Medians are shown, and ratios paired by round.
"""
import argparse
import contextlib
import hashlib
import http.client
import os
import platform
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import gateways
from gateways import GATEWAYS, ROOT, find

HERE = Path(__file__).resolve().parent
APP, SINK, FIRST = 29100, 29101, 29201
BODY = b"hello from the application: a small body of about one hundred bytes, like the answer of an API.....\n"
UPLOAD = 16 << 10
TICKS = os.sysconf("SC_CLK_TCK")
OPEN, CLOSE = "<!-- compare -->\n", "<!-- /compare -->"
# name: what it is, path, further settings
WORK = {
    "get": ("small GET, 64 kept connections", "/", {}),
    "16k": ("16 KiB body", "/16k.bin", {}),
    "1m": ("1 MiB body", "/1m.bin", {}),
    "dead": ("the upstream refuses connections, error page included", "/dead", {"status": (502, 503)}),
    "newconn": ("small GET, a new connection for each request", "/", {"close": True}),
    "post": ("16 KiB POST, the upstream reads all of it", "/upload", {"post": True}),
    "many": ("small GET, 2,000 kept connections taking turns, 100 busy at a time", "/", {"walk": True}),
}


def start(command, core, output, extra=None):
    return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **(extra or {})},
                            preexec_fn=lambda: os.sched_setaffinity(0, {core}))


def wait(place, process):
    """Until the process listens on its port, or on the path of its socket."""
    family, address = (socket.AF_UNIX, str(place)) if isinstance(place, Path) else (socket.AF_INET, ("127.0.0.1", place))
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode} before it listened")
        with socket.socket(family) as client, contextlib.suppress(OSError):
            client.settimeout(1)
            client.connect(address)
            return
        time.sleep(.05)
    raise RuntimeError(f"{process.args[0]} never listened on {place}")


def stop(processes):
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            for pid in reversed(tree(process.pid)):
                os.kill(pid, signal.SIGKILL)
            process.wait()


def tree(pid):
    """The process and all below it."""
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
        children = [int(child) for task in tasks for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split()]
    except FileNotFoundError:
        return []
    return [pid] + [below for child in children for below in tree(child)]


def cpu(pid):
    """Seconds of user and system time."""
    stats = [Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split() for one in tree(pid)]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / TICKS


def rss(pid):
    """Resident bytes."""
    status = [Path(f"/proc/{one}/status").read_text() for one in tree(pid)]
    return sum(int(re.search(r"VmRSS:\s+(\d+)", text)[1]) for text in status) * 1024


def upstreams(folder, output):
    (folder / "www").mkdir()
    for name, size in (("16k.bin", 16 << 10), ("1m.bin", 1 << 20)):
        (folder / "www" / name).write_bytes(os.urandom(size))
    (folder / "app.conf").write_text(f"""daemon off; worker_processes 1; pid {folder}/app.pid; error_log {folder}/app.err crit;
events {{ worker_connections 9000; }}
http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 600; {gateways.nginx_paths(folder, "app")}
  server {{ listen 127.0.0.1:{APP} backlog=4096; root {folder}/www;
    location = / {{ default_type text/plain; return 200 "{BODY.decode().rstrip()}\\n"; }} }} }}
""")
    app = start([find("nginx"), "-e", f"{folder}/app.err", "-c", f"{folder}/app.conf"], 1, output, gateways.environment("nginx"))
    sink = start([f"{folder}/sink", str(SINK)], 1, output)
    return [(app, APP), (sink, SINK)]


def check(folder, port, work):
    """One request; what is wrong with its answer, or nothing."""
    _, path, extra = WORK[work]
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    client.request("POST" if "post" in extra else "GET", path, b"x" * UPLOAD if "post" in extra else None)
    answer = client.getresponse()
    got = answer.read()
    client.close()
    file = folder / "www" / path[1:]
    wanted = file.read_bytes() if file.is_file() else {"/": BODY, "/upload": b"received %d bytes\n" % UPLOAD}.get(path, got)
    if answer.status not in extra.get("status", (200,)):
        return f"status {answer.status}"
    same = hashlib.sha256(got).digest() == hashlib.sha256(wanted).digest()
    return "" if same else f"{len(got)} bytes that are not the {len(wanted)} expected"


def load(folder, port, work, seconds):
    """Requests that were answered, and those that failed."""
    _, path, extra = WORK[work]
    if "walk" in extra:
        command, good, bad = [f"{folder}/walk", port, 2000, 100, seconds], r"good (\d+)", [r"failed (\d+)"]
    else:
        command, good = ["wrk", "-t1", "-c64", f"-d{seconds}s"], r"(\d+) requests in"
        bad = [r"connect (\d+)", r"read (\d+)", r"write (\d+)", r"timeout (\d+)"] + ([] if "status" in extra else [r"Non-2xx.*: (\d+)"])
        if "close" in extra:
            command += ["-H", "Connection: close"]
        if "post" in extra:
            (folder / "post.lua").write_text(f'wrk.method = "POST" wrk.body = string.rep("x", {UPLOAD})')
            command += ["-s", folder / "post.lua"]
        command.append(f"http://127.0.0.1:{port}{path}")
    text = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True,
                          preexec_fn=lambda: os.sched_setaffinity(0, {1})).stdout
    found = lambda pattern: int((re.search(pattern, text) or [0, 0])[1])
    return found(good), sum(found(pattern) for pattern in bad)


def measure(folder, port, process, work, seconds):
    memory = []
    timer = threading.Timer(seconds * .8, lambda: memory.append(rss(process.pid)))
    before = cpu(process.pid)
    timer.start()
    good, bad = load(folder, port, work, seconds)
    timer.join()
    if not good:
        raise RuntimeError(f"{work}: {process.args[0]} answered nothing")
    return {"us": (cpu(process.pid) - before) * 1e6 / good, "rss": memory[0], "bad": bad}


def idle(port, process, count):
    """Bytes of memory for each of `count` kept connections that had one request and are silent since."""
    before, sockets = rss(process.pid), []
    for _ in range(count):
        one = socket.create_connection(("127.0.0.1", port), 5)
        one.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html\r\n\r\n")
        got = b""
        while not got.endswith(BODY):
            part = one.recv(4096)
            if not part:
                raise RuntimeError(f"{process.args[0]} closed an idle connection")
            got += part
        sockets.append(one)
    time.sleep(4)
    grown = (rss(process.pid) - before) / count
    for one in sockets:
        one.close()
    return grown


def side_by_side(folder, work, output, act):
    """Starts every gateway for a workload, checks it, and hands all of them to `act`."""
    running = {}
    try:
        for number, (name, driver) in enumerate(GATEWAYS.items()):
            port = FIRST + number
            command, extra = driver(folder, port, SINK if work == "post" else APP)
            running[name] = (port, start(command, 0, output, extra))
            wait(*running[name])
            if wrong := check(folder, port, work):
                raise RuntimeError(f"{work}: the answer of {name} is not right: {wrong}")
        return act(running)
    finally:
        stop([process for _, process in running.values()])


def measured_once(folder, work, options, running, backwards):
    """What each gateway costs, in one round."""
    order = reversed(running.items()) if backwards else running.items()
    for port, _ in running.values():
        load(folder, port, work, 1)
    return {name: measure(folder, port, process, work, options.seconds) for name, (port, process) in order}


def rounds(folder, work, options, output):
    """Medians of every gateway, and its ratios to goodgate's, which are paired by round."""
    results = [side_by_side(folder, work, output, lambda running: measured_once(folder, work, options, running, number % 2))
               for number in range(options.rounds)]
    row = {}
    for name in GATEWAYS:
        own = [result[name] for result in results]
        ratio = statistics.median(result["goodgate"]["us"] / max(result[name]["us"], 1e-9) for result in results)
        row[name] = {key: statistics.median(one[key] for one in own) for key in ("us", "rss")} | {"ratio": ratio}
        bad = sum(one["bad"] for one in own)
        print(f"{work:8} {name:9} {row[name]['us']:8.1f} us  goodgate is {ratio:5.2f} of it  {row[name]['rss'] / 2**20:6.1f} MiB  failed {bad}", flush=True)
    return row


def table(rows, connections, options):
    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    versions = ", ".join(gateways.version(name) for name in GATEWAYS)
    lines = [f"{versions}; {processor}, Linux {platform.release()}; medians of {options.rounds} rounds of {options.seconds} s.", "",
             "| work | goodgate | nginx | HAProxy | × nginx | × HAProxy | MiB: goodgate, nginx, HAProxy |", "|---|---|---|---|---|---|---|"]
    for work, row in rows.items():
        cells = [f"{row[name]['us']:.1f} µs" for name in GATEWAYS] + [f"{row[name]['ratio']:.2f}" for name in ("nginx", "haproxy")]
        memory = ", ".join(f"{row[name]['rss'] / 2**20:.0f}" for name in GATEWAYS)
        lines.append(f"| {WORK[work][0]} | " + " | ".join(cells) + f" | {memory} |")
    ratios = [f"{connections['goodgate'] / max(connections[name], 1):.2f}" for name in ("nginx", "haproxy")]
    cells = [f"{connections[name]:.0f} B" for name in GATEWAYS] + ratios
    return "\n".join(lines + [f"| memory of an idle kept connection, of {options.idle:,} | " + " | ".join(cells) + " | |"]) + "\n"


def write_readme(text):
    file = ROOT / "README.md"
    before, rest = file.read_text().split(OPEN)
    file.write_text(before + OPEN + text + CLOSE + rest.split(CLOSE)[1])


def prepare(install, folder):
    """Programs and limits; says what is missing and what to do about it."""
    if install:
        root = [] if os.geteuid() == 0 else ["sudo"]
        subprocess.run([*root, "apt-get", "update", "-qq"], check=True)
        subprocess.run([*root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "nginx", "haproxy", "wrk", "gcc", "libc6-dev"], check=True)
    missing = [name for name in ("nginx", "haproxy") if not find(name)] + [name for name in ("wrk", "gcc") if not shutil.which(name)]
    if missing:
        sys.exit(f"{', '.join(missing)} not found: --install installs them with apt, or name a folder with nginx and haproxy in PEERS")
    if not gateways.goodgate_binary():
        sys.exit("there is no release build of goodgate: run `cargo build --release`, or name a binary in GOODGATE")
    if not {0, 1} <= os.sched_getaffinity(0):
        sys.exit("cores 0 and 1 are needed: one for the gateway, one for load and upstream")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # Workers of an nginx that root starts run as another user.
    folder.chmod(0o755)
    for name in ("sink", "walk"):
        subprocess.run(["gcc", "-O2", "-o", folder / name, HERE / f"{name}.c"], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-w", "--work", default=",".join(WORK), help="workloads: " + "; ".join(f"{name}: {work[0]}" for name, work in WORK.items()))
    parser.add_argument("-r", "--rounds", type=int, default=5)
    parser.add_argument("-s", "--seconds", type=int, default=3, help="of each measurement")
    parser.add_argument("--idle", type=int, metavar="N", help="measure N idle connections instead of the workloads")
    parser.add_argument("--readme", action="store_true", help="measure everything and write the table into README.md")
    parser.add_argument("--install", action="store_true", help="install what is missing with apt first")
    options = parser.parse_args()
    works = list(WORK) if options.readme else [] if options.idle else options.work.split(",")
    if unknown := set(works) - set(WORK):
        parser.error(f"no such work: {', '.join(unknown)}")
    if options.readme and not options.idle:
        options.idle = 3000
    with tempfile.TemporaryDirectory(prefix="compare-") as name, open(os.path.join(name, "output"), "wb") as output:
        folder, behind = Path(name), []
        prepare(options.install, folder)
        try:
            behind = upstreams(folder, output)
            for process, port in behind:
                wait(port, process)
            rows = {work: rounds(folder, work, options, output) for work in works}
            if options.idle:
                count = lambda running: {name: idle(port, process, options.idle) for name, (port, process) in running.items()}
                connections = side_by_side(folder, "get", output, count)
                for name, size in connections.items():
                    print(f"idle     {name:9} {size:8.0f} B a connection, of {options.idle}", flush=True)
            if options.readme:
                write_readme(table(rows, connections, options))
        except RuntimeError as error:
            sys.exit(f"{error}\n{(folder / 'output').read_text(errors='replace')[-800:]}")
        finally:
            stop([process for process, _ in behind])


if __name__ == "__main__":
    main()
