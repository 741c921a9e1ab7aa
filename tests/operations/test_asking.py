"""Boxes as people write them: JSON lines, lists, COCO; and what is refused, with its line."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from dynres_cli.errors import UsageError
from dynres_cli.operations.asking import AskedShape, asked

COCO: dict[str, Any] = {
    "images": [{"id": 7, "file_name": "a.jpg"}],
    "annotations": [
        {
            "id": 1,
            "image_id": 7,
            "category_id": 3,
            "bbox": [10, 20, 30, 40],
            "segmentation": [[10, 20, 40, 20, 40, 60]],
            "keypoints": [11, 22, 2, 0, 0, 0],
        },
        {"id": 2, "image_id": 7, "bbox": [1, 2, 3, 4], "segmentation": {"counts": "abc", "size": [9, 9]}},
    ],
}


def read(text: str, *, need_view: bool = False) -> list[AskedShape]:
    """The shapes of a file with this text."""
    return list(asked(io.BytesIO(text.encode()), "boxes", need_view=need_view))


def numbers(each: AskedShape) -> list[float]:
    """A shape's coordinates, flat."""
    return [float(number) for point in each.shape.points for number in point]


@pytest.mark.parametrize("indent", [None, 2])
def test_coco_gives_boxes_polygons_and_labelled_keypoints(indent: int | None) -> None:
    """A bbox is left, top, width and height; masks by run length have their bbox alone; an unlabelled point is none."""
    found = read(json.dumps(COCO, indent=indent))
    assert [(each.id, each.key, each.shape.kind, numbers(each)) for each in found] == [
        (1, "a.jpg", "box", [10, 20, 40, 60]),
        (1, "a.jpg", "polygon", [10, 20, 40, 20, 40, 60]),
        (1, "a.jpg", "point", [11, 22]),
        (2, "a.jpg", "box", [1, 2, 4, 6]),
    ]
    assert found[0].extra == {"image_id": 7, "category_id": 3}


@pytest.mark.parametrize("indent", [None, 2])
def test_coco_without_annotations_is_told_as_that(indent: int | None) -> None:
    """It lacks no key, and is no list of lines; `images` beside a key is a field that is carried along."""
    with pytest.raises(UsageError, match="annotations: there are none beside the images"):
        read(json.dumps({"images": COCO["images"]}, indent=indent))
    (box,) = read('{"key": "a", "box": [0, 0, 1, 1], "images": 3}')
    assert box.extra == {"images": 3}


def test_lines_and_lists_are_alike() -> None:
    """One object a line, blank lines between, or one list of them."""
    boxes = [{"id": n, "key": "a.jpg", "box": [n, 0, 9, 9], "label": "cat"} for n in range(3)]
    lines = read("\n\n".join(map(json.dumps, boxes)) + "\n")
    assert lines == read(json.dumps(boxes)) == read(json.dumps(boxes, indent=1))
    assert [each.extra for each in lines] == [{"label": "cat"}] * 3


def test_a_polygon_may_be_pairs_or_flat() -> None:
    """The same corners; how they were given is remembered for the answer."""
    flat, pairs = read('{"key": "a", "polygon": [0,0,1,0,1,1]}\n{"key": "a", "polygon": [[0,0],[1,0],[1,1]]}')
    assert flat.shape == pairs.shape
    assert (flat.pairs, pairs.pairs) == (False, True)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("{", "one JSON object", id="no JSON"),
        pytest.param("[" * 100_000, "one JSON object", id="nested beyond measure"),
        pytest.param("[1]", 'needs a "key"', id="no object"),
        pytest.param('{"box": [0,0,1,1]}', 'needs a "key"', id="no key"),
        pytest.param('{"key": "a"}', "none of", id="no shape"),
        pytest.param('{"key": "a", "box": [0,0,1]}', "has to be", id="three numbers"),
        pytest.param('{"key": "a", "box": [0,0,1,"1"]}', "has to be", id="text for a number"),
        pytest.param('{"key": "a", "box": [0,0,1,true]}', "has to be", id="truth for a number"),
        pytest.param('{"key": "a", "box": [0,0,1,NaN]}', "one JSON object", id="not a number"),
        pytest.param('{"key": "a", "box": [0,0,1,1e400]}', "has to be", id="infinity"),
        pytest.param('{"key": "a", "box": [0,0,1,1], "id": 1e400}', "without end", id="infinite id"),
        pytest.param('{"key": "a", "box": [0,0,1,1], "score": [1e400]}', "without end", id="infinite field"),
        pytest.param('{"key": "a", "box": [5,0,1,1]}', "ends before it begins", id="right before left"),
        pytest.param('{"key": "a", "polygon": [0,0,1,1]}', "has to be", id="two corners"),
        pytest.param('{"key": "a", "polygon": [[0,0],[1],[1,1,2]]}', "has to be", id="ragged pairs"),
    ],
)
def test_what_is_no_box_is_refused_with_its_line(line: str, reason: str) -> None:
    """The second line of the file."""
    with pytest.raises(UsageError, match=reason) as refusal:
        read('{"key": "a", "box": [0,0,1,1]}\n' + line)
    assert str(refusal.value).startswith("boxes:2: ")


