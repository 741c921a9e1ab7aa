"""What dynres's own files and folders are called in an output."""

from __future__ import annotations

import re

MANIFEST = "manifest.json"
VOLUME = re.compile(r"manifest-[0-9]{5,}\.jsonl")
"""Of a manifest that is too long for one file."""
RECORD = "grid.json"
"""In each picture's folder, written last: what it stands for is whole."""
REPORT = "report.html"
STATE = ".dynres"
"""The folder at the top of an output for the lock and whatever else a run keeps there."""
