"""A grid drawn with box characters, in the picture's proportions."""

from __future__ import annotations

from dynres_cli.geometry import Grid, Size

CELL_ASPECT = 2.0
"""A terminal's characters are about twice as high as wide."""


def grid_lines(grid: Grid, canvas: Size, room: Size) -> list[str]:
    """Lines of text that show the grid, at most `room` characters wide and high where its lines leave that room."""
    scale = min(room.width / canvas.width, room.height * CELL_ASPECT / canvas.height)
    cell_width = max(round(canvas.width * scale / grid.cols) - 1, 1)
    cell_height = max(round(canvas.height * scale / CELL_ASPECT / grid.rows) - 1, 1)
    inside = "│" + "│".join([" " * cell_width] * grid.cols) + "│"
    bar = "─" * cell_width

    def rule(left: str, cross: str, right: str) -> str:
        return left + cross.join([bar] * grid.cols) + right

    lines = [rule("┌", "┬", "┐")]
    for row in range(grid.rows):
        lines += [inside] * cell_height
        lines.append(rule("├", "┼", "┤") if row + 1 < grid.rows else rule("└", "┴", "┘"))
    return lines


def beside(left: list[str], right: list[str], gap: int = 3) -> list[str]:
    """Two blocks of lines side by side."""
    width = max(map(len, left), default=0)
    height = max(len(left), len(right))
    padded_left = [*left, *[""] * (height - len(left))]
    padded_right = [*right, *[""] * (height - len(right))]
    return [f"{a:<{width + gap}}{b}".rstrip() for a, b in zip(padded_left, padded_right, strict=True)]
