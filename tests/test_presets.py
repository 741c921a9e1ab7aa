"""Presets as data: whose way with pixels each of them follows, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dynres_cli import tile_image
from dynres_cli.errors import UsageError
from dynres_cli.geometry import Size
from dynres_cli.presets import PRESETS
from dynres_cli.recipe import resolve

WHITE = {
    *("idefics3-8b", "smolvlm-2.2b", "smolvlm2-2.2b", "smolvlm2-500m", "llama-3.2-vision"),
    *("pixtral-12b", "mistral-small-3.1"),
    # Only transformers 5 has these, and it lays whatever is transparent over white.
    *("deepseek-ocr-2", "minicpm-v-4.6", "molmo2"),
}
UNCONFIRMED = {
    *("granite-vision", "nvlm-d", "h2ovl", "smolvlm-2.2b", "smolvlm2-2.2b", "smolvlm2-500m", "llama-3.2-vision"),
    *("qwen2-vl", "qwen2.5-vl", "qwen3-vl", "gemma3", "gemma3-pan-and-scan", "mistral-small-3.1", "nemotron-vl"),
    *("nvila", "nvila-s2", "deepseek-vl2", "phi-3.5-vision"),
}


def test_who_lays_transparent_pixels_over_white() -> None:
    """All others drop the alpha, and what was hidden shows."""
    assert {name for name, preset in PRESETS.items() if preset.pixels.alpha == "white"} == WHITE


def test_who_turns_pictures_as_their_exif_asks() -> None:
    """The others see pictures as they are stored."""
    assert {name for name, preset in PRESETS.items() if preset.pixels.exif == "apply"} == {"molmo", "deepseek-ocr"}


def test_what_no_public_reference_confirms() -> None:
    """Whoever adds or drops a name here has looked it up."""
    assert {name for name, preset in PRESETS.items() if not preset.confirmed} == UNCONFIRMED


COUNTS = {"num_patches", "num_tiles", "num_crops", "num_local_patches", "image_num_crops", "num_patches_per_image"}
SHAPES = {"image_sizes", "image_grid_thw", "images_spatial_crop", "aspect_ratios", "aspect_ratio_ids", "tgt_sizes"}
MASKS = {"aspect_ratio_mask", "pixel_attention_mask", "pixel_mask", "image_attention_mask"}


@pytest.mark.parametrize("preset", sorted({*PRESETS} - {"lfm2-vl"}))
def test_a_record_holds_what_the_model_needs_beside_pixels(preset: str) -> None:
    """Counts, shapes and masks that the packed arrays hold stand in the record too (LFM2's mask as spatial_shapes)."""
    recipe, size = resolve(preset), Size(600, 400)
    plan, strategy = recipe.plan(size), recipe.strategy
    packed = set(strategy.pack(size, recipe.params, plan)) if strategy.pack else set()
    told = set(strategy.inputs(size, recipe.params, plan)) if strategy.inputs else set()
    assert packed & (COUNTS | SHAPES | MASKS) <= told


@pytest.mark.parametrize(("preset", "level"), [("molmo2", 255), ("lfm2-vl", 0)])
def test_a_hidden_colour_shows_or_not(tmp_path: Path, preset: str, level: int) -> None:
    """A picture of transparent black is white for one reference and black for the other."""
    Image.new("RGBA", (64, 64)).save(tmp_path / "clear.png")
    assert {int(view.min()) for view in tile_image(tmp_path / "clear.png", preset=preset)} == {level}


def test_whose_views_exist_only_as_floats() -> None:
    """What a strategy says of itself is what its plans show; --dtype uint8 is refused for these alone."""
    for name in PRESETS:
        recipe = resolve(name, None, {})
        plan = recipe.plan(Size(1000, 700))
        floats = any(plan.surfaces[view.surface].space != "uint8" for view in plan.views)
        assert floats == recipe.strategy.float_views, name


def test_lists_may_be_lists() -> None:
    """In Python a list stands for its text; fractions of a pixel are refused, as on a command line."""
    assert resolve("nvila-s2", overrides={"s2_scales": [448, 896]}).params_json["s2_scales"] == "448,896"
    pinpoints = resolve("llava-v1.6", overrides={"grid_pinpoints": ((np.int64(336), 672),)}).params_json
    assert pinpoints["grid_pinpoints"] == [[336, 672]]
    with pytest.raises(UsageError, match="is not a list of pairs"):
        resolve("llava-v1.6", overrides={"grid_pinpoints": [[336.9, 672.2]]})


PICTURES = [Size(1000, 700), Size(700, 1000), Size(300, 300), Size(2000, 500), Size(1500, 1500), Size(60, 40)]


@pytest.mark.parametrize("preset", PRESETS)
def test_whose_views_differ_in_size(preset: str) -> None:
    """What a strategy says of itself is what its plans show; where it is not said they are stacked as equal."""
    recipe = resolve(preset, None, {})
    sizes = {view.box.size for size in PICTURES for view in recipe.plan(size).views}
    assert (len(sizes) == 1) == recipe.strategy.equal_views
