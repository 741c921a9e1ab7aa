"""The lock of an output in an object store: an object that names its holder and has to be renewed.

A store has no locks that end with their process. So a lock counts until its holder is known to be dead (the same
machine) or has not renewed it for five minutes; a holder that finds another name in it stops.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from dynres_cli.errors import RunError
from dynres_cli.names import STATE
from dynres_cli.storage.folders import is_alive
from dynres_cli.storage.held import Held
from dynres_cli.storage.objects import place_of, refusal
from dynres_cli.storage.retrying import network_errors
from dynres_cli.storage.stamps import SECOND
from dynres_cli.storage.stores import Entry, Store

LEASE = 300.0
"""Seconds after which a lock that was not renewed is nobody's."""
RENEWAL = 60.0


@dataclass(frozen=True, slots=True)
class Holder:
    """Who writes to an output; `token` tells two runs of one process number apart."""

    host: str
    pid: int
    token: str
    """Begins with the word for where `pid` is a number: machines may have one name, as clones of one image do."""

    @classmethod
    def this_run(cls) -> Holder:
        return cls(socket.gethostname(), os.getpid(), _here() + secrets.token_hex(8))

    @property
    def is_dead(self) -> bool:
        return self.token.startswith(_here()) and not is_alive(self.pid)


def _here() -> str:
    """A word for this machine since it was started, and for this container on it."""
    facts = [socket.gethostname()]
    with suppress(OSError):  # a system that tells neither: its name has to do
        facts += [os.readlink("/proc/self/ns/pid"), Path("/proc/sys/kernel/random/boot_id").read_text("ascii")]
    return hashlib.sha256(" ".join(facts).encode()).hexdigest()[:16]


class Lease:
    """A lock on its way: taken, renewed, given back."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.store: Store
        self.store, self.path = place_of(root, STATE, "lock")
        self.me = Holder.this_run()
        self.renewed = time.monotonic()

    def take(self) -> bool:
        """Take the lock; whether its last holder left it behind. RunError while a living run has it."""
        entry = self.store.head(self.path)
        before = self._holder(entry)
        if before is not None and not self._is_over(before, entry):
            raise self._held(before, entry)
        with suppress(FileExistsError):  # somebody else was faster, or our own first try came through after all
            self.store.swap(self.path, self._text(), entry)
        now = self._holder(self.store.head(self.path))
        if now != self.me:
            raise self._held(now, None)
        return before is not None

    def keep(self) -> None:
        """Renew the lock when it is time; RunError where another run has taken it meanwhile."""
        if time.monotonic() - self.renewed < RENEWAL:
            return
        with self._explained():
            entry = self.store.head(self.path)
            now = self._holder(entry)
            if now == self.me:
                # A holder that slept until its time was over must not take the lock back from the next one.
                with suppress(FileExistsError):
                    self.store.swap(self.path, self._text(), entry)
                now = self._holder(self.store.head(self.path))
            if now != self.me:
                raise self._held(now, None)
        self.renewed = time.monotonic()

    def give_back(self) -> None:
        """Leave an empty object: it marks the output as ours."""
        with self._explained(), suppress(FileExistsError):
            entry = self.store.head(self.path)
            if self._holder(entry) == self.me:
                self.store.swap(self.path, b"", entry)

    def _text(self) -> bytes:
        return json.dumps(asdict(self.me)).encode()

    def _holder(self, entry: Entry | None) -> Holder | None:
        if entry is None or not 0 < entry.size < 1000:
            return None
        try:
            return Holder(**json.loads(self.store.read(self.path, 0, 1000)))
        except (ValueError, TypeError, FileNotFoundError):
            return None

    def _is_over(self, holder: Holder, entry: Entry | None) -> bool:
        written = entry.stamp // SECOND if entry else 0
        return holder.is_dead or (time.time() - written > LEASE and self._now() - written > LEASE)

    def _now(self) -> float:
        """What the store's own clock says, for this machine's may be minutes ahead: the time of what is written now."""
        path = f"{self.path}-{self.me.token}"
        self.store.put(path, b"")
        entry = self.store.head(path)
        self.store.remove(path)
        return entry.stamp // SECOND if entry else 0

    def _held(self, holder: Holder | None, entry: Entry | None) -> RunError:
        who = f"process {holder.pid} on {holder.host}" if holder else "another process"
        left = LEASE - (time.time() - entry.stamp // SECOND) if entry else LEASE
        message = (
            f"{self.root}: {who} is writing there; wait until it ends, or choose another output "
            f"(if it was killed, its lock ends in {max(left, 1):.0f} s)"
        )
        return RunError(message, "lock_held")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except network_errors() as error:
            raise refusal(error, self.root, "its lock cannot be renewed") from error


@contextmanager
def lock(root: str) -> Iterator[Held]:
    """Hold OUT/.dynres/lock as long as it is renewed."""
    lease = Lease(root)
    try:
        after_crash = lease.take()
    except network_errors() as error:
        raise refusal(error, root, "its lock cannot be taken") from error
    try:
        yield Held(after_crash, lease.keep)
    finally:
        with suppress(RunError):
            lease.give_back()