@pytest.mark.parametrize("start", ["", "[\n", '{"annotations":\n'])
def test_a_document_that_is_nested_beyond_measure_is_refused(start: str) -> None:
    """Wherever in it: no parser's stack is the file's to fill."""
    with pytest.raises(UsageError, match="boxes:1: is not one JSON object"):
        read(start + "[" * 100_000)


def test_a_field_that_is_nested_deeply_is_carried_along() -> None:
    """As deep as the parser goes, so does what looks at it."""
    (asked,) = read('{"key": "a", "box": [0,0,1,1], "more": ' + "[" * 800 + "]" * 800 + "}")
    assert len(str(asked.extra["more"])) == 1600


def test_from_a_tile_the_view_is_needed() -> None:
    """A box in a tile says nothing without it."""
    assert read('{"key": "a", "view": 3, "box": [0,0,1,1]}', need_view=True)[0].view == 3
    with pytest.raises(UsageError, match='needs a "view"'):
        read('{"key": "a", "box": [0,0,1,1]}', need_view=True)


@pytest.mark.parametrize(
    "annotation",
    [
        pytest.param({"caption": "a cup"}, id="a caption"),
        pytest.param({"bbox": [], "segmentation": []}, id="fields with nothing in them"),
        pytest.param({"segmentation": {"counts": "abc", "size": [9, 9]}}, id="a mask by run length without its bbox"),
    ],
)
def test_an_annotation_that_has_no_shape_is_not_left_out_in_silence(annotation: dict[str, Any]) -> None:
    """It is refused by its id, as a line without a shape is by its number."""
    document = {**COCO, "annotations": [*COCO["annotations"], {"id": 5, "image_id": 7, **annotation}]}
    with pytest.raises(UsageError, match='annotation 5: has neither "bbox" nor polygons nor "keypoints"'):
        read(json.dumps(document))


def test_keypoints_of_which_none_is_labelled_are_no_shape_and_no_mistake() -> None:
    """COCO writes them so for whoever stands behind another."""
    hidden = {"images": COCO["images"], "annotations": [{"id": 1, "image_id": 7, "keypoints": [0, 0, 0]}]}
    assert read(json.dumps(hidden)) == []


@pytest.mark.parametrize("empty", [None, []])
def test_an_empty_bbox_beside_polygons_is_none(empty: object) -> None:
    """As exporters write it that have polygons alone."""
    annotation = {"id": 1, "image_id": 7, "bbox": empty, "keypoints": empty, "segmentation": [[0, 0, 4, 0, 4, 4]]}
    found = read(json.dumps({"images": COCO["images"], "annotations": [annotation]}))
    assert [each.shape.kind for each in found] == ["polygon"]


def test_two_pictures_of_one_id_are_refused() -> None:
    """A box would lie on either, and nobody can tell on which."""
    twice = {**COCO, "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 7, "file_name": "b.jpg"}]}
    with pytest.raises(UsageError, match=r"images: the id 7 stands for both a.jpg and b.jpg"):
        read(json.dumps(twice))
    again = {**COCO, "images": [*COCO["images"], *COCO["images"]]}
    assert len(read(json.dumps(again))) == 4
