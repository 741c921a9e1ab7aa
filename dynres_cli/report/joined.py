"""What `dynres join` says at the end."""

from __future__ import annotations

from dynres_cli.jsontext import to_json
from dynres_cli.operations.joining import Account
from dynres_cli.report.text import count, safe


def as_json(account: Account, *, lossy: bool) -> str:
    """The outcome as one object."""
    return to_json(
        {
            "joined": account.joined,
            "skipped": account.skipped,
            "failed": account.failed,
            "lossy": lossy,
        }
    )


def summary(account: Account, dest: str, *, lossy: bool) -> str:
    """The outcome in a sentence."""
    named = count(account.joined, "picture")
    quality = "lossy: resized from the canvas" if lossy else "the canvas bit for bit"
    extra = f"; {account.skipped:,} were never tiled" if account.skipped else ""
    lost = f"; {len(account.failed):,} failed" if account.failed else ""
    return f"{named} in {safe(dest)}, {quality}{extra}{lost}"
