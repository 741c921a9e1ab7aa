"""Places that are not on this machine's disks: how they are told from paths, taken apart and put together."""

from __future__ import annotations

import os
import re

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_USER = re.compile(r"://[^/?#@\s]+@")
_SECRET = re.compile(r"(?i)(?<=[?&])([\w.-]*(?:sig|token|credential|secret|password|key|auth)[\w.-]*=)[^&#\s'\"]+")
"""What stands in the query of a signed address, whoever signs it: X-Amz-Signature, sig, access_token."""


def is_url(path: str) -> bool:
    """Whether a place is a URL; a local folder whose name looks like one can be given as ./NAME."""
    return "://" in path and _URL.match(path) is not None


def protocol(url: str) -> str:
    """What stands before the ://, in lower case."""
    found = _URL.match(url)
    return found[1].lower() if found else ""


def is_web(url: str) -> bool:
    """Whether a URL is a page of the web, whose server need not tell its size and takes queries."""
    return protocol(url) in ("http", "https")


def bare(url: str) -> str:
    """A URL without idle slashes at its end, so that two names of one place are equal."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rstrip('/')}"


def last_name(url: str) -> str:
    """The last part of a URL's path: what follows a question mark is a query on the web, and elsewhere a name's own."""
    path = url.partition("?")[0] if is_web(url) else url
    return bare(path).rpartition("/")[2]


def discreet(text: str) -> str:
    """A text in which no URL shows a password, a signature or the like; which URL it is can still be seen."""
    return _SECRET.sub(r"\1***", _USER.sub("://***@", text)) if "://" in text else text


def joined(root: str, *names: str) -> str:
    """A place below another one, both local or both remote."""
    if is_url(root):
        return "/".join((bare(root), *(name for name in names if name)))
    return os.path.join(root, *names)


def below(url: str, root: str) -> str | None:
    """The path from one URL down to another, "" for the same place; None where it is elsewhere."""
    plain, top = bare(url), bare(root)
    if plain == top:
        return ""
    return plain[len(top) + 1 :] if plain.startswith(top + "/") else None
