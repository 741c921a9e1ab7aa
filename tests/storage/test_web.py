"""Pages of the web, from servers that do no more than they must."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from dynres_cli.errors import ImageError, RunError, UsageError
from dynres_cli.facts import FileLimits
from dynres_cli.opening import read_source
from dynres_cli.operations.inspecting import NotInspected
from dynres_cli.ranges import read_range
from dynres_cli.report.inspection import failed_fields
from dynres_cli.source import Selection, listing
from dynres_cli.storage import stores
from dynres_cli.urls import discreet
from tests.cli.command import dynres
from tests.storage.stores import has

pytestmark = pytest.mark.skipif(not has("fsspec", "aiohttp"), reason="needs fsspec[http]: pip install -e '.[http]'")


def archive(**members: bytes) -> bytes:
    """A plain tar."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(f"{name}.jpg")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


PAGES = {
    "/all.tar": archive(a=b"first", b=b"the second"),
    "/plain.jpg": b"plain",
    "/plain.tar": b"no tar",
    "/unsized.jpg": b"no size is told",
    "/none.jpg": b"",
    "/silent.jpg": b"at last",
    "/folder/": b'<html><a href="one.jpg">one</a> <a href="two.png">two</a></html>',
    "/folder/one.jpg": b"1",
    "/folder/two.png": b"22",
}


class Plain(BaseHTTPRequestHandler):
    """Knows neither HEAD nor ranges; it tells the size of what it sends, or not even that."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/silent.jpg":
            time.sleep(5)  # far longer than the client waits, on the busiest machine
        if path == "/private.jpg":
            self.send_error(403)
        elif path not in PAGES:
            self.send_error(404)
        else:
            data = PAGES[path]
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if path.endswith("/") else "application/octet-stream")
            if path != "/unsized.jpg":
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
        """Say nothing."""


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    """The address of such a server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Plain) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def read_at(url: str) -> dict[str, bytes]:
    """Every picture that an input holds."""
    return {item.key: read_source(item.path, FileLimits()).data for item in listing(Selection((url,)))}


def test_a_part_is_a_part_also_where_the_server_sends_the_whole(web: str) -> None:
    """Else every member of an archive would be its beginning."""
    assert read_at(f"{web}/all.tar?signed=1") == {"a.jpg": b"first", "b.jpg": b"the second"}
    assert read_range(f"{web}/plain.jpg", 3, 9) == b"in"
    assert read_range(f"{web}/plain.jpg", 9, 9) == b""


def test_a_size_that_is_not_told_is_found_by_reading(web: str) -> None:
    """It is not the same as a page without bytes, and what is too large is still refused."""
    (item,) = listing(Selection((f"{web}/unsized.jpg",)))
    assert read_source(item.path, FileLimits()).data == b"no size is told"
    with pytest.raises(ImageError) as refused:
        read_source(item.path, FileLimits(max_bytes=4))
    assert refused.value.code == "too_large_file"
    (empty,) = listing(Selection((f"{web}/none.jpg",)))
    with pytest.raises(ImageError) as refused:
        read_source(empty.path, FileLimits())
    assert refused.value.code == "empty"


def test_a_server_that_falls_silent_is_not_waited_for(web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No longer than DYNRES_NETWORK_TIMEOUT says, as with any store."""
    monkeypatch.setenv("DYNRES_NETWORK_TIMEOUT", "0.1")
    monkeypatch.setenv("DYNRES_RETRIES", "0")
    monkeypatch.setattr(stores, "_OPEN", {})
    with pytest.raises(RunError, match="given up after 1 tries"):
        listing(Selection((f"{web}/silent.jpg",)))


def test_a_page_of_links_is_a_folder(web: str) -> None:
    """Servers list folders as pages, without any size."""
    assert read_at(f"{web}/folder/") == {"one.jpg": b"1", "two.png": b"22"}


def test_what_may_not_be_seen_is_not_called_missing(web: str) -> None:
    """Who has no access looks for another remedy than who mistyped an address."""
    with pytest.raises(RunError, match="the store refuses; check the credentials"):
        listing(Selection((f"{web}/private.jpg",)))
    with pytest.raises(UsageError, match="does not exist"):
        listing(Selection((f"{web}/nothing.jpg",)))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("no 'https://ann:pw@host/a.jpg?id=7': gone", "no 'https://***@host/a.jpg?id=7': gone"),
        ("https://TOKEN@host/a@b.jpg", "https://***@host/a@b.jpg"),
        (
            "https://b.host/a?X-Amz-Date=1&X-Amz-Signature=5e&X-Amz-Credential=AK%2F1&id=2 is",
            "https://b.host/a?X-Amz-Date=1&X-Amz-Signature=***&X-Amz-Credential=***&id=2 is",
        ),
        ("https://host/a?sv=1&sig=ab%3D#x", "https://host/a?sv=1&sig=***#x"),
        ("s3://bucket/who@home?key.jpg", "s3://bucket/who@home?key.jpg"),
        ("mail@host?token=1", "mail@host?token=1"),
    ],
)
def test_no_secret_is_seen_in_an_address(text: str, seen: str) -> None:
    """What tells one page from another is kept."""
    assert discreet(text) == seen


def test_what_is_in_an_address_is_told_to_nobody(web: str, tmp_path: Path) -> None:
    """Neither where a page is missing, nor where it is a picture or an archive, nor in the log."""
    signed = web.replace("://", "://ann:hunter2@") + "{}?X-Amz-Signature=5EC4E7"
    out = tmp_path / "out"
    missing = dynres(
        "tile", signed.format("/nothing.jpg"), out, "-j", "1", "--log", tmp_path / "log", DYNRES_RETRIES="0"
    )
    made = failed_fields(NotInspected(signed.format("/plain.jpg"), "decode", "unidentified", "no picture"))
    told = missing.err + str(made) + (tmp_path / "log").read_text()
    assert "127.0.0.1" in told
    assert missing.status == 2
    assert not any(secret in told for secret in ("hunter2", "5EC4E7"))
    broken = listing(Selection((signed.format("/plain.tar"),)))
    assert list(broken) == []
    assert [failed.key for failed in broken.failures] == ["plain.tar"]
