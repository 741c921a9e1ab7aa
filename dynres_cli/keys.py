"""An input's place below the output folder: how keys are ordered, made safe, dealt to shards and summed up."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dynres_cli.errors import UsageError
from dynres_cli.names import MANIFEST, REPORT, STATE, VOLUME

RESERVED = (MANIFEST, REPORT)
"""Names that dynres itself writes at the top of an output, beside a manifest's volumes and `.dynres*`."""

LONGEST_NAME = 255
"""Bytes that every usual file system allows for one name."""

_SUFFIX = re.compile(r"~[0-9a-f]{8}\Z")
_DRIVE = re.compile(r"[A-Za-z]:(\\.*)?", re.DOTALL)
"""A first part that Windows takes for a drive: no reader of a manifest follows such a path, on any system."""
_NO_DRIVE = re.compile(r"[A-Za-z](\\.*)?", re.DOTALL)
"""What becomes of one, before its digits."""


def to_bytes(key: str) -> bytes:
    """The exact bytes of a key; those that are not UTF-8 travel as surrogate escapes."""
    return key.encode("utf-8", "surrogateescape")


def key_digest(text: str) -> int:
    """Eight bytes that stand for a key, or a key with its place, in tables of millions."""
    return int.from_bytes(hashlib.blake2b(to_bytes(text), digest_size=8).digest(), "big")


def folded(text: str) -> str:
    """What a file system that ignores case and Unicode form makes of a name, or something stricter."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def in_byte_order(names: list[str]) -> list[str]:
    """The names sorted by their bytes; code points give the same order for ASCII at no cost."""
    return sorted(names) if all(map(str.isascii, names)) else sorted(names, key=to_bytes)


def is_reserved(first_part: str, *, fold: bool = False) -> bool:
    """Whether a key may not begin with this part, because dynres writes there itself or readers would refuse it.

    A name that looks like our own answer to a reserved one (`manifest.json~0123abcd`) is reserved too: otherwise
    somebody could choose the name that another key is going to be given.
    """
    given = name = folded(first_part) if fold else first_part
    while _SUFFIX.search(name):
        name = name[:-9]
    is_ours = name in RESERVED or name.startswith(STATE) or VOLUME.fullmatch(name) is not None
    is_drive = _DRIVE.fullmatch(given) or (given != name and _NO_DRIVE.fullmatch(name))
    return is_ours or bool(is_drive)


def key_for(source: str, *, fold: bool = False) -> str:
    """The key for an input known as `source`: the same, or with `~` and 8 hex digits where that would not be safe.

    `fold` says that the output ignores case or Unicode form. The digits come from the bytes of the whole name, so a
    key never depends on what else is tiled.
    """
    first, slash, rest = source.partition("/")
    if is_reserved(first, fold=fold):
        name = first[0] + first[2:] if _DRIVE.fullmatch(first) else first
        return _marked(name, source) + slash + rest
    if fold and (_SUFFIX.search(source) or folded(source) != source):
        parent, slash, name = source.rpartition("/")
        return parent + slash + _marked(name, source)
    return source


def _marked(name: str, source: str) -> str:
    """The name with its suffix, shortened where a file system would not take it."""
    suffix = "~" + hashlib.sha256(to_bytes(source)).hexdigest()[:8]
    raw = to_bytes(name)
    if len(raw) + len(suffix) <= LONGEST_NAME:
        return name + suffix
    # The cut must not leave half a character behind: it would no longer be UTF-8.
    return raw[: LONGEST_NAME - len(suffix)].decode("utf-8", "ignore") + suffix


def check_distinct(named: Iterable[tuple[str, str]]) -> None:
    """Refuse inputs of which two have one key, or one key is the parent of another.

    `named` gives each key with the input's name as the user wrote it; the error names both.
    """
    owners: dict[str, str] = {}
    for key, name in named:
        if key in owners and os.path.normpath(owners[key]) == os.path.normpath(name):
            msg = f"{_shown(name)} is given twice; each picture has one place in the output, so name it once"
            raise UsageError(msg)
        if key in owners:
            msg = (
                f"{_shown(owners[key])} and {_shown(name)} would share the place {_shown(key)} in the output; {_ADVICE}"
            )
            raise UsageError(msg)
        owners[key] = name
    for key, name in owners.items():
        for parent in parents(key):
            if parent in owners:
                msg = (
                    f"{_shown(owners[parent])} would be at {_shown(parent)} in the output, but {_shown(name)} needs a "
                    f"folder there; {_ADVICE}"
                )
                raise UsageError(msg)


_ADVICE = "tile them in two runs, or give the folder above both as the only input"


def _shown(name: str) -> str:
    """A name as one printable line."""
    return ascii(name) if not name.isprintable() else repr(name)


def parents(key: str) -> Iterable[str]:
    """The folders above a key, outermost first."""
    if key:
        yield ""  # the place of a folder that was given alone
    end = key.find("/")
    while end != -1:
        yield key[:end]
        end = key.find("/", end + 1)


@dataclass(slots=True)
class KeyList:
    """Counts keys and sums them up in their order: each key's bytes, then a zero byte, which no name can hold."""

    count: int = 0
    _sha256: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, key: str) -> None:
        self.count += 1
        self._sha256.update(to_bytes(key) + b"\0")

    @property
    def digest(self) -> str:
        return self._sha256.hexdigest()


