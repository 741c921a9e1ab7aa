"""What `dynres verify` says: a line for each finding, or one JSON document."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable

from dynres_cli.jsontext import to_json
from dynres_cli.operations.checking import Finding
from dynres_cli.operations.verifying import Account
from dynres_cli.report import printing
from dynres_cli.report.text import count, safe

MEANING = {
    "missing": "is gone",
    "extra": "is named by no record",
    "size": "has another size",
    "sha256": "has other bytes",
    "shape": "holds an array of another shape",
    "dtype": "holds values of another type",
    "unsafe_path": "leads outside, or is no plain file",
    "manifest": "differs from what the manifest and the records say together",
    "pixels": "shows other pixels",
}


def lines(findings: Iterable[Finding]) -> Counter[str]:
    """Print each finding as it comes, and count them by problem."""
    counts: Counter[str] = Counter()
    for each in findings:
        counts[each.problem] += 1
        printing.data(f"{each.problem:<12}{safe(each.path)}: {MEANING[each.problem]}")
    return counts


def document(findings: Iterable[Finding], account: Account) -> Counter[str]:
    """Print one JSON object; the findings wait on disk for the counts that stand before them."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryFile() as waiting:
        for each in findings:
            waiting.write(b", " if counts else b"")
            waiting.write(to_json({"path": each.path, "problem": each.problem}).encode())
            counts[each.problem] += 1
        waiting.seek(0)
        printing.stream([f'{{"files": {account.files}, "ok": {account.ok}, "findings": ['.encode(), waiting, b"]}\n"])
    return counts


def summary(account: Account, counts: Counter[str]) -> str:
    """The outcome in one or two lines."""
    seen = f"{count(account.images, 'image')}, {count(account.files, 'file')}"
    if not counts:
        return f"{seen}: everything is as the manifest says"
    kinds = ", ".join(f"{problem} {number:,}" for problem, number in sorted(counts.items()))
    return f"{seen}, {account.ok:,} as the manifest says\n{count(counts.total(), 'finding')}: {kinds}"
