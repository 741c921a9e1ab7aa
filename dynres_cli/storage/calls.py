"""The operating system's calls that writing goes through, and what their failures mean for a run."""

from __future__ import annotations

import errno
import os
import stat

from dynres_cli.errors import RunError

_NOT_SYNCED = {errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.ENOSYS}


class Calls:
    """The real calls; a test passes a child of this class that fails when it is told to.

    `folder` is an open folder that names are relative to, or None where the system has no such thing (Windows); names
    are then whole paths.
    """

    def make_folder(self, name: str, folder: int | None) -> None:
        os.mkdir(name, dir_fd=folder)

    def open(self, name: str, flags: int, folder: int | None) -> int:
        # 0o666 is what open() asks for: the umask decides about permissions.
        return os.open(name, flags, 0o666, dir_fd=folder)

    def write(self, file: int, data: memoryview) -> int:
        return os.write(file, data)

    def sync(self, file: int) -> None:
        try:
            os.fsync(file)
        except OSError as error:
            # Shared folders (CIFS, VirtualBox) cannot sync a folder at all: what they do with names is up to them.
            if error.errno not in _NOT_SYNCED or not stat.S_ISDIR(os.fstat(file).st_mode):
                raise

    def rename(self, old: str, new: str, folder: int | None) -> None:
        os.replace(old, new, src_dir_fd=folder, dst_dir_fd=folder)

    def remove(self, name: str, folder: int | None) -> None:
        os.unlink(name, dir_fd=folder)


SYSTEM = Calls()

_ENDS_THE_RUN = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.EROFS: "the file system is read-only; choose another output folder",
    errno.EFBIG: "a file would grow above the allowed size; raise the limit (ulimit -f) or choose another file system",
    errno.EIO: "the disk reports an error; check it before you go on",
}


def classify(error: OSError, place: str) -> RunError | None:
    """The error that ends the run, when writing the next picture would fail in the same way; otherwise None."""
    sentence = _ENDS_THE_RUN.get(error.errno or 0)
    return None if sentence is None else RunError(f"{place}: {sentence}", "output")
