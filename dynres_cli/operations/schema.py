"""The JSON schema of manifest.json, from the very types that read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from dynres_cli.manifest import FailedRecord, Run, TiledRecord


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `dynres tile` made of a list of pictures: the run, and one record a picture in the order of the keys."""

    schema: Literal["dynres.manifest/1"]
    run: Run
    images: list[Annotated[TiledRecord | FailedRecord, Field(discriminator="status")]]


def manifest_schema() -> dict[str, Any]:
    """The schema in draft 2020-12; a record alone, as grid.json holds it, is one of `images`' two kinds."""
    stated = TypeAdapter(Manifest).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **stated, "title": "dynres.manifest/1"}
