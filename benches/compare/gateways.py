"""How each gateway is told to do the same work: one worker, kept connections to the upstream, forwarding fields, access log on.

A driver takes the folder it may write to, the port to listen on and the upstream's port; it returns the command and its environment.
"""
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(os.environ.get("PEERS", "/nonexistent"))
DEAD = 29199  # nobody listens there


def find(name):
    """The program: from the folder $PEERS, else from PATH and where Debian keeps daemons."""
    own = PEERS / name
    return str(own) if own.exists() else shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")


def goodgate_binary():
    built = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "goodgate"
    return os.environ.get("GOODGATE") or (str(built) if built.exists() else None)


def environment(name):
    libraries = PEERS / f"{name}-lib"
    return {"LD_LIBRARY_PATH": str(libraries)} if libraries.exists() else {}


def nginx_paths(folder, prefix):
    return " ".join(f"{kind}_temp_path {folder}/{prefix}-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))


def goodgate(folder, port, upstream):
    config = folder / "goodgate.toml"
    config.write_text(f"""[gateway]
workers = 1
[[listen]]
address = "127.0.0.1:{port}"
[log]
level = "error"
access = {{ path = "{folder}/goodgate.log", format = "combined" }}
[[route]]
upstream = "app"
[[route]]
path = "/dead"
upstream = "dead"
[upstream.app]
servers = ["http://127.0.0.1:{upstream}"]
[upstream.dead]
servers = ["http://127.0.0.1:{DEAD}"]
""")
    return [goodgate_binary(), "run", str(config)], {}


def nginx(folder, port, upstream):
    config = folder / "nginx.conf"
    config.write_text(f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err crit;
events {{ worker_connections 9000; }}
http {{
  access_log {folder}/nginx.log combined buffer=64k flush=1s; keepalive_requests 1000000000; sendfile on; tcp_nopush on;
  client_body_buffer_size 64k;
  {nginx_paths(folder, "front")}
  upstream app {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000000; }}
  upstream dead {{ server 127.0.0.1:{DEAD} max_fails=0; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;
    location / {{ proxy_pass http://app; }}
    location /dead {{ proxy_pass http://dead; }}
  }}
}}
""")
    return [find("nginx"), "-p", str(folder), "-e", f"{folder}/nginx.err", "-c", str(config)], environment("nginx")


def haproxy(folder, port, upstream):
    config = folder / "haproxy.cfg"
    config.write_text(f"""global
  nbthread 1
  maxconn 8000
  log stdout format raw daemon info
defaults
  mode http
  log global
  option httplog
  option forwardfor
  http-reuse always
  timeout connect 1s
  timeout client 60s
  timeout server 60s
frontend front
  bind 127.0.0.1:{port} backlog 4096
  http-request set-header X-Forwarded-Proto http
  use_backend dead if {{ path_beg /dead }}
  default_backend app
backend app
  server a 127.0.0.1:{upstream}
backend dead
  retries 0
  server a 127.0.0.1:{DEAD}
""")
    return [find("haproxy"), "-db", "-f", str(config)], environment("haproxy")


GATEWAYS = {"goodgate": goodgate, "nginx": nginx, "haproxy": haproxy}


def version(name):
    """As the program itself says it, e.g. `nginx 1.22.1`."""
    command = {"goodgate": [goodgate_binary(), "--version"], "nginx": [find("nginx"), "-v"], "haproxy": [find("haproxy"), "-v"]}[name]
    run = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment(name)})
    words = (run.stdout + run.stderr).split("\n")[0].replace("/", " ").split()
    return f"{name} {next(word for word in words if word[0].isdigit())}"
