"""What `dynres join` says at the end."""

from __future__ import annotations

from dataclasses import dataclass, field

from dynres_cli.jsontext import to_json
from dynres_cli.report.text import count, safe


@dataclass(slots=True)
class Account:
    """How many pictures were joined; `skipped` are those that were never tiled."""

    lossy: bool
    joined: int = 0
    skipped: int = 0
    failed: list[str] = field(default_factory=list)


def as_json(account: Account) -> str:
    """The outcome as one object."""
    return to_json(
        {
            "joined": account.joined,
            "skipped": account.skipped,
            "failed": account.failed,
            "lossy": account.lossy,
        }
    )


def summary(account: Account, dest: str) -> str:
    """The outcome in a sentence."""
    named = count(account.joined, "picture")
    quality = "lossy: resized from the canvas" if account.lossy else "the canvas bit for bit"
    extra = f"; {account.skipped:,} were never tiled" if account.skipped else ""
    lost = f"; {len(account.failed):,} failed" if account.failed else ""
    return f"{named} in {safe(dest)}, {quality}{extra}{lost}"
