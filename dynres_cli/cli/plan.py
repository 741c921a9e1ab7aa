"""`dynres plan`: what a run would cost, from headers alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from dynres_cli.cli import options
from dynres_cli.cli.options import Option
from dynres_cli.cli.pictures import check_place
from dynres_cli.errors import UsageError

EPILOG = f"""Examples:

  dynres plan photos/

  dynres plan photos/ --preset qwen2.5-vl --json | jq .tokens

  dynres plan photos/ --sweep 1..40 --out sweep.png

  dynres plan photos/ --budget-tokens 2B --context 8192

  dynres plan photos/ --all

{options.ENVIRONMENT}

Exit status: 0 all can be tiled, 1 nothing fits, 2 usage, 3 some will fail, 4 no image found."""


def plan(
    paths: Annotated[list[str] | None, typer.Argument(metavar="[IN...]", help="Files and folders.")] = None,
    *,
    preset: options.Preset = None,
    strategy: options.Strategy = None,
    set_: options.Set = None,
    min_num: options.MinNum = None,
    max_num: options.MaxNum = None,
    image_size: options.ImageSize = None,
    thumbnail: options.Thumbnail = None,
    all_: Annotated[bool, Option("--all", envvar="DYNRES_ALL", help="Compare all presets, one line each.")] = False,
    sweep: Annotated[
        str | None, Option(metavar="FIRST..LAST", help="One line for each limit of tiles (max_num).")
    ] = None,
    budget_tokens: Annotated[
        str | None, Option(metavar="N", help="Find the largest max_num whose tokens fit, as 2B.")
    ] = None,
    context: Annotated[
        str | None, Option(metavar="N", help="Find the largest max_num whose dearest picture fits.")
    ] = None,
    sample: Annotated[int, Option(metavar="N", min=0, help="Encode N pictures to know PNG sizes better.")] = 0,
    out: Annotated[Path | None, Option(metavar="PNG", help="Draw the sweep.")] = None,
    tiles: Annotated[Literal["png", "none"], Option(help="As for tile.")] = "png",
    tensor: Annotated[Literal["npy", "none"], Option(help="As for tile.")] = "npy",
    dtype: Annotated[Literal["float32", "float16", "bfloat16", "uint8"], Option(help="As for tile.")] = "float32",
    png_level: Annotated[Literal["fast", "small"], Option(help="As for tile; --sample measures it.")] = "fast",
    exif: options.Exif = "reference",
    alpha: options.Alpha = "reference",
    frames: options.Frames = "first",
    max_frames: options.MaxFrames = 1000,
    max_pixels: options.MaxPixels = 89_478_485,
    max_tiles: options.MaxTiles = 1000,
    max_bytes: options.MaxBytes = 256 * 1024 * 1024,
    timeout: Annotated[float, options.Seconds(help="Time limit for 256 headers.")] = 120.0,
    max_memory: Annotated[
        str | None, Option(metavar="BYTES", help="For all workers together, as 4G or 80% [80%].")
    ] = None,
    files_from: options.FilesFrom = None,
    null: options.Null = False,
    root: options.Root = None,
    include: options.Include = None,
    exclude: options.Exclude = None,
    hidden: options.Hidden = False,
    follow: options.Follow = False,
    jobs: options.Jobs = 0,
    json: options.Json = False,
    quiet: options.Quiet = False,
    config: options.Config = None,
) -> None:
    """Say what a run would make and cost: tiles, tokens, bytes, time, from the headers alone."""
    from dynres_cli.choices import check_writing, cores
    from dynres_cli.cli.planning import PlanOptions, run
    from dynres_cli.engines import ENGINES
    from dynres_cli.engines.contract import EngineLimits
    from dynres_cli.facts import FileLimits
    from dynres_cli.globs import Filter
    from dynres_cli.operations.memory import budget
    from dynres_cli.operations.planning import PlanOrder
    from dynres_cli.operations.surveying import Question
    from dynres_cli.sinks.tree import Writing
    from dynres_cli.source import Selection

    if not paths and files_from is None:
        msg = "name the pictures to plan: dynres plan IN..., or --files-from FILE"
        raise UsageError(msg)
    named = {"min_num": min_num, "max_num": max_num, "image_size": image_size, "thumbnail": thumbnail}
    given = options.overrides(set_, named)
    asked = PlanOptions(
        preset, strategy, given, exif, alpha, every=all_, sweep=sweep, budget=budget_tokens, context=context
    )
    asked.check(sample=sample, drawn=out is not None)
    check_place(out)
    workers = jobs or cores()
    memory = budget(max_memory, workers)
    writing = Writing(tiles, tensor, dtype, png_level)
    most = max_frames if frames == "all" else None
    variants = asked.variants()
    if not all_:
        check_writing(variants[0].recipe, writing)
    question = Question(variants, FileLimits(max_pixels, max_bytes), writing, max_tiles, most, memory, sample)
    selection = Selection(
        inputs=tuple(paths or ()),
        files_from=files_from,
        null_separated=null,
        root=str(root) if root else None,
        filter=Filter(tuple(include or ()), tuple(exclude or ())),
        hidden=hidden,
        follow_links=follow,
    )
    order = PlanOrder(selection, question, EngineLimits(workers, timeout, memory), ENGINES["processes"]())
    raise typer.Exit(run(order, asked, out, json=json, quiet=quiet))
