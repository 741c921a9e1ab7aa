"""Calls over a network that may fail for a moment: tried again with growing pauses, then given up with the reason.

`DYNRES_RETRIES` (5) says how often a call is repeated, `DYNRES_NETWORK_TIMEOUT` (20) how many seconds one answer may
take. Both are read where a connection is made, in every process, so that workers on other machines know them too.
"""

from __future__ import annotations

import errno
import os
import random
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from dynres_cli.errors import UsageError

Answer = TypeVar("Answer")

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 8.0
PATIENCE = 90.0
"""Seconds after which a call is not repeated any more: less than a picture's own time limit."""

_FINAL = (FileNotFoundError, PermissionError, FileExistsError, IsADirectoryError, NotADirectoryError)
_FINAL_NUMBERS = {errno.EINVAL, errno.EPERM, errno.ENOSYS, errno.ENAMETOOLONG, errno.ENOSPC, errno.EDQUOT}
_FINAL_NAMES = {
    *("InvalidRegionError", "InvalidURL"),
    *("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "NoRegionError", "InvalidEndpointURL"),
    *("ParamValidationError", "ConfigParseError", "UnknownServiceError", "InvalidConfigError", "SSOTokenLoadError"),
}
_BROKEN_OFF = {"IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch"}
"""What S3 calls an upload that did not reach it whole; the same status as for a request that never can succeed."""
_LIBRARIES = {
    "botocore.exceptions": ("BotoCoreError", "ClientError"),
    "aiohttp": ("ClientError",),
    "httpx": ("HTTPError",),
    "httpx2": ("HTTPError",),
    "gcsfs.retry": ("HttpError",),
    "google.auth.exceptions": ("GoogleAuthError",),
}
"""What libraries raise that is no OSError; looked up only where they are loaded."""


def retries() -> int:
    """How often a call is repeated."""
    return int(_number("DYNRES_RETRIES", 5))


def answer_timeout() -> float:
    """Seconds that one answer may take."""
    return _number("DYNRES_NETWORK_TIMEOUT", 20.0)


def _number(name: str, default: float) -> float:
    text = os.environ.get(name, "")
    try:
        value = float(text or default)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e6:
        msg = f"{name}={text}: give a number of 0 or more"
        raise UsageError(msg)
    return value


def network_errors() -> tuple[type[Exception], ...]:
    """Whatever a call over the network may raise."""
    found: list[type[Exception]] = [OSError, EOFError]
    for module, names in _LIBRARIES.items():
        if module in sys.modules:
            found += [kind for name in names if isinstance(kind := getattr(sys.modules[module], name, None), type)]
    return tuple(found)


def is_final(error: Exception) -> bool:
    """Whether trying again is of no use: the object is not there, or may not be touched."""
    if getattr(error.__cause__, "response", {}).get("Error", {}).get("Code") in _BROKEN_OFF:
        return False
    return (
        isinstance(error, _FINAL)
        or (isinstance(error, OSError) and error.errno in _FINAL_NUMBERS)
        or type(error).__name__ in _FINAL_NAMES
    )


def persistent(call: Callable[[], Answer]) -> Answer:
    """The call's answer, after as many tries as it takes and is allowed; raises what the last try raised."""
    attempts, started, pause = 1 + retries(), time.monotonic(), FIRST_PAUSE
    for attempt in range(1, attempts + 1):
        try:
            return call()
        except network_errors() as error:
            spent = time.monotonic() - started
            if is_final(error) or attempt == attempts or spent + pause > PATIENCE:
                raise
        except UnicodeError:
            raise  # a name that the store cannot have
        except ValueError as error:  # how libraries speak of settings: AWS_ENDPOINT_URL without a scheme
            raise OSError(errno.EINVAL, str(error)) from error
        # Many workers that are turned away together must not come back together.
        time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - nothing secret
        pause = min(2 * pause, LONGEST_PAUSE)
    raise AssertionError  # the loop always returns or raises
