"""Requests and bytes an image, from a store into a store: counted by a proxy before a server on loopback.

Times say nothing here, for the server is a test's; counts are what a bill and a forecast are made of.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.cli.command import ROOT, SAMPLES, dynres
from tests.storage.stores import Store, Traffic, running

KINDS = ("GET", "HEAD", "LIST", "PUT", "DELETE")


def row(name: str, traffic: Traffic, images: int) -> str:
    """One line of the table: requests an image by kind, bytes an image read and written."""
    counts = "".join(f" {traffic.requests[kind] / images:.2f} |" for kind in KINDS)
    return f"| {name} |{counts} {traffic.received / images:,.0f} | {traffic.sent / images:,.0f} |"


def measured(store: Store, name: str, *arguments: str) -> None:
    """Run a command, and print what it asked of the store."""
    store.counted()
    ran = dynres(*arguments, stdin=b"", cwd=ROOT, **store.environment)
    images = sum(path.suffix != ".md" for path in SAMPLES.rglob("*") if path.is_file())
    print(row(name, store.counted(), images) + (f" exit {ran.status}" if ran.status else ""), flush=True)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as store:
        store.bucket("photos")
        store.bucket("tiles")
        store.upload(SAMPLES, "photos/in")
        print(f"| run | {' | '.join(KINDS)} | bytes read | bytes written |\n|---|{'---:|' * 7}")
        small = ("--tiles", "none", "--image-size", "32", "--kernel", "pillow")
        measured(store, "`tile`, first run, tensors only", "tile", "s3://photos/in", "s3://tiles/none", *small)
        both = ("--image-size", "32", "--kernel", "pillow")
        measured(store, "`tile`, first run, PNG and tensors", "tile", "s3://photos/in", "s3://tiles/both", *both)
        measured(store, "`tile`, everything done before", "tile", "s3://photos/in", "s3://tiles/both", *both)
        measured(store, "`verify`", "verify", "s3://tiles/both")
        measured(store, "`plan`", "plan", "s3://photos/in")


if __name__ == "__main__":
    main()
