"""What the model sees, in words: each way to treat a picture has its sentence."""

from __future__ import annotations

import pytest

from dynres_cli.facts import Facts, FileLimits, Handling
from dynres_cli.flags import fit_flags, flags
from dynres_cli.operations.inspecting import Inspection, InspectOptions, inspect_facts
from dynres_cli.recipe import resolve
from dynres_cli.report.inspection import as_text
from dynres_cli.report.meanings import FLAGS, meaning
from dynres_cli.report.wording import in_words


def inspected(preset: str, width: int, height: int) -> Inspection:
    """A JPEG of this size under a preset."""
    facts = Facts(format="JPEG", mode="RGB", width=width, height=height, bytes=1)
    found = inspect_facts("a.jpg", facts, InspectOptions(resolve(preset), Handling(), FileLimits()))
    assert isinstance(found, Inspection)
    return found


@pytest.mark.parametrize(
    ("preset", "width", "height", "words"),
    [
        pytest.param(
            "internvl2", 600, 400,
            "The model sees 7 pictures: 6 tiles of 448×448 cut from this one, numbered below, then the whole of it as "
            "448×448. For the tiles it is enlarged 2.2 times to 1344×896 and cut into 3 columns and 2 rows. Together "
            "they cost 1,792 tokens.",
            id="tiles, then the whole",
        ),
        pytest.param(
            "internvl2", 512, 512,
            "The model sees one picture of 448×448: the whole of it, reduced. It costs 256 tokens.",
            id="one tile",
        ),
        pytest.param(
            "llava-v1.6", 640, 160,
            "The model sees 3 pictures: the whole of it as 336×336, then 2 tiles of 336×336 cut from this one, "
            "numbered below. For the tiles it is kept at about its size with bars beside it and cut into 2 columns and "
            "1 row. Together they cost 1,164 tokens.",
            id="the whole first, and bars",
        ),
        pytest.param(
            "internvl2", 1, 900,
            "The model sees 13 pictures: 12 tiles of 448×448 cut from this one, numbered below, then the whole of it "
            "as 448×448. For the tiles it is stretched to 448×5376 (its width 448 times, its height 6 times) and cut "
            "into 1 column and 12 rows. Together they cost 3,328 tokens.",
            id="stretched",
        ),
        pytest.param(
            "ovis2", 640, 160,
            "The model sees 3 pictures: the whole of it as 448×448, then 2 tiles of 448×448 cut from this one, "
            "numbered below. For the tiles it is cut into 2 columns and 1 row, each resized by itself. Together they "
            "cost 768 tokens.",
            id="no canvas",
        ),
    ],
)  # fmt: skip
def test_a_sentence_for_each_way(preset: str, width: int, height: int, words: str) -> None:
    """Counts, sizes, order, scale and cost."""
    assert in_words(inspected(preset, width, height)) == words


def test_bars_are_hatched_where_the_picture_is_not() -> None:
    """640×160 fills the middle half of a canvas of 672×336; without bars nothing is hatched."""
    lines = [line for line in as_text(inspected("llava-v1.6", 640, 160), 80).splitlines() if "│" in line]
    hatched = [line.count("░") > 20 for line in lines]
    assert hatched == [True, True, False, False, False, False, True, True]
    assert "░" not in as_text(inspected("internvl2", 640, 160), 80)


def test_every_flag_has_a_meaning() -> None:
    """All that a picture can be given at once, in the order of the record."""
    facts = Facts(
        format="PNG",
        mode="I;16",
        width=9,
        height=9,
        bytes=1,
        orientation=6,
        frames=3,
        has_alpha=True,
        icc_not_srgb=True,
        extension_mismatch=True,
    )
    given = flags(facts, Handling(), fit_flags(2.0, 1.0), truncated=True, grid_flipped=True)
    assert [flag.partition(":")[0] for flag in given] == [name for name in FLAGS if name != "cmyk"]
    assert (meaning("upscaled:2.2x"), meaning("unheard_of")) == (FLAGS["upscaled"], "")
