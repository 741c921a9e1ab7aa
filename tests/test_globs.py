"""Globs as people know them."""

import pytest

from dynres_cli.globs import Filter, compiled


@pytest.mark.parametrize(
    ("pattern", "key", "matches"),
    [
        pytest.param("*.jpg", "x/y/a.jpg", True, id="without a slash: at any depth"),
        pytest.param("cats/*.jpg", "cats/a.jpg", True, id="with a slash: from the top"),
        pytest.param("cats/*.jpg", "x/cats/a.jpg", False, id="and only from there"),
        pytest.param("cats/*.jpg", "cats/b/a.jpg", False, id="a star stays in one name"),
        pytest.param("cats/**", "cats/b/a.jpg", True, id="two stars do not"),
        pytest.param("**/b/*.jpg", "b/a.jpg", True, id="two stars may be nothing"),
        pytest.param("*.{jpg,png}", "a.png", True, id="either"),
        pytest.param("a{b", "a{b", True, id="a lone brace is itself"),
        pytest.param("[ab]?.png", "b1.png", True, id="a class and any character"),
        pytest.param("[!ab].png", "a.png", False, id="a negated class"),
        pytest.param("[a-c].png", "b.png", True, id="a range"),
        pytest.param("[^a].png", "b.png", True, id="negated the other way"),
        pytest.param("\\*.png", "x.png", False, id="escaped"),
        pytest.param("a.png", "aXpng", False, id="a dot is a dot"),
        pytest.param("*", "a\nb", True, id="a newline is a character"),
        pytest.param("[", "[", True, id="an open bracket is itself"),
        pytest.param("/a.jpg", "x/a.jpg", False, id="a leading slash begins at the top"),
    ],
)
def test_patterns(pattern: str, key: str, matches: bool) -> None:
    """The rules of ripgrep's -g, as far as they are documented."""
    assert (compiled(pattern).fullmatch(key) is not None) is matches


def test_exclude_wins_over_include() -> None:
    """What both name is left out, and an excluded folder takes everything with it."""
    chosen = Filter(include=("*.jpg",), exclude=("old", "b*"))
    assert [chosen.file(key) for key in ("a.jpg", "a.png", "b.jpg")] == [True, False, False]
    assert not chosen.folder("x/old")
