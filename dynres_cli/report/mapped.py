"""What `dynres map` prints: one line of JSON for each shape or piece of one."""

from __future__ import annotations

from typing import Any

from dynres_cli.jsontext import to_json
from dynres_cli.operations.asking import AskedShape
from dynres_cli.operations.mapping import Piece
from dynres_cli.operations.shapes import Shape


def line(asked: AskedShape, piece: Piece, *, in_tiles: bool) -> str:
    """One piece; the fields are a contract, and what was given beside them stands at the end."""
    fields: dict[str, Any] = {"id": asked.id, "key": asked.key}
    if in_tiles:
        fields["view"] = piece.view
        fields["row"] = piece.tile.row if piece.tile else None
        fields["col"] = piece.tile.col if piece.tile else None
    fields[asked.shape.kind] = _numbers(piece.shape, pairs=asked.pairs)
    if piece.share is not None:
        fields["share"] = float(piece.share)
    fields["flags"] = list(piece.flags)
    return to_json({**fields, **asked.extra})


def _numbers(shape: Shape | None, *, pairs: bool) -> list[Any] | None:
    if shape is None:
        return None
    points = [[float(x), float(y)] for x, y in shape.points]
    return points if pairs else [number for point in points for number in point]
