"""Connections to object stores: the packages of the extras, with our own patience and without their words."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from dynres_cli.errors import MissingExtra, RunError, UsageError
from dynres_cli.storage.retrying import answer_timeout

EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs", "http": "http", "https": "http"}
_TALKERS = ("fsspec", "s3fs", "gcsfs")
"""Whose loggers print tracebacks where nobody has given them another place."""


def file_system(scheme: str) -> Any:  # noqa: ANN401 - fsspec has no types
    """A connection to a kind of store; what its packages would write of their troubles is told by us alone."""
    for package in _TALKERS:
        logging.getLogger(package).addHandler(logging.NullHandler())
    try:
        import fsspec  # noqa: PLC0415 - an extra

        made = fsspec.filesystem(scheme, skip_instance_cache=True, use_listings_cache=False, **_options(scheme))
    except ImportError as error:
        raise MissingExtra(_missing(scheme, error)) from error
    except ValueError as error:
        msg = f"{scheme}:// is no kind of place that fsspec knows; a local path that looks like it needs ./ before it"
        raise UsageError(msg) from error
    except TypeError as error:
        names = ", ".join(f"FSSPEC_{scheme}_{each}".upper() for each in re.findall(r"'(\w+)'", str(error)))
        msg = f"{scheme}:// needs more than an address; set {names}, which fsspec reads"
        raise UsageError(msg) from error
    except OSError as error:
        msg = f"{scheme}:// cannot be used here: {str(error) or type(error).__name__}; see what its packages ask for"
        raise RunError(msg, "store") from error
    if scheme in ("s3", "s3a"):
        made.retries = 1  # who tries again, and how often, is decided in one place
    return made


def _missing(scheme: str, error: ImportError) -> str:
    extra = EXTRAS.get(scheme)
    if extra is None and not isinstance(error, ModuleNotFoundError):
        return f"{scheme}:// needs a package that is not installed: {error}"  # fsspec knows which
    if extra is None:
        return f"{scheme}:// needs fsspec and its package for {scheme}: pip install 'fsspec[{scheme}]'"
    return f"{scheme}:// needs packages that are not installed: pip install 'dynres[{extra}]'"


def _options(scheme: str) -> Mapping[str, object]:
    if EXTRAS.get(scheme) == "http":
        from aiohttp import ClientTimeout  # noqa: PLC0415 - an extra

        patience = ClientTimeout(total=None, sock_connect=min(answer_timeout(), 10), sock_read=answer_timeout())
        return {"client_kwargs": {"timeout": patience}}
    if scheme not in ("s3", "s3a"):
        return {}
    config = {
        "connect_timeout": min(answer_timeout(), 10),
        "read_timeout": answer_timeout(),
        "retries": {"mode": "standard", "total_max_attempts": 1},
        "max_pool_connections": 32,
    }
    return {"config_kwargs": config}
