"""Compares dynres with the references of one environment, preset by preset, and writes the counts as JSON.

python -m tests.conformance.run OUT.json [--preset NAME ...] [--count 200]
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import Image

from dynres_cli.errors import NotTileable
from dynres_cli.geometry import Size
from dynres_cli.presets import PRESETS
from dynres_cli.recipe import Recipe, resolve
from tests.conformance.compare import Difference, compare
from tests.conformance.ours import see, see_file
from tests.conformance.pictures import (
    COMMON_SIZES,
    KEYED_MODE,
    MODE_SIZES,
    OPAQUE_MODES,
    TRANSPARENT_MODES,
    file_in_mode,
    picture,
    random_sizes,
)
from tests.conformance.reference import load_references
from tests.conformance.reference.contract import ONLY_5, Reference, Refused, Seen, pass_order

CHEAP = 1_500_000
"""Pixels of a picture and of all surfaces made from it, up to which it is tried whenever it comes up."""

EXAMPLES = 5
"""How many differing pictures a row describes."""


def environment() -> str:
    """The name of this environment: transformers4 or transformers5."""
    return f"transformers{version('transformers').split('.')[0]}"


def sizes_of(preset: str, reference: Reference, count: int) -> list[tuple[int, int]]:
    """The edges that everyone tries, the family's own, then `count` random ones."""
    recipe = resolve(preset)
    drawn = random_sizes(preset, reference.longest)
    return [*COMMON_SIZES, *reference.sizes, *itertools.islice(affordable(drawn, recipe), count)]


def affordable(sizes: Iterable[tuple[int, int]], recipe: Recipe) -> Iterator[tuple[int, int]]:
    """Sizes that make few pixels whenever they come, others the rarer the more: the whole must end within minutes."""
    credit = 0.0
    for size in sizes:
        credit += min(1.0, CHEAP / _cost(Size(*size), recipe)) ** 2
        if credit >= 1.0:
            credit -= 1.0
            yield size


def _cost(size: Size, recipe: Recipe) -> int:
    try:
        return size.area + recipe.plan(size).rendered_pixels
    except NotTileable:
        return size.area


def differences(preset: str, reference: Reference, size: tuple[int, int], seed: int) -> Difference:
    """What differs for one picture; a refusal must be on both sides."""
    image = picture(*size, seed)
    theirs, ours = _answer(lambda: reference.run(image)), _answer(lambda: see(image, preset, pass_order(reference)))
    return _between(theirs, ours, reference)


def modes_of(reference: Reference) -> tuple[str, ...]:
    """The modes of files whose way into RGB is the followed one in this environment."""
    opaque = not reference.converts or environment() in reference.opaque_in
    transparent = not reference.converts or environment() in reference.transparent_in
    keyed = transparent and reference.converts and environment() in ONLY_5
    return (
        *(OPAQUE_MODES if opaque else ()),
        *(TRANSPARENT_MODES if transparent else ()),
        *((KEYED_MODE,) if keyed else ()),
    )


def mode_differences(preset: str, reference: Reference, size: tuple[int, int], mode: str) -> Difference:
    """What differs for a file whose pixels are no RGB."""
    data = file_in_mode(picture(*size, seed=1), mode)
    image = Image.open(io.BytesIO(data))
    theirs = _answer(lambda: reference.run(image if reference.converts else _plain_rgb(image)))
    return _between(theirs, _answer(lambda: see_file(data, preset, pass_order(reference))), reference)


def _plain_rgb(image: Image.Image) -> Image.Image:
    """What convert("RGB") shows, without the note of a transparent index: transformers 5 looks for it even in RGB."""
    plain = image.convert("RGB")
    plain.info.clear()
    return plain


def _between(theirs: Seen | Exception, ours: Seen | Exception, reference: Reference) -> Difference:
    if isinstance(theirs, Seen) and isinstance(ours, Seen):
        return compare(theirs, ours, reference.tolerance)
    if isinstance(theirs, Refused) and isinstance(ours, Refused):
        return Difference()
    return Difference({"refusal": f"ours: {_words(ours)}; theirs: {_words(theirs)}"})


