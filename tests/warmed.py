"""Imported where commands are forked from: builds what each of them would build for its first record."""

from __future__ import annotations

import gc
from contextlib import suppress

from dynres_cli.errors import Unsound
from dynres_cli.manifest import parse_record, parse_run

for read in (parse_record, parse_run):
    with suppress(Unsound):
        read("{}", "nothing")

# A collection in a child would touch, and so copy, every page that it shares with the one it was forked from.
gc.collect()
gc.freeze()
