"""An input's place below the output: order, safety, shards."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli import keys
from dynres_cli.errors import UsageError

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def suffix(source: str) -> str:
    """What a key that had to move ends with."""
    return "~" + hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()[:8]


@pytest.mark.parametrize(
    ("source", "key"),
    [
        pytest.param("a.jpg", "a.jpg", id="an ordinary name is its own key"),
        pytest.param("manifest.json", "manifest.json" + suffix("manifest.json"), id="our own file's name"),
        pytest.param(
            "report.html/x.jpg", "report.html" + suffix("report.html/x.jpg") + "/x.jpg", id="a folder of that name"
        ),
        pytest.param(".dynres-lock", ".dynres-lock" + suffix(".dynres-lock"), id="our prefix"),
        pytest.param("cats/manifest.json", "cats/manifest.json", id="only the first part is ours"),
        pytest.param("Manifest.json", "Manifest.json", id="case matters where the output keeps it"),
        pytest.param("C:/x.jpg", "C" + suffix("C:/x.jpg") + "/x.jpg", id="a drive, as a folder"),
        pytest.param("C:\\x.jpg", "C\\x.jpg" + suffix("C:\\x.jpg"), id="a drive, in a file's name"),
        pytest.param("cats/C:/x.jpg", "cats/C:/x.jpg", id="below a folder it is no drive"),
        pytest.param("ab:/x.jpg", "ab:/x.jpg", id="drives have one letter"),
    ],
)
def test_our_own_names_are_never_a_key(source: str, key: str) -> None:
    """Guarantee 27: a first part that dynres itself writes, or refuses, gets 8 digits of the whole key's sha256."""
    assert keys.key_for(source) == key


def test_an_output_that_folds_case_keeps_twins_apart() -> None:
    """Guarantee 27: A.jpg and a.jpg, NFC and NFD have four places, and those who fold to themselves keep theirs."""
    sources = ["a.jpg", "A.jpg", "\u00e9.jpg", "e\u0301.jpg", "Manifest.JSON/a.jpg", "x/B.png", "x/b.png"]
    places = [keys.key_for(source, fold=True) for source in sources]
    assert len({keys.folded(place) for place in places}) == len(sources)
    assert places[0] == "a.jpg"
    assert places[1] == "A.jpg" + suffix("A.jpg")
    assert not keys.is_reserved(places[4].partition("/")[0].partition("~")[0])


@given(st.sets(PATHS, max_size=8))
def test_places_never_meet(sources: set[str]) -> None:
    """Guarantee 27: whatever the names, folded or not, no two inputs share a place."""
    assert len({keys.key_for(source) for source in sources}) == len(sources)
    assert len({keys.folded(keys.key_for(source, fold=True)) for source in sources}) == len(sources)


def test_nobody_can_choose_the_place_of_another() -> None:
    """Guarantee 27: a name made to look like our answer to a reserved one is moved itself."""
    for crafted in ("manifest.json" + suffix("manifest.json"), "C\\x.jpg" + suffix("C:\\x.jpg"), "C" + suffix("C:")):
        assert keys.key_for(crafted) == crafted + suffix(crafted)


@pytest.mark.parametrize("letter", ["A", "É", "\udc80"])
def test_a_suffix_fits_into_a_name_of_255_bytes(letter: str) -> None:
    """Guarantee 28: a long name is cut between characters, so that the suffix fits."""
    size = len(keys.to_bytes(letter))
    place = keys.key_for("x/" + letter * (255 // size), fold=True) if size < 3 else keys.key_for("x/" + letter * 85)
    assert len(keys.to_bytes(place.partition("/")[2])) <= 255


@given(st.lists(st.text(st.sampled_from("a/-.~\u00e9\U0001f600\udc80\udcff"), max_size=5)))
def test_order_is_that_of_the_bytes(names: list[str]) -> None:
    """Code points and UTF-8 bytes differ for names that are not UTF-8; the bytes decide."""
    assert keys.in_byte_order(names) == sorted(names, key=keys.to_bytes)


@pytest.mark.parametrize(
    "named",
    [
        pytest.param([("a.jpg", "x/a.jpg"), ("a.jpg", "y/a.jpg")], id="one key"),
        pytest.param([("a", "x/a"), ("a-b", "a-b"), ("a/b.jpg", "y/a/b.jpg")], id="a parent, with a name between"),
        pytest.param([("", "."), ("b.jpg", "b.jpg")], id="inside the folder itself"),
    ],
)
def test_inputs_that_would_meet_are_refused(named: list[tuple[str, str]]) -> None:
    """Two inputs with one key, or one the parent of another: a usage error that names both."""
    with pytest.raises(UsageError) as caught:
        keys.check_distinct(named)
    assert repr(named[0][1]) in str(caught.value)
    assert repr(named[-1][1]) in str(caught.value)


@given(PATHS, st.integers(1, 50))
def test_every_key_is_in_one_shard(key: str, count: int) -> None:
    """The parts of a list are disjoint and leave nothing out."""
    assert sum(keys.KeyShard(index, count).holds(key) for index in range(1, count + 1)) == 1


def test_a_shard_follows_the_first_eight_bytes_of_the_sha256() -> None:
    """Other programs may compute it: sha256 of the key, 8 bytes, big endian, modulo N, counted from 1."""
    number = int.from_bytes(hashlib.sha256(b"cats/a.jpg").digest()[:8], "big")
    assert keys.KeyShard(number % 7 + 1, 7).holds("cats/a.jpg")


@pytest.mark.parametrize("text", ["0/4", "5/4", "1/0", "1", "a/b", "1/4/2", "-1/4", ""])
def test_shards_that_do_not_exist_are_refused(text: str) -> None:
    """A shard is i/N with 1 <= i <= N."""
    with pytest.raises(UsageError, match="shard"):
        keys.KeyShard.parse(text)


def test_the_digest_of_a_list_is_that_of_its_keys_and_zero_bytes() -> None:
    """A newline in a name must not look like two names."""
    listed = keys.KeyList()
    for key in ("a\nb", "c\udcff"):
        listed.add(key)
    assert (listed.count, listed.digest) == (2, hashlib.sha256(b"a\nb\0c\xff\0").hexdigest())
