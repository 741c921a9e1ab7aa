"""The order in which workers get their inputs."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.items import Item
from dynres_cli.operations.feeding import largest_first


def files(folder: Path, sizes: list[int]) -> list[Item]:
    """A file of each size, as inputs."""
    items = []
    for number, size in enumerate(sizes):
        path = folder / f"{number:03d}"
        path.write_bytes(b"x" * size)
        items.append(Item(path.name, path.name, str(path)))
    return items


def test_large_files_come_early_and_small_ones_last(tmp_path: Path) -> None:
    """Within the window the order is that of the sizes; the large one behind it comes as soon as it is seen."""
    items = files(tmp_path, [5, 40, 10, 30, 90])
    assert [item.key for item in largest_first(items, window=3)] == ["001", "004", "003", "002", "000"]


def test_a_file_that_is_gone_is_still_handed_out(tmp_path: Path) -> None:
    """Its worker says what has become of it."""
    items = [*files(tmp_path, [5]), Item("gone", "gone", str(tmp_path / "gone")), Item("odd", "odd", "a\0b")]
    assert [item.key for item in largest_first(items)] == ["000", "gone", "odd"]


@given(st.integers(0, 30), st.integers(1, 8))
def test_every_input_is_handed_out_once(count: int, window: int) -> None:
    """Whatever the window."""
    items = [Item(str(number), str(number), "/nowhere") for number in range(count)]
    assert [*largest_first(items, window)] == items
