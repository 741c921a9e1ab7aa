"""Pages of the web: their servers need not know parts of a file, its size, or HEAD."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from dynres_cli.storage.retrying import persistent
from dynres_cli.storage.stores import Entry, Store, entry_of

Told = TypeVar("Told")

PLAIN = {"Accept-Encoding": "identity"}
"""What is packed on the way has another size, and other parts."""
_PART, _BEYOND = 206, 416
_GONE, _REFUSED = (404, 410), (401, 403, 407)


class Web(Store):
    """Servers of http:// and https://."""

    end_of_folder = "/"

    def head(self, path: str) -> Entry | None:
        try:
            return self._asked(partial(self._head, path))
        except FileNotFoundError:
            return None

    def read(self, path: str, start: int, length: int) -> bytes:
        return self._asked(partial(self._read, path, start, length))

    def _asked(self, question: Callable[[], Awaitable[Told]]) -> Told:
        from fsspec.asyn import sync  # noqa: PLC0415 - an extra

        answer: Told = persistent(partial(sync, self.files.loop, question))
        return answer

    async def _head(self, path: str) -> Entry:
        session = await self.files.set_session()
        async with session.head(self.files.encode_url(path), allow_redirects=True, headers=PLAIN) as answer:
            if answer.ok and "Content-Length" in answer.headers:
                return _entry(path, answer.headers)
        # An address may be signed for GET alone; of the answer only the head is read.
        async with session.get(self.files.encode_url(path), headers=PLAIN) as answer:
            _check(answer, path)
            return _entry(path, answer.headers)

    async def _read(self, path: str, start: int, length: int) -> bytes:
        """Bytes from `start` on; where the server sends the whole whatever it is asked for, the others are dropped."""
        session = await self.files.set_session()
        asked = {**PLAIN, "Range": f"bytes={start}-{start + length - 1}"}
        async with session.get(self.files.encode_url(path), headers=asked) as answer:
            if answer.status == _BEYOND:
                return b""
            _check(answer, path)
            before = 0 if answer.status == _PART else start
            return (await _beginning(answer.content, before + length))[before:]


async def _beginning(content: Any, length: int) -> bytes:  # noqa: ANN401 - aiohttp is an extra
    """Up to so many bytes; what follows is left where it is."""
    pieces: list[bytes] = []
    while length and (piece := await content.read(length)):
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _check(answer: Any, path: str) -> None:  # noqa: ANN401 - aiohttp is an extra
    """Raise what a disk would raise where there is nothing, or nothing for us."""
    if answer.status in _GONE:
        raise FileNotFoundError(path)
    if answer.status in _REFUSED:
        raise PermissionError(path)
    answer.raise_for_status()


def _entry(path: str, headers: Mapping[str, str]) -> Entry:
    """What a page's head tells; a size of 0 where it tells none, or that of what was packed on the way."""
    is_plain = headers.get("Content-Encoding", "identity") == "identity"
    size = headers.get("Content-Length", "") if is_plain else ""
    return entry_of({**headers, "name": path, "size": int(size) if size.isdigit() else 0})