@dataclass(frozen=True, slots=True)
class KeyShard:
    """One of `count` equal parts of any list of keys, counted from 1; where a key belongs depends on nothing else."""

    index: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.index <= self.count:
            msg = (
                f"there is no part {self.index} of {self.count}; shards are 1/{self.count} to {self.count}/{self.count}"
            )
            raise UsageError(msg)

    @classmethod
    def parse(cls, text: str) -> KeyShard:
        """A shard from `i/N`."""
        match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
        if match is None or int(match[2]) == 0:
            msg = f"{text!r} is not a shard; write the part and the number of parts, as in 1/4"
            raise UsageError(msg)
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of_slurm_task(cls, environ: Mapping[str, str]) -> KeyShard:
        """The shard of a Slurm array's task; the tasks of `--array=0-99` or `1-199:2` are its 100 shards in order."""
        number, least, step, count = (_slurm(environ, name) for name in ("ID", "MIN", "STEP", "COUNT"))
        index, remainder = divmod(number - least, step) if step > 0 else (-1, 0)
        most = least + (count - 1) * step
        stated = _slurm(environ, "MAX") if f"{_SLURM}MAX" in environ else most
        if remainder or not 0 <= index < count or stated != most:
            msg = (
                f"task {number} is not one of {count} tasks from {least} in steps of {step}; give the array as "
                "--array=1-100, without gaps, or name the part with --shard I/N"
            )
            raise UsageError(msg)
        return cls(index + 1, count)

    def holds(self, key: str) -> bool:
        if self.count == 1:
            return True
        return shard_of(key, self.count) == self.index - 1


_SLURM = "SLURM_ARRAY_TASK_"


def _slurm(environ: Mapping[str, str], name: str) -> int:
    text = environ.get(_SLURM + name)
    if text is None:
        msg = (
            f"--shard slurm needs {_SLURM}{name}, which the tasks of `sbatch --array` have; elsewhere give --shard I/N"
        )
        raise UsageError(msg)
    if re.fullmatch(r"[0-9]{1,9}", text) is None:
        msg = f"{_SLURM}{name}={text!r} is not a whole number; give --shard I/N"
        raise UsageError(msg)
    return int(text)


def shard_of(key: str, count: int) -> int:
    """Which of `count` parts a key belongs to, counted from 0."""
    return int.from_bytes(hashlib.sha256(to_bytes(key)).digest()[:8], "big") % count
