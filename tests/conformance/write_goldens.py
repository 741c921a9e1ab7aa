"""Writes tests/golden/presets/PRESET.json from the references of this environment; never from dynres.

    python -m tests.conformance.write_goldens [--preset NAME ...]

A reference that exists in both environments is written by the one with Pillow below 13, whose order of passes is
dynres's own; the other environment writes the rest, and says in each file which order its Pillow has.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from importlib.metadata import version
from pathlib import Path

from tests.conformance.golden import Case, described, picture_digest
from tests.conformance.pictures import picture, random_sizes
from tests.conformance.reference import load_references
from tests.conformance.reference.contract import Reference, Refused, pass_order

FOLDER = Path(__file__).parents[1] / "golden" / "presets"
SIZES = ((300, 200), (200, 300), (448, 448), (97, 31), (640, 480), (30, 330))
LONGEST = 700
"""Everyday tests run on these, so the pictures are small."""


def environment() -> str:
    """The name of this environment: transformers4 or transformers5."""
    return f"transformers{version('transformers').split('.')[0]}"


def writer_of(reference: Reference) -> str:
    """The environment that writes a reference's goldens."""
    return min(reference.environments)


def case(reference: Reference, size: tuple[int, int], seed: int) -> Case:
    """One picture and what the reference makes of it."""
    image = picture(*size, seed)
    known: Case = {"width": size[0], "height": size[1], "seed": seed, "picture": picture_digest(image)}
    try:
        return known | described(reference.run(image), exact=reference.tolerance == 0.0)
    except Refused as refused:
        return known | {"refused": str(refused)}


def golden(preset: str, reference: Reference) -> Case:
    """A preset's whole file."""
    edges = [size for size in reference.sizes if max(size) <= LONGEST][:3]
    sizes = list(dict.fromkeys([*SIZES, *edges, *itertools.islice(random_sizes(f"golden {preset}", LONGEST), 4)]))
    packages = ("transformers", "torch", "torchvision", "pillow", "numpy")
    return {
        "preset": preset,
        "reference": reference.source,
        "written_with": {name: version(name) for name in packages},
        "resample": pass_order(reference),
        "tolerance": reference.tolerance,
        "cases": [case(reference, size, seed) for seed, size in enumerate(sizes)],
    }


def written(document: Case) -> str:
    """The file's text, one case a line, so that a change shows which pictures it touches."""
    head = json.dumps({**document, "cases": []}, ensure_ascii=False, indent=1)
    cases = ",\n  ".join(json.dumps(each, ensure_ascii=False) for each in document["cases"])
    return head.replace('"cases": []', f'"cases": [\n  {cases}\n ]') + "\n"


def main() -> None:
    """Write what this environment is to write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", action="append", default=[])
    wanted = parser.parse_args().preset
    FOLDER.mkdir(parents=True, exist_ok=True)
    for preset, reference in sorted(load_references().items()):
        if writer_of(reference) == environment() and preset in (wanted or [preset]):
            (FOLDER / f"{preset}.json").write_text(written(golden(preset, reference)), encoding="utf-8")
            print(f"wrote {preset}", file=sys.stderr)


if __name__ == "__main__":
    main()
