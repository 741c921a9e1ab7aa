"""The manifest explained field by field: types from the schema, words from here, held complete by a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dynres_cli.operations.schema import manifest_schema

FIELDS: dict[str, dict[str, str]] = {
    "dynres.manifest/1": {
        "schema": "The schema and its version. A reader refuses a version that it does not know.",
        "run": "What holds for all pictures.",
        "images": "One record a picture, one line each, in the order of their keys' bytes.",
    },
    "Run": {
        "layout": "How the output is cut into shards; a tree has none.",
        "dynres": "The version that wrote it.",
        "algorithm": "A number that rises when any output byte may change for the same input and options.",
        "preset": "The preset that was asked for.",
        "strategy": "Its family.",
        "params": "Every parameter of the family, defaults included.",
        "options": "The options that decide bytes, such as `dtype` or `resample`.",
        "images": "How many pictures the run listed: tiled and failed together.",
        "tiled": "How many of them are tiled, in this run or in an earlier one.",
        "failed": "How many failed.",
        "tiles": "Tiles of all pictures; overviews never count.",
        "total": "Views of all pictures, overviews included.",
        "tokens": "Tokens of all pictures.",
        "keys": "How many keys there are, and a digest over all of them.",
        "shard": "`I/N`, where the run was one part of several.",
        "listing": "With `shard`: the keys of the whole listing, of which this run had its part.",
        "parts": "After `dynres merge`: the folders of the parts, in the order of their numbers.",
        "failures": "How many pictures failed with each code.",
        "manifests": "Where the images are, if there are too many for one file: its volumes, in order.",
    },
    "Volume": {
        "path": "Beside `manifest.json`: JSON lines, one image each.",
        "images": "How many images it holds.",
        "bytes": "Its size.",
        "sha256": "Its digest.",
    },
    "Keys": {
        "count": "How many keys.",
        "sha256": "Over the keys' bytes in their order, each followed by a NUL byte.",
    },
    "TiledRecord": {
        "key": "The picture's folder below the output.",
        "source": "The name it was found by; differs from the key only where that had to be changed.",
        "raw": "The key's bytes in base64, where they are not UTF-8.",
        "frame": "Which picture of its file it is, from 0, where `--frames all` took every one.",
        "status": "`tiled`.",
        "bytes": "The source file's size.",
        "sha256": "The source file's digest.",
        "format": "Its format, by content.",
        "mode": "Its pixels' mode as stored, in Pillow's words.",
        "width": "In the frame that was tiled: after turning, if the pixels were turned.",
        "height": "Likewise.",
        "orientation": "The file's EXIF orientation, 1 where it has none.",
        "oriented": "Whether the pixels were turned by it.",
        "preset": "The preset that made it.",
        "strategy": "Its family.",
        "params": "Every parameter of the family.",
        "options": "Options that differ from their defaults and change what was made.",
        "grid": "Columns and rows of tiles.",
        "canvas": "The size of the one picture that the grid cuts; null where tiles lie on pictures of their own.",
        "tiles": "How many tiles; the overview never counts.",
        "thumbnail": "Whether an overview is among the views.",
        "total": "How many views the model sees.",
        "tokens": "How many tokens they are worth to the language model.",
        "flags": "What a person should know; see [the flags](codes.md#flags).",
        "inputs": "What the model needs beside pixels, under the reference's own names, as `image_grid_thw`.",
        "prompt": "The placeholder text as runs: each piece of text and how often it stands.",
        "files": "Every file that was written for the picture, views in the model's order, then tensors.",
    },
    "FailedRecord": {
        "key": "The picture's folder below the output.",
        "source": "The name it was found by.",
        "raw": "The key's bytes in base64, where they are not UTF-8.",
        "frame": "Which picture of its file it is, from 0, where `--frames all` took every one.",
        "status": "`failed`.",
        "stage": "How far it came; see [the stages](codes.md#failure-codes).",
        "code": "Why it failed; see [the codes](codes.md#failure-codes).",
        "message": "The same for people, with what to do.",
        "options": "Options that differ from their defaults and could have changed the outcome.",
    },
    "LayoutEntry": {
        "name": "`packed`, `webdataset` or `parquet`.",
        "shard_size": "When a shard is full: bytes of its views as uint8.",
        "shard_tiles": "The same as a number of views.",
        "pack_by": "`tiles` or `tokens`: pictures of equal cost lie together.",
    },
    "FileEntry": {
        "member": "In a shard: the tar's member, or the table's column.",
        "offset": "In a shard: the first byte.",
        "at": "In a table: the row.",
        "first": "In a packed array: the first view.",
        "path": "Below the output folder, with `/`.",
        "kind": "`tile`, `thumbnail` (the overview), `preview` (of a view that exists only as floats), `tensor`.",
        "view": "The view's number in the model's order; a tensor of all views has none.",
        "row": "The tile's row, from 0.",
        "col": "The tile's column, from 0.",
        "box": "The view's place on its canvas: left, top, right, bottom, half-open.",
        "source_box": "What it shows of the picture as it was tiled, in fractions of a pixel; padding shows nothing.",
        "shape": "A tensor's shape.",
        "dtype": "A tensor's type; bfloat16 is stored as uint16.",
        "mean": "What was subtracted from the channels.",
        "std": "What they were divided by.",
        "bytes": "The file's size.",
        "sha256": "The file's digest.",
        "pixels_sha256": "Over the view's RGB bytes, row by row: the same whichever way the picture is compressed.",
    },
    "GridEntry": {"cols": "Columns.", "rows": "Rows."},
    "SizeEntry": {"width": "In pixels.", "height": "In pixels."},
}

TITLES = {
    "dynres.manifest/1": (
        "The document",
        "One valid JSON document; it is written last, when everything it lists is there.",
    ),
    "Run": ("run", "Nothing that differs between two runs that could have made the same output: no times, no paths."),
    "Keys": ("run.keys, run.listing", ""),
    "Volume": ("run.manifests", "One entry a volume."),
    "TiledRecord": ("A picture that was tiled", "Byte for byte what its `grid.json` holds."),
    "FailedRecord": ("A picture that failed", ""),
    "FileEntry": ("files", "One entry a file."),
    "LayoutEntry": ("layout", "How an output is cut into shards."),
    "GridEntry": ("grid", ""),
    "SizeEntry": ("canvas", ""),
}


def kinds() -> dict[str, Mapping[str, Any]]:
    """Every object of the schema by its name, the document itself first."""
    schema = manifest_schema()
    return {str(schema["title"]): schema, **schema["$defs"]}


def unexplained() -> set[str]:
    """Fields of the schema without words, and words for fields that the schema does not have."""
    stated = {f"{kind}.{name}" for kind, data in kinds().items() for name in data["properties"]}
    told = {f"{kind}.{name}" for kind, names in FIELDS.items() for name in names}
    return stated ^ told


def page() -> str:
    """The page of the reference."""
    found = kinds()
    sections = "\n".join(_section(kind, found[kind]) for kind in TITLES)
    return f"""# The manifest

