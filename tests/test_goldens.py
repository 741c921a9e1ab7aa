"""Every preset against what its reference made of a dozen pictures; needs no torch."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dynres_cli.presets import PRESETS
from tests.conformance.golden import Case, described, picture_digest, sampled
from tests.conformance.ours import see
from tests.conformance.pictures import picture
from tests.conformance.reference.contract import Refused, Seen

FOLDER = Path(__file__).parent / "golden" / "presets"
COMPARED = ("grid", "tokens", "prompt")


@functools.cache
def golden(preset: str) -> Case:
    """A preset's golden file; without it there is nothing to compare with, and the test fails."""
    loaded: Case = json.loads((FOLDER / f"{preset}.json").read_text(encoding="utf-8"))
    return loaded


def every_preset() -> Iterator[object]:
    """Every preset by name; one that differs from an earlier one in nothing but its name is slow."""
    seen: list[tuple[object, ...]] = []
    for name, preset in PRESETS.items():
        numbers = (preset.strategy, preset.params, preset.pixels)
        yield pytest.param(name, marks=[pytest.mark.slow] if numbers in seen else [])
        seen.append(numbers)


@pytest.mark.parametrize("preset", list(every_preset()))
def test_a_preset_equals_its_reference(preset: str) -> None:
    """Views, values, grid, tokens, prompt and packed arrays of every case are the reference's."""
    known = golden(preset)
    assert known["cases"], f"{preset}.json holds no case"
    assert known["tolerance"] == PRESETS[preset].tolerance
    for case in known["cases"]:
        image = picture(case["width"], case["height"], case["seed"])
        assert picture_digest(image) == case["picture"]
        if "refused" in case:
            with pytest.raises(Refused):
                see(image, preset, known["resample"])
        else:
            agree(case, see(image, preset, known["resample"]), known["tolerance"])


def agree(case: Case, seen: Seen, tolerance: float) -> None:
    """What was seen is what the case says, wherever the reference told."""
    ours = described(seen, exact=tolerance == 0.0)
    place = f"{case['width']}×{case['height']}"
    for name in COMPARED:
        assert case[name] in (None, ours[name]), f"{place}: {name}"
    assert [view["shape"] for view in ours["views"]] == [view["shape"] for view in case["views"]], f"{place}: shapes"
    assert ours["arrays"] == case["arrays"], f"{place}: packed arrays"
    if tolerance == 0.0:
        assert ours["views"] == case["views"], f"{place}: values"
        return
    for view, known in zip(seen.views, case["views"], strict=True):
        # The golden's values are rounded to five digits.
        np.testing.assert_allclose(sampled(view), known["values"], rtol=0, atol=tolerance + 1e-5, err_msg=place)
