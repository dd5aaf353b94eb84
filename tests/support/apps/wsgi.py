"""A small WSGI application, and Gunicorn's configuration for it, behind the gateway under test.

What it sees it says on standard output, line by line.
"""

import os
import queue
import threading
import weakref

_numbers = weakref.WeakKeyDictionary()
_events = queue.Queue()


def say(line):
    os.write(1, (line + "\n").encode())


def when_ready(server):
    """Called by Gunicorn when its socket listens."""
    say("LISTENING")


def pattern(length):
    """The bytes that both sides of the tests agree on: lines of eight digits."""
    line = 0
    while length > 0:
        piece = b"".join(b"%08x\n" % number for number in range(line, line + 4096))[:length]
        line += 4096
        length -= len(piece)
        yield piece


def events():
    yield b"data: 0\n\n"
    # The next event is sent because the one before it has arrived.
    while (event := _events.get()) is not None:
        yield b"data: %s\n\n" % event.encode()


def echo(body):
    while piece := body.read(16384):
        yield piece


def application(environ, start_response):
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    say(f"REQUEST {environ['REQUEST_METHOD']} {path} {os.getpid()}")
    connection = environ["gunicorn.socket"]
    number = _numbers.setdefault(connection, len(_numbers) + 1)
    headers = [("X-Connection", f"{os.getpid()}-{number}"), ("Content-Type", "text/plain")]
    arguments = dict(pair.partition("=")[::2] for pair in query.split("&"))
    length = int(arguments.get("length", 0))
    if path == "/events":
        headers[1] = ("Content-Type", "text/event-stream")
        body = events()
    elif path == "/next":
        _events.put(None if "end" in arguments else arguments["event"])
        body = [b""]
        headers.append(("Content-Length", "0"))
    elif path == "/echo":
        body = echo(environ["wsgi.input"])
    elif path == "/download":
        body = pattern(length)
        if "announce" in arguments:
            headers.append(("Content-Length", str(length)))
    elif path == "/hang":
        threading.Event().wait()
    else:
        body = [b"ok"]
        headers.append(("Content-Length", "2"))
    start_response("200 OK", headers)
    return body