`OUT/manifest.json` begins with `{{"schema": "dynres.manifest/1", "run": {{…}}, "images": [`; then comes one record a
line, so `grep` and line readers work on it as well as JSON parsers. Each record is also the `grid.json` in the
picture's own folder. A field without a value is left out (but `canvas`, which is then null); *always* marks those that
are never missing. `dynres schema` prints the JSON schema that this page is made from.
{sections}"""


def _section(kind: str, data: Mapping[str, Any]) -> str:
    title, about = TITLES[kind]
    required = {*data.get("required", ()), "status"}
    rows = "\n".join(
        f"| `{name}` | {_type(data['properties'][name])} | {'always' if name in required else ''} | {words} |"
        for name, words in FIELDS[kind].items()
    )
    return f"\n## {title}\n\n{about}\n\n| field | type | | meaning |\n|---|---|---|---|\n{rows}\n"


def _type(stated: Mapping[str, Any]) -> str:
    """A JSON type in a word or two."""
    if "anyOf" in stated:
        return " or ".join(dict.fromkeys(_type(each) for each in stated["anyOf"] if each.get("type") != "null"))
    if "$ref" in stated:
        return "object"
    if "const" in stated or "enum" in stated:
        return "word"
    if stated.get("type") == "array":
        return _list(stated)
    kind = str(stated.get("type", "any"))
    return {"integer": "whole number", "boolean": "true or false"}.get(kind, kind)


def _list(stated: Mapping[str, Any]) -> str:
    if "prefixItems" in stated:
        return f"{len(stated['prefixItems'])} numbers"
    of = stated.get("items", {})
    plural = {"string": "strings", "integer": "whole numbers", "number": "numbers", "array": "lists"}
    return f"list of {plural.get(of.get('type', ''), 'objects')}"
