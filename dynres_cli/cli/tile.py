"""`dynres tile`: options become a Job and a Selection, a run becomes an exit status."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dynres_cli.cli import options
from dynres_cli.cli.options import Option
from dynres_cli.errors import UsageError
from dynres_cli.formats import EXTENSIONS
from dynres_cli.urls import protocol

if TYPE_CHECKING:
    from dynres_cli.engines.cluster import Cluster

EPILOG = f"""Examples:

  dynres tile photos/ out/                        (for InternVL2)

  dynres tile photos/ out/ --preset llava-v1.6    (for LLaVA-NeXT)

  dynres tile photos/ out/ --max-num 6 --tiles none --dtype bfloat16

  dynres tile s3://photos s3://tiles              (extra s3; archives too)

  dynres tile photos/ shards/ --layout webdataset --shard-size 500M

  fd -e jpg -0 . photos | dynres tile --files-from - -0 --root photos out/

  dynres tile /nfs/in /nfs/out --engine ray --ray-address auto --shared-fs

{options.ENVIRONMENT}

Run the same command again to finish what was interrupted. In folders, files with these names are tried:
{" ".join(sorted(EXTENSIONS))}

Exit status: 0 all done, 1 the run could not be done, 2 usage, 3 some images failed, 4 no image found,
130 and 143 stopped by a signal."""


def tile(
    paths: Annotated[
        list[str], typer.Argument(metavar="IN... OUT", help="Files, folders, archives or URLs, then the output.")
    ],
    *,
    preset: options.Preset = None,
    strategy: options.Strategy = None,
    set_: options.Set = None,
    min_num: options.MinNum = None,
    max_num: options.MaxNum = None,
    image_size: options.ImageSize = None,
    thumbnail: options.Thumbnail = None,
    tiles: Annotated[
        Literal["png", "none"] | None, Option(help="Whether views are written as pictures [png; packed: none].")
    ] = None,
    tensor: Annotated[Literal["npy", "none"], Option(help="Whether the tensor is written.")] = "npy",
    dtype: Annotated[
        Literal["float32", "float16", "bfloat16", "uint8"],
        Option(help="Of the tensor; uint8 is before normalising."),
    ] = "float32",
    png_level: Annotated[Literal["fast", "small"], Option(help="Speed or size of the pictures.")] = "fast",
    exif: options.Exif = "reference",
    alpha: options.Alpha = "reference",
    depth16: Annotated[Literal["clip", "scale"], Option(help="What becomes of 16 bits a channel.")] = "clip",
    resample: Annotated[Literal["pillow12", "pillow13"], Option(help="Whose order of the two passes.")] = "pillow12",
    kernel: Annotated[
        Literal["auto", "numba", "pillow"], Option(help="Who resizes; the pixels are the same.")
    ] = "auto",
    on_truncated: Annotated[
        Literal["error", "tile"], Option(help="What becomes of pictures that end too early.")
    ] = "error",
    frames: options.Frames = "first",
    max_frames: options.MaxFrames = 1000,
    max_pixels: options.MaxPixels = 89_478_485,
    max_tiles: options.MaxTiles = 1000,
    max_bytes: options.MaxBytes = 256 * 1024 * 1024,
    timeout: Annotated[float, options.Seconds(help="Time limit for one image.")] = 120.0,
    max_memory: Annotated[
        str | None, Option(metavar="BYTES", help="For all pictures in work together, as 4G or 80% [80%].")
    ] = None,
    files_from: options.FilesFrom = None,
    null: options.Null = False,
    root: options.Root = None,
    include: options.Include = None,
    exclude: options.Exclude = None,
    hidden: options.Hidden = False,
    follow: options.Follow = False,
    into: Annotated[bool, Option("--into", help="Write into a folder that holds other things too.")] = False,
    retry_failed: Annotated[bool, Option("--retry-failed", help="Try earlier failures again.")] = False,
    overwrite: Annotated[bool, Option("--overwrite", help="Redo this run's images, finished or not.")] = False,
    fail_fast: Annotated[bool, Option("--fail-fast", help="Stop at the first failure.")] = False,
    max_failures: Annotated[int | None, Option(metavar="N", min=1, help="Stop after N failures.")] = None,
    jobs: options.Jobs = 0,
    engine: Annotated[
        Literal["processes", "serial", "ray"], Option(help="serial is for debugging, ray for clusters.")
    ] = "processes",
    ray_address: Annotated[
        str | None, Option(metavar="ADDRESS", help="The cluster to join, or auto [a Ray on this machine alone].")
    ] = None,
    shared_fs: Annotated[
        bool, Option("--shared-fs", help="All Ray nodes see the inputs and OUT under the same paths.")
    ] = False,
    shard: Annotated[
        str | None,
        Option("--shard", metavar="I/N", allow_from_autoenv=False, help="Only part I of N; slurm: this array task's."),
    ] = None,
    manifest_size: options.ManifestSize = 1_000_000,
    layout: Annotated[
        Literal["tree", "packed", "webdataset", "parquet"],
        Option(help="A folder for each image, or shards of many."),
    ] = "tree",
    shard_size: Annotated[
        str | None, Option(metavar="BYTES", help="When a shard is full: bytes of its views as uint8 [256M].")
    ] = None,
    shard_tiles: Annotated[int | None, Option(metavar="N", help="The same as a number of views.")] = None,
    pack_by: Annotated[
        Literal["tiles", "tokens"] | None, Option(help="Put images of equal cost together, reading all headers first.")
    ] = None,
    batch: Annotated[
        int | None, Option(metavar="N", help="With --pack-by: warn of costs that fewer images have.")
    ] = None,
    fsync: Annotated[bool, Option("--fsync/--no-fsync", help="Make every file durable before it counts.")] = True,
    dry_run: Annotated[bool, Option("--dry-run", help="List what would be tiled, and stop.")] = False,
    profile: Annotated[bool, Option("--profile", help="Show the time of each stage.")] = False,
    json: options.Json = False,
    log: Annotated[Path | None, Option(metavar="FILE", help="Write times and versions as JSON lines.")] = None,
    quiet: options.Quiet = False,
    verbose: Annotated[bool, Option("-v", "--verbose", help="One line for each image.")] = False,
    config: options.Config = None,
) -> None:
    """Tile files and folders: PNG tiles, a tensor and a record for each image, one manifest for all."""
    # Everything below is imported late: `dynres tile --help` needs none of it.
    from dynres_cli.choices import Choices, cores, job_for
    from dynres_cli.cli.layouts import Cut
    from dynres_cli.cli.running import Display, list_only, run
    from dynres_cli.engines.contract import EngineLimits
    from dynres_cli.facts import FileLimits
    from dynres_cli.globs import Filter
    from dynres_cli.handling import handling_for
    from dynres_cli.operations.claiming import folds
    from dynres_cli.operations.memory import budget
    from dynres_cli.operations.order import Order
    from dynres_cli.recipe import resolve
    from dynres_cli.sinks.tree import Writing
    from dynres_cli.source import Selection
    from dynres_cli.storage import Writer

    named = {"min_num": min_num, "max_num": max_num, "image_size": image_size, "thumbnail": thumbnail}
    recipe = resolve(preset, strategy, options.overrides(set_, named))
    handling = replace(handling_for(recipe.pixels, exif, alpha), depth16=depth16, on_truncated=on_truncated)
    limits = FileLimits(max_pixels, max_bytes)
    entry = Cut(layout, shard_size, shard_tiles, pack_by, batch).entry()
    tiles = tiles or ("none" if layout == "packed" else "png")
    writing = Writing(tiles, tensor, dtype, png_level)
    chosen = Choices(recipe, handling, limits, writing, resample, frames, max_tiles, max_frames, timeout, entry)
    *inputs, out = inputs_and_out(paths, listed=files_from is not None)
    job = job_for(chosen, Writer(out, sync=fsync), redo=overwrite, retry_failed=retry_failed)
    selection = Selection(
        inputs=tuple(inputs),
        files_from=files_from,
        null_separated=null,
        root=str(root) if root else None,
        filter=Filter(tuple(include or ()), tuple(exclude or ())),
        hidden=hidden,
        follow_links=follow,
        out=out,
        fold=folds(out),
    )
    workers = jobs or cores()
    if engine != "ray" and (ray_address or shared_fs):
        msg = "--ray-address and --shared-fs say where Ray works; add --engine ray, or leave them out"
        raise UsageError(msg)
    order = Order(
        selection,
        job,
        EngineLimits(jobs if engine == "ray" else workers, timeout, budget(max_memory, workers)),
        engine=engine,
        cluster=cluster_at(ray_address, shared=shared_fs) if engine == "ray" else None,
        kernel=kernel,
        max_failures=1 if fail_fast else max_failures,
        into=into,
        shard=options.shard(shard),
        volume=manifest_size,
        batch=batch,
    )
    shown = Display(
        json=json, quiet=quiet, verbose=verbose and not quiet, profile=profile, log=str(log) if log else None
    )
    raise typer.Exit(list_only(order, shown) if dry_run else run(order, shown))


def cluster_at(address: str | None, *, shared: bool) -> Cluster:
    """The Ray cluster of --ray-address; what it takes is imported for it alone."""
    from dynres_cli.engines.cluster import Cluster

    return Cluster(address, shared=shared)


KEEPS_NOTHING = {
    "http": "pages of the web can only be read",
    "https": "pages of the web can only be read",
    "memory": "what lies in a process's memory is gone when it ends",
}
"""Places that are no output, and why."""


def inputs_and_out(paths: list[str], *, listed: bool) -> list[str]:
    """The arguments, once it is clear that the last one is the output."""
    if not paths[-1]:
        msg = "the output has no name; give a folder: dynres tile IN... OUT"
        raise UsageError(msg)
    if protocol(paths[-1]) in KEEPS_NOTHING:
        msg = f"the output {paths[-1]!r}: {KEEPS_NOTHING[protocol(paths[-1])]}; name a folder or a bucket"
        raise UsageError(msg)
    if len(paths) > 1 or listed:
        return paths
    msg = f"give the inputs and then the output folder: dynres tile {paths[0]} OUT"
    raise UsageError(msg)
