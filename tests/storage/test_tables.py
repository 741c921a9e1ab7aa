"""Parquet tables as inputs: each row of an image column is a picture."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from dynres_cli.opening import read_source
from tests.cli.command import dynres
from tests.storage.archives import JPEG, LIMITS, PNG, code_of, listed, replace_by
from tests.storage.stores import has

needs_pyarrow = pytest.mark.skipif(not has("pyarrow"), reason="needs pyarrow: pip install -e '.[parquet]'")


def table(path: Path, pictures: Sequence[bytes]) -> Path:
    """A table of these pictures, each in a row group of its own."""
    import pyarrow as pa  # noqa: PLC0415 - an extra
    import pyarrow.parquet as pq  # noqa: PLC0415

    rows = [{"bytes": data, "path": None} for data in pictures]
    image = pa.array(rows, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    pq.write_table(pa.table({"image": image}), path, row_group_size=1)
    return path


@needs_pyarrow
def test_guarantee_35_no_row_is_read_from_a_table_that_was_replaced(tmp_path: Path) -> None:
    """What was read before is still right, what was not is `changed`; a new listing gives what is there now."""
    data = [random.Random(number).randbytes(2 << 20) for number in range(3)]
    path = table(tmp_path / "t.parquet", data)
    items, _ = listed(path)
    assert read_source(items[0].path, LIMITS).data == data[0]
    replace_by(table(tmp_path / "other", data[1:] + data[:1]), path)
    assert read_source(items[0].path, LIMITS).data == data[0]
    assert code_of(items[1]) == "changed"
    assert [read_source(item.path, LIMITS).data for item in listed(path)[0]] == data[1:] + data[:1]


@needs_pyarrow
def test_rows_of_a_table_are_pictures(tmp_path: Path) -> None:
    """Hugging Face's layout: a struct of bytes and path; a row without bytes fails, the others have their names."""
    import pyarrow as pa  # noqa: PLC0415 - an extra
    import pyarrow.parquet as pq  # noqa: PLC0415

    rows = [{"bytes": JPEG, "path": "dir/x.jpg"}, {"bytes": PNG, "path": None}, {"bytes": None, "path": "y.jpg"}, None]
    image = pa.array(rows * 3, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    pq.write_table(pa.table({"image": image, "label": list(range(12))}), tmp_path / "t.parquet", row_group_size=5)
    items, found = listed(tmp_path / "t.parquet")
    assert [item.key for item in items[:4]] == ["000000000-x.jpg", "000000001", "000000002-y.jpg", "000000003"]
    assert (len(items), found.failures) == (12, [])
    assert [read_source(item.path, LIMITS).data for item in (items[4], items[9])] == [JPEG, PNG]
    assert [code_of(item) for item in (items[2], items[11])] == ["empty", "empty"]
    (tmp_path / "bad.parquet").write_bytes((tmp_path / "t.parquet").read_bytes()[:-200])
    items, found = listed(tmp_path / "bad.parquet")
    assert (items, len(found.failures)) == ([], 1)


@needs_pyarrow
def test_a_list_of_pictures_in_a_row_is_as_many_pictures(tmp_path: Path) -> None:
    """As sets of conversations have them; an empty list is no picture, a null within one is a failed one."""
    import pyarrow as pa  # noqa: PLC0415 - an extra
    import pyarrow.parquet as pq  # noqa: PLC0415

    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    first, second = {"bytes": JPEG, "path": "dir/x.jpg"}, {"bytes": PNG, "path": None}
    lists = pa.array([[first, second], [], None, [second, None], [first]], pa.list_(kind))
    pq.write_table(pa.table({"images": lists, "texts": ["t"] * 5}), tmp_path / "t.parquet", row_group_size=4)
    items, found = listed(tmp_path / "t.parquet")
    assert [item.key for item in items] == [
        *("000000000/00000-x.jpg", "000000000/00001", "000000003/00000", "000000003/00001", "000000004/00000-x.jpg"),
    ]
    assert [read_source(items[place].path, LIMITS).data for place in (0, 1, 2, 4)] == [JPEG, PNG, PNG, JPEG]
    assert (code_of(items[3]), found.failures) == ("empty", [])
    several = pa.table({"image": pa.array([second] * 5, kind), "images": lists.cast(pa.large_list(kind))})
    pq.write_table(several, tmp_path / "several.parquet")
    names = [item.key for item in listed(tmp_path / "several.parquet")[0]]
    assert (names[0], names[5:7]) == ("image/000000000", ["images/000000000/00000-x.jpg", "images/000000000/00001"])


@needs_pyarrow
def test_plain_bytes_are_pictures_where_their_column_says_so(tmp_path: Path) -> None:
    """As img2dataset writes them; a struct of Hugging Face's beside them is the image column, as ever."""
    import pyarrow as pa  # noqa: PLC0415 - an extra
    import pyarrow.parquet as pq  # noqa: PLC0415

    plain = pa.table({"key": ["0", "1", "2"], "jpg": pa.array([JPEG, None, PNG], pa.binary()), "exif": [b"x"] * 3})
    pq.write_table(plain, tmp_path / "t.parquet", row_group_size=2)
    items, found = listed(tmp_path / "t.parquet")
    assert [item.key for item in items] == ["000000000", "000000001", "000000002"]
    assert [read_source(items[place].path, LIMITS).data for place in (0, 2)] == [JPEG, PNG]
    assert (code_of(items[1]), found.failures) == ("empty", [])
    image = pa.array([{"bytes": PNG, "path": "x.png"}] * 3, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    pq.write_table(plain.append_column("image", image), tmp_path / "both.parquet")
    assert [item.key for item in listed(tmp_path / "both.parquet")[0]][:1] == ["000000000-x.png"]
    pq.write_table(plain.rename_columns(["key", "data", "exif"]), tmp_path / "none.parquet")
    assert "no image column" in listed(tmp_path / "none.parquet")[1].failures[0].message


def columns(path: Path, *names: str) -> Path:
    """A table of one row with a column of pictures for each name."""
    import pyarrow as pa  # noqa: PLC0415 - an extra
    import pyarrow.parquet as pq  # noqa: PLC0415

    image = pa.array([{"bytes": JPEG, "path": "x.jpg"}], pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    pq.write_table(pa.table([image] * len(names), list(names)), path)
    return path


@needs_pyarrow
def test_columns_come_in_the_order_of_their_rows_keys(tmp_path: Path) -> None:
    """A column's name ends with a slash in a key: what sorts before a slash comes first, and readers hold to it."""
    path = columns(tmp_path / "t.parquet", "a", "a-b", "image", "image.1", "Z")
    row = "000000000-x.jpg"
    names = ["Z", "a-b", "a", "image.1", "image"]
    assert [item.key for item in listed(path)[0]] == [f"{name}/{row}" for name in names]
    assert dynres("tile", path, tmp_path / "out", "--image-size", "32", "--max-num", "1", "-q").status == 0
    assert dynres("verify", tmp_path / "out", "-q").status == 0


@needs_pyarrow
def test_a_column_whose_name_is_no_folders_is_counted(tmp_path: Path) -> None:
    """Names that lead elsewhere, as in archives; and those that lie among another column's pictures."""
    items, found = listed(
        columns(tmp_path / "t.parquet", "ok", "../x", "", "/a", "./b", "c//d", "a\\b", "ok/in", "x/y")
    )
    assert [item.key for item in items] == ["ok/000000000-x.jpg", "x/y/000000000-x.jpg"]
    assert found.skipped == {"unsafe_name": 6, "special": 1}
    assert read_source(items[1].path, LIMITS).data == JPEG
    assert [item.key for item in listed(columns(tmp_path / "t.parquet", "../x"))[0]] == ["000000000-x.jpg"]


@needs_pyarrow
def test_a_table_that_was_replaced_by_one_of_its_age_is_tiled_anew(tmp_path: Path) -> None:
    """A row has no size, and its time is the table's: what was done to the table makes its content decide."""
    path, out = tmp_path / "t.parquet", tmp_path / "out"
    options = ("--image-size", "32", "--max-num", "1", "--kernel", "pillow", "--json", "-q")

    def made(*pictures: bytes) -> int:
        """How many are made of a table of these."""
        os.utime(table(path, pictures), ns=(10**18, 10**18))
        return again()

    def again() -> int:
        ran = dynres("tile", path, out, *options)
        assert (ran.status, ran.json["tiled"] + ran.json["skipped"]) == (0, 2)
        return int(ran.json["tiled"])

    assert [made(JPEG, PNG), again()] == [2, 0]
    assert [made(JPEG, JPEG), again()] == [1, 0]
    assert made(PNG, JPEG) == 1
