"""An object store of the tests' own: a real server process on loopback, and before it a proxy that counts and fails."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Literal

Fault = Literal["503", "drop", "slow", "half"]

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}


@dataclass(slots=True)
class Traffic:
    """What went through: requests by kind, and bytes of their bodies."""

    requests: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    received: int = 0
    paths: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """Which requests go wrong, and how: asked about each one, told how often this one has been seen."""

    fault: Callable[[str, str, int], Fault | None] = lambda _method, _path, _time: None
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    lock: Any = field(default_factory=Lock)

    def of(self, method: str, path: str) -> Fault | None:
        with self.lock:
            self.seen[method, path] += 1
            return self.fault(method, path, self.seen[method, path])


class Proxy(ThreadingHTTPServer):
    """Passes requests on to a server, except those that are to fail."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind = port
        self.plan = Plan()
        self.traffic = Traffic()
        self.lock = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client was killed."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Proxy

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
        """Say nothing."""

    def _serve(self) -> None:
        body = self._body()
        fault = self.server.plan.of(self.command, self.path)
        self._count(len(body))
        if fault == "503":
            self._answer(503, {"Content-Type": "application/xml"}, SLOW_DOWN)
            return
        if fault == "slow":
            time.sleep(3)
        if fault == "drop":
            self._hang_up()
            return
        try:
            connection = HTTPConnection("127.0.0.1", self.server.behind, timeout=60)
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            data = answer.read()
        except OSError:
            self._hang_up()
            return
        self._answer(answer.status, dict(answer.getheaders()), data, half=fault == "half")

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _serve  # noqa: N815 - http.server looks for these names

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Expect", "").lower() == "100-continue":
            del self.headers["Expect"]
        return self.rfile.read(length)

    def _count(self, sent: int) -> None:
        is_listing = self.command == "GET" and "list-type=2" in self.path
        with self.server.lock:
            traffic = self.server.traffic
            traffic.requests["LIST" if is_listing else self.command] += 1
            traffic.paths.append((self.command, self.path))
            traffic.sent += sent

    def _answer(self, status: int, headers: dict[str, str], data: bytes, *, half: bool = False) -> None:
        with suppress(OSError):
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            length = headers.get("Content-Length") or headers.get("content-length")
            self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data[: len(data) // 2] if half else data)
            with self.server.lock:
                self.server.traffic.received += len(data)
        if half:
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


class Server:
    """One moto server, which can be killed and started anew; what it holds dies with it."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Store:
    """The store as a test sees it: what is in it, what happened to it, and how a command finds it."""

    def __init__(self, server: Server, proxy: Proxy) -> None:
        self.server, self.proxy = server, proxy

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.proxy.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "DYNRES_RETRIES": "2",
        }

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """One request past the proxy and past all libraries."""
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        key = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request"}
        connection.request(method, path, body, key)
        answer = connection.getresponse()
        data = answer.read()
        assert answer.status < 300, (method, path, answer.status, data)
        return data

    def bucket(self, name: str) -> str:
        """A bucket of this name, made where it is missing."""
        self.request("PUT", f"/{name}")
        return name

    def put(self, path: str, data: bytes) -> None:
        self.request("PUT", "/" + path, data)

    def upload(self, folder: Path, place: str) -> None:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            self.put(f"{place}/{path.relative_to(folder).as_posix()}", path.read_bytes())

    def names(self, bucket: str, prefix: str) -> list[str]:
        """Every key below a prefix, as the server lists them."""
        import re  # noqa: PLC0415

        text = self.request("GET", f"/{bucket}?list-type=2&prefix={prefix}/").decode()
        return re.findall("<Key>(.*?)</Key>", text)

    def tree(self, bucket: str, prefix: str) -> dict[str, bytes]:
        """Every object below a prefix by its path, save the run's own."""
        names = {name: name[len(prefix) + 1 :] for name in self.names(bucket, prefix)}
        return {
            short: self.request("GET", f"/{bucket}/{name}")
            for name, short in names.items()
            if not short.startswith(".dynres")
        }

    def counted(self) -> Traffic:
        """What went through since the last call."""
        with self.proxy.lock:
            traffic, self.proxy.traffic = self.proxy.traffic, Traffic()
        return traffic

    def fails(self, fault: Callable[[str, str, int], Fault | None]) -> None:
        self.proxy.plan = Plan(fault)

    def works(self) -> None:
        self.proxy.plan = Plan()


@contextmanager
def running(folder: Path) -> Iterator[Store]:
    """A server and its proxy, for as long as the block lasts."""
    server = Server(folder / "server.log")
    server.start()
    proxy = Proxy(server.port)
    thread = Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield Store(server, proxy)
    finally:
        proxy.shutdown()
        proxy.server_close()
        server.kill()


def has(*modules: str) -> bool:
    """Whether packages are installed."""
    from importlib.util import find_spec  # noqa: PLC0415

    return all(find_spec(module) is not None for module in modules)


MISSING = "needs a server to talk to: pip install -e '.[test-s3]'"
