"""What dynres makes of one picture, in the words of the references, so that the two can be laid side by side."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from dynres_cli import api, normalize
from dynres_cli.decode import decode
from dynres_cli.errors import NotTileable
from dynres_cli.facts import FileLimits, Handling
from dynres_cli.geometry import Size
from dynres_cli.opening import read_source
from dynres_cli.probe import probe_bytes
from dynres_cli.recipe import Recipe, resolve
from dynres_cli.render import render
from dynres_cli.resample import Order
from tests.conformance.reference.contract import Refused, Seen, numbered


def see(image: Image.Image, preset: str, order: Order) -> Seen:
    """The views, grid, tokens, prompt and packed arrays of a picture; Refused where dynres has no plan for its size."""
    recipe = resolve(preset)
    size = Size(image.width, image.height)
    try:
        plan = recipe.plan(size)
        views = load(np.asarray(image), recipe, order)
    except NotTileable as error:
        raise Refused(str(error)) from error
    prompt = recipe.strategy.prompt
    text = None if prompt is None else "".join(part * times for part, times in prompt(size, recipe.params, plan))
    grid, tokens = (plan.grid.cols, plan.grid.rows), recipe.tokens(size, plan)
    return Seen(list(views), grid, tokens, text, numbered(api.pack(views, preset)))


def see_file(data: bytes, preset: str, order: Order) -> Seen:
    """The same for a file, whose pixels become RGB in the preset's own way."""
    policy, limits = resolve(preset).pixels, FileLimits()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture"
        path.write_bytes(data)
        file = read_source(str(path), limits, follow=True)
        pixels = decode(file, probe_bytes(file, limits), Handling(exif=policy.exif, alpha=policy.alpha), limits).pixels
    return see(Image.fromarray(pixels), preset, order)


def load(pixels: np.ndarray, recipe: Recipe, order: Order) -> api.Views | api.ViewList:
    """`load_image` itself for the classic order of passes; its parts for Pillow 13's, which it does not offer."""
    if order == "pillow12":
        return api.load_image(pixels, preset=recipe.preset)
    size = Size(pixels.shape[1], pixels.shape[0])
    look = dataclasses.replace(api.look_of(recipe.pixels), order=order)
    pictures = render(pixels, recipe.plan(size), look)
    views = api.ViewList(normalize.normalise_one(picture, recipe.pixels) for picture in pictures)
    views.source_size = size
    return views
