"""The servers that the scale benchmark starts for itself: an S3 server on loopback, and a Ray cluster of two nodes.

Run as a script it is the cluster: it prints the address, and ends when its standard input does.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from measure import environment

PATIENCE = 120.0
NODE = {"num_cpus": 1, "object_store_memory": 80 << 20}


class NotThere(Exception):  # noqa: N818 - read as a sentence
    """Something that rows need is not installed, or not part of this version."""


@dataclass(frozen=True, slots=True)
class Server:
    """A process that serves, what its clients have to know, and the file that it logs to."""

    pid: int
    address: str
    log: Path

    @property
    def settings(self) -> dict[str, str]:
        """The environment in which every S3 client finds this server."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def requests(self) -> Counter[str]:
        """How many requests of each kind have been answered so far: the server logs a line for each."""
        # Whatever was not answered by 200, a part of an object for one, is logged in colour.
        asked = re.findall(r'"(?:\x1b\[[0-9;]*m)*([A-Z]+) (\S+) HTTP/1', self.log.read_text("utf-8", "replace"))
        return Counter("LIST" if method == "GET" and "list-type=2" in path else method for method, path in asked)


@contextmanager
def s3(folder: Path) -> Iterator[Server]:
    """A moto server with an empty bucket named `bucket`."""
    port = _free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    log = folder / "s3.log"
    with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file) as process:
        server = Server(process.pid, f"http://127.0.0.1:{port}", log)
        try:
            _until_answered(server.address, process)
            put = urllib.request.Request(f"{server.address}/bucket", method="PUT")
            urllib.request.urlopen(put, timeout=PATIENCE).close()
            yield server
        finally:
            process.kill()


@contextmanager
def ray_cluster(folder: Path, extra: dict[str, str]) -> Iterator[Server]:
    """A Ray cluster of two nodes with a processor each, whose workers have these settings."""
    log = folder / "ray.log"
    command = [sys.executable, __file__]
    with (
        log.open("wb") as file,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, env=environment(extra)
        ) as process,
    ):
        address = process.stdout.readline().decode().strip() if process.stdout else ""
        if not address:
            msg = f"Ray cannot be started: {log.read_text('utf-8', 'replace')[-300:]}"
            raise NotThere(msg)
        yield Server(process.pid, address, log)
        if process.stdin:
            process.stdin.close()
        process.wait(PATIENCE)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_answered(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
        else:
            return
    msg = "the S3 server does not answer; install moto[server]"
    raise NotThere(msg)


def serve_cluster() -> None:
    """Be the cluster until standard input ends."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    cluster.add_node(**NODE)
    print(cluster.address, flush=True)
    sys.stdin.read()
    cluster.shutdown()


if __name__ == "__main__":
    serve_cluster()