def _answer(call: Callable[[], Seen]) -> Seen | Exception:
    """What was seen, a refusal, or the fault that came instead."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - whatever goes wrong with one picture, the other ones are still tried
        return error


def _words(answer: Seen | Exception) -> str:
    return f"{type(answer).__name__}: {answer}" if isinstance(answer, Exception) else f"{len(answer.views)} views"


def row(preset: str, reference: Reference, count: int) -> dict[str, object]:
    """One preset's counts in this environment."""
    started = time.process_time()
    sizes, modes = sizes_of(preset, reference, count), modes_of(reference)
    tried = itertools.chain(
        (
            (f"{_words_of(size)} (seed {seed})", differences(preset, reference, size, seed))
            for seed, size in enumerate(sizes)
        ),
        (
            (f"{_words_of(size)} in mode {mode}", mode_differences(preset, reference, size, mode))
            for mode in modes
            for size in MODE_SIZES
        ),
    )
    counts = counted(tried)
    return {
        "sizes": len(sizes),
        "modes": len(modes),
        **counts,
        "tolerance": reference.tolerance,
        "source": reference.source,
        "seconds": round(time.process_time() - started, 1),
    }


def counted(tried: Iterable[tuple[str, Difference]]) -> dict[str, object]:
    """How many pictures differ and in what, the largest difference of all, and the first few that differ."""
    mismatches: Counter[str] = Counter()
    examples: list[str] = []
    largest = 0.0
    differing = 0
    for name, difference in tried:
        largest = max(largest, difference.largest)
        mismatches.update(difference.found.keys())
        differing += bool(difference.found)
        if difference.found and len(examples) < EXAMPLES:
            examples.append(f"{name}: {difference.found}")
    return {"differing": differing, "mismatches": dict(mismatches), "largest": largest, "examples": examples}


def _words_of(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"


def skipped(reason: str) -> dict[str, object]:
    """The row of a preset that was not tried."""
    return {"sizes": 0, "skipped": reason}


def row_of(name: str, reference: Reference | None, count: int) -> dict[str, object]:
    """A preset's row; one that cannot be tried here says why."""
    if reference is None:
        return skipped("no reference is written for it")
    if name not in PRESETS:
        return skipped("dynres has no such preset")
    if environment() not in reference.environments:
        return skipped(reference.elsewhere)
    return row(name, reference, count)


def _line(row: dict[str, object]) -> str:
    if "skipped" in row:
        return f"skipped: {row['skipped']}"
    return (
        f"{row['sizes']} sizes, {row['modes']} modes, {row['mismatches'] or 'equal'}, "
        f"largest {row['largest']:.3g}, {row['seconds']} s of CPU"
    )


def versions() -> dict[str, str]:
    """What this environment consists of."""
    names = ("transformers", "torch", "torchvision", "pillow", "numpy")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def opened(out: Path) -> dict[str, Any]:
    """The document to add rows to: an earlier one of the same environment, or a new one."""
    new: dict[str, Any] = {"environment": environment(), "versions": versions(), "presets": {}}
    earlier: dict[str, Any] = json.loads(out.read_text(encoding="utf-8")) if out.exists() else new
    return earlier if earlier["versions"] == new["versions"] else new


def main() -> None:
    """Run what the command line asks for; rows of presets that were not asked for stay as an earlier run wrote them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--preset", action="append", default=[])
    parser.add_argument("--count", type=int, default=200, help="random sizes a preset")
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    document, references = opened(options.out), load_references()
    for name in options.preset or sorted({*PRESETS, *references}):
        document["presets"][name] = row_of(name, references.get(name), options.count)
        print(f"{environment()} {name}: {_line(document['presets'][name])}", file=sys.stderr, flush=True)
        options.out.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
