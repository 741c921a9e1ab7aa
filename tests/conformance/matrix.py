"""Joins the environments' results into docs/conformance.md; exit status 1 if anything differs or was tried nowhere.

python -m tests.conformance.matrix docs/conformance.md RESULT.json [RESULT.json ...]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Result = dict[str, Any]

FEWEST = 200
"""Fewer sizes prove too little."""

HEAD = """# Conformance

dynres beside the references' own processors, or their authors' rule written anew where the column says so, written by
`make conformance`. Every size is one picture; what is compared
is the number, order and sizes of the views, every value, the grid, the tokens, the placeholder text and the arrays of
`pack`, each wherever the reference gives it. A tolerance of 0 means that every bit agrees; where a reference exists in
torch only, the largest difference of a normalised value is printed beside what is allowed. A size that the reference
refuses must be refused by dynres too. The references resize with the Pillow of their environment, so dynres is asked
for that Pillow's order of passes: the classic one below 13, the newer one from 13 on.

Sizes are a few at the edges (exact tiles, ties, strips), then 200 drawn at random, sides of 20 to 2,500 pixels spread
over magnitudes and ratios up to 12; a size that makes many pixels is drawn the more rarely, so that the whole ends
within minutes. Modes are files of two sizes whose pixels are no RGB: grey, 1 bit, palette, 16 bits, CMYK, and where
transparent pixels become opaque in the way that dynres follows, RGBA, LA, two kinds of transparent palette and RGB with
one transparent colour. The two generations of transformers differ in that; dynres keeps to the older one wherever it
has the class.

"""


def verdict(row: Row) -> str:
    """What a row shows at its end."""
    if "skipped" in row:
        return f"skipped: {row['skipped']}"
    if not row["differing"]:
        return "equal" if row["tolerance"] == 0 else "within tolerance"
    return ", ".join(f"{kind} {count}" for kind, count in sorted(row["mismatches"].items()))


def line(preset: str, environment: str, row: Row) -> str:
    """One row of the table."""
    if "skipped" in row:
        return f"| {preset} | {environment} | 0 | – | – | – | – | | {verdict(row)} |"
    numbers = f"{row['sizes']} | {row['modes']} | {row['differing']} | {row['largest']:.2g} | {row['tolerance']:.2g}"
    return f"| {preset} | {environment} | {numbers} | {row['source']} | {verdict(row)} |"


def problems(results: list[Result]) -> list[str]:
    """Why the whole is a failure: a difference, a preset that was tried nowhere, an environment that tried nothing."""
    found = [f"{result['environment']} tried nothing" for result in results if not _sizes(result["presets"].values())]
    for preset in _presets(results):
        rows = [result["presets"][preset] for result in results if preset in result["presets"]]
        if not _sizes(rows):
            found.append(f"{preset}: 0 sizes tried ({'; '.join(verdict(row) for row in rows)})")
        found += [f"{preset}: only {row['sizes']} sizes tried" for row in rows if 0 < row["sizes"] < FEWEST]
        found += [f"{preset}: {verdict(row)}; {row['examples'][0]}" for row in rows if row.get("differing")]
    return found


def _sizes(rows: Any) -> int:  # noqa: ANN401 - any iterable of rows
    return sum(row["sizes"] for row in rows)


def _presets(results: list[Result]) -> list[str]:
    return sorted({preset for result in results for preset in result["presets"]})


def page(results: list[Result]) -> str:
    """The whole document."""
    parts = [HEAD]
    for result in results:
        versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
        parts.append(f"* **{result['environment']}**: {versions}\n")
    parts.append(
        "\n| preset | environment | sizes | modes | differing | largest difference | tolerance | reference | result |\n"
    )
    parts.append("|---|---|--:|--:|--:|--:|--:|---|---|\n")
    parts += [
        f"{line(preset, result['environment'], result['presets'][preset])}\n"
        for preset in _presets(results)
        for result in results
        if preset in result["presets"]
    ]
    return "".join(parts)


def main() -> None:
    """Write the page, then say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("results", type=Path, nargs="+")
    options = parser.parse_args()
    results = [json.loads(path.read_text(encoding="utf-8")) for path in options.results]
    options.page.parent.mkdir(parents=True, exist_ok=True)
    options.page.write_text(page(results), encoding="utf-8")
    wrong = problems(results)
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
