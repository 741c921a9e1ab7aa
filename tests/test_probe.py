"""What headers state, and what is refused from them alone."""

import io
import struct
import sys
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from dynres_cli import formats
from dynres_cli.errors import ImageError
from dynres_cli.facts import Facts, FileLimits, Handling
from dynres_cli.flags import fit_flags, flags
from dynres_cli.opening import Source
from dynres_cli.peaks import peak_bytes
from dynres_cli.picture import allowed_formats
from dynres_cli.probe import probe, probe_bytes
from tests.files import SIZE, every_file, exif, picture, saved, with_tail

FILES = every_file()


def facts_of(data: bytes, name: str = "") -> Facts:
    """Probe bytes."""
    return probe_bytes(Source(data, name))


def code_of(data: bytes) -> str:
    """The code that probing fails with."""
    with pytest.raises(ImageError) as caught:
        facts_of(data)
    return caught.value.code


@pytest.mark.parametrize("name", FILES)
def test_a_path_and_its_bytes_have_the_same_facts(tmp_path: Path, name: str) -> None:
    """`inspect` of a file and of standard input agree, and both know the size."""
    path = tmp_path / name
    path.write_bytes(FILES[name])
    assert probe(str(path)) == facts_of(FILES[name], name)
    assert (probe(str(path)).width, probe(str(path)).height) == SIZE
    assert not probe(str(path)).extension_mismatch


@pytest.mark.parametrize("frames", [("moving.gif", 2), ("moving.png", 2), ("moving.webp", 2), ("pages.tif", 2)])
def test_frames_are_counted(frames: tuple[str, int]) -> None:
    """Guarantee 32: the count is a fact, and a flag."""
    facts = facts_of(FILES[frames[0]])
    assert facts.frames == frames[1]
    assert "animated:2" in flags(facts, Handling())


def test_many_frames_are_counted_quickly() -> None:
    """Guarantee 19: 5,000 frames are counted by their structure, not decoded."""
    still = saved(Image.new("P", (2, 2)), "GIF")
    at = still.index(b",", 13)
    assert facts_of(still[:at] + still[at:-1] * 5000 + b";").frames == 5000


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(struct.pack("<HLHH", 3, 1, 0, 0), id="0"),
        pytest.param(struct.pack("<HLHH", 3, 1, 9, 0), id="9"),
        pytest.param(struct.pack("<HLHH", 3, 1, 65535, 0), id="65535"),
        pytest.param(struct.pack("<HL4s", 2, 2, b"6"), id="text"),
        pytest.param(struct.pack("<HLL", 5, 1, 26), id="a fraction"),
        pytest.param(struct.pack("<HLL", 3, 1 << 30, 99), id="behind the end"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_an_invalid_orientation_means_upright(entry: bytes) -> None:
    """Guarantee 30: readers ignore what is no number from 1 to 8, and broken metadata breaks no picture."""
    tags = b"Exif\0\0II*\0" + struct.pack("<LHH", 8, 1, 0x0112) + entry + struct.pack("<LLL", 0, 6, 1)
    facts = facts_of(saved(picture(), "JPEG", exif=tags))
    assert facts.orientation == 1
    assert flags(facts, Handling()) == ()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param(b"eXIf", exif(6).tobytes()[6:], id="EXIF"),
        pytest.param(b"iTXt", b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="6"/>', id="XMP"),
    ],
)
def test_a_png_may_state_its_orientation_behind_its_pixels(kind: bytes, body: bytes) -> None:
    """Guarantee 30, trap 1: late chunks are found without decoding the picture."""
    assert facts_of(with_tail(FILES["rgb.png"], kind, body)).orientation == 6


@pytest.mark.parametrize(
    ("start", "code"),
    [
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "format_not_allowed", id="EPS"),
        pytest.param(b"%PDF-1.7\n", "format_not_allowed", id="PDF"),
        pytest.param(b'<svg xmlns="http://www.w3.org/2000/svg"/>', "format_not_allowed", id="SVG"),
        pytest.param(b"\xd7\xcd\xc6\x9a" + bytes(40), "format_not_allowed", id="WMF"),
        pytest.param(b"SIMPLE  =                    T", "format_not_allowed", id="FITS"),
        pytest.param(b"8BPS\0\1" + bytes(40), "format_not_allowed", id="Photoshop"),
        pytest.param(b"hello", "unidentified", id="text"),
        pytest.param(bytes(5000), "unidentified", id="zeros"),
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(b"\x89PNG\r\n\x1a\n", "truncated", id="a PNG of 8 bytes"),
        pytest.param(b"\xff\xd8\xff\xe0", "truncated", id="a JPEG of 4 bytes"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_is_no_allowed_picture(start: bytes, code: str) -> None:
    """Guarantee 20: by content, never by name; no refused format reaches a decoder."""
    assert code_of(start) == code


def test_a_tga_picture_is_not_taken_for_a_cursor() -> None:
    """Both begin with the same four bytes; a cursor says next how many it holds."""
    with pytest.raises(ImageError, match="this is a TGA picture"):
        facts_of(b"\0\0\2\0\0\0\0\0\0\0\0\0\4\0\4\0\x18\0" + bytes(48))
    with pytest.raises(ImageError, match="this is a Windows cursor"):
        facts_of(b"\0\0\2\0\1\0\4\4\0\0\0\0" + bytes(48))


def test_heif_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing extra is a sentence, not a silence."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    allowed_formats.cache_clear()
    with pytest.raises(ImageError, match=r"dynres\[heic\]") as caught:
        facts_of(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    allowed_formats.cache_clear()
    assert caught.value.code == "format_not_allowed"


def test_heif_is_read_where_the_extra_is_installed() -> None:
    """HEIC of phones: by content, whatever the name."""
    pillow_heif = pytest.importorskip("pillow_heif")
    out = io.BytesIO()
    pillow_heif.from_pillow(picture()).save(out)
    facts = facts_of(out.getvalue(), "a.jpg")
    assert (facts.format, facts.width, facts.height, facts.extension_mismatch) == ("HEIF", *SIZE, True)


def test_the_allowlist_is_what_reaches_pillow() -> None:
    """Guarantee 20, trap 13: no format beyond the documented ones, and none that starts a program."""
    assert set(allowed_formats()) <= {*formats.FORMATS, formats.HEIF}
    assert not {"EPS", "PDF", "WMF", "FITS", "SVG", "GBR", "PSD"} & set(allowed_formats())


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(body, zlib.crc32(kind)))


def png_header(width: int, height: int, *chunks: bytes) -> bytes:
    """A PNG that states a size and then holds nothing of it."""
    ihdr = chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + ihdr + b"".join(chunks) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


BOMBS = {
    "png": png_header(60000, 60000),
    "png-2^31": png_header(2**31 - 1, 2**31 - 1),
    "just-above": png_header(9460, 9460),
    "gif": b"GIF89a"
    + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0)
    + b","
    + bytes(4)
    + struct.pack("<HHB", 65535, 65535, 0)
    + b"\x02\x02\x4c\x01\x00;",
    "bmp": b"BM" + struct.pack("<LLL", 58, 0, 54) + struct.pack("<LllHH", 40, 2**30, 2**20, 1, 24) + bytes(24),
    "ppm": b"P6 60000 60000 255\n",
    "webp": b"RIFF"
    + struct.pack("<L", 34)
    + b"WEBPVP8X"
    + struct.pack("<L", 10)
    + b"\0\0\0\0"
    + b"\xff\x3f\0" * 2
    + b"VP8L"
    + struct.pack("<L", 4)
    + b"\x2f\xff\xff\xff",
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.filterwarnings("ignore")
def test_bombs_are_refused_from_the_header(name: str) -> None:
    """Guarantee 18: in 5 MB and a moment (a second of the processor, where memory is traced)."""
    with pytest.raises(ImageError):
        facts_of(b"GIF")  # the plugins are imported once, before anything is measured
    tracemalloc.start()
    began = time.process_time()
    code = code_of(BOMBS[name])
    spent, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert code in (("too_many_pixels", "corrupt") if name == "webp" else ("too_many_pixels",))
    assert spent < 1
    assert peak < 5_000_000


@pytest.mark.filterwarnings("ignore")
def test_the_ceiling_is_ours_and_pillows_own_is_left_as_it_was() -> None:
    """Guarantee 18: a higher limit opens what Pillow alone would refuse, and nothing global has changed after it."""
    before = Image.MAX_IMAGE_PIXELS
    data = png_header(20000, 20000)
    assert code_of(data) == "too_many_pixels"
    assert probe_bytes(Source(data), FileLimits(max_pixels=400_000_000)).width == 20000
    with pytest.raises(ImageError, match="399,999,999"):
        probe_bytes(Source(data), FileLimits(max_pixels=399_999_999))
    assert before == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("kind", [b"iCCP", b"zTXt"])
@pytest.mark.filterwarnings("ignore")
def test_side_chunks_are_no_way_in(kind: bytes) -> None:
    """Guarantee 19, trap 7: a chunk that inflates to 100 MB fails the picture and takes no memory."""
    body = b"x\0\0" + zlib.compress(bytes(100_000_000), 1)
    data = png_header(
        4, 4, struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(body, zlib.crc32(kind)))
    )
    assert code_of(data) == "corrupt"


@pytest.mark.parametrize(
    ("name", "mismatch"),
    [("a.jpg", True), ("a.png", False), ("a", False), ("a.dat", False), ("a.PNG", False), ("a.jpg.png", False)],
)
def test_an_extension_that_lies_is_noted(name: str, mismatch: bool) -> None:
    """Guarantee 20: a PNG named .jpg is tiled, and flagged; an unknown extension says nothing."""
    facts = facts_of(FILES["rgb.png"], name)
    assert facts.extension_mismatch is mismatch
    assert flags(facts, Handling()) == (("extension_mismatch",) if mismatch else ())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rgba.png", ("alpha_dropped",)),
        ("transparent.png", ("alpha_dropped",)),
        ("la.png", ("alpha_dropped",)),
        ("key.png", ("alpha_dropped",)),
        ("deep.png", ("clipped_16bit",)),
        ("float.tif", ("clipped_16bit",)),
        ("cmyk.jpg", ("cmyk",)),
        ("baseline.jpg", ()),
    ],
)
def test_what_is_lost_is_flagged(name: str, expected: tuple[str, ...]) -> None:
    """Guarantee 31: a flag wherever reading loses something, and none where it does not."""
    assert flags(facts_of(FILES[name]), Handling()) == expected
    kept = flags(facts_of(FILES[name]), Handling(alpha="white", depth16="scale"))
    assert not {"alpha_dropped", "clipped_16bit"} & set(kept)


def test_flags_have_one_order() -> None:
    """The contract's order, with the fit between the rest and the extension."""
    facts = Facts(1, "PNG", "CMYK", 9, 9, 6, frames=3, has_alpha=True, icc_not_srgb=True, extension_mismatch=True)
    found = flags(facts, Handling(), fit_flags(1.4, 1.2444), truncated=True, grid_flipped=True)
    assert found == (
        "exif_rotated", "grid_flipped_by_exif", "alpha_dropped", "cmyk", "icc_not_srgb", "truncated", "animated:3",
        "upscaled:1.4x", "distorted:1.1x", "extension_mismatch",
    )  # fmt: skip
    assert fit_flags(1.05, 1.0) == ()


def test_turned_pictures_are_not_flagged() -> None:
    """Guarantee 30: the flag means that the pixels lie; a TIFF and an applied tag do not."""
    tiff = facts_of(saved(picture(), "TIFF", exif=exif(6)))
    assert (tiff.orientation, tiff.width, tiff.height) == (6, SIZE[1], SIZE[0])
    assert tiff.oriented(Handling())
    assert flags(tiff, Handling()) == ()
    jpeg = facts_of(saved(picture(), "JPEG", exif=exif(6)))
    assert flags(jpeg, Handling()) == ("exif_rotated",)
    assert flags(jpeg, Handling(exif="apply")) == ()


def test_profiles_that_are_not_srgb_are_flagged() -> None:
    """The references ignore profiles: right for sRGB, a shift of colours for the others."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert not facts_of(saved(picture(), "JPEG", icc_profile=srgb)).icc_not_srgb
    wide = srgb.replace(b"s\0R\0G\0B", b"w\0i\0d\0e").replace(b"sRGB", b"wide")
    assert facts_of(saved(picture(), "JPEG", icc_profile=wide)).icc_not_srgb
    assert facts_of(saved(picture(), "PNG", icc_profile=bytes(200))).icc_not_srgb


@pytest.mark.parametrize("name", FILES)
def test_the_peak_is_stated_before_decoding(name: str) -> None:
    """Guarantee 15: file, levels and room for the decoder; never less than the levels alone."""
    facts = facts_of(FILES[name])
    assert peak_bytes(facts) >= facts.bytes + 4 * facts.width * facts.height + 16 * 1024 * 1024


@pytest.mark.parametrize(("width", "height", "taken"), [(12_000_000, 1, 240), (1, 12_000_000, 194)])
def test_the_peak_of_a_line_is_more_than_that_of_its_pixels(width: int, height: int, taken: int) -> None:
    """Guarantee 15: millions of bytes that RGB with alpha took over white, measured with Pillow 13."""
    line = Facts(bytes=0, format="PNG", mode="RGBA", width=width, height=height)
    square = Facts(bytes=0, format="PNG", mode="RGBA", width=4000, height=3000)
    assert peak_bytes(line) >= taken * 1_000_000
    assert peak_bytes(square) < 101_000_000


def test_junk_behind_the_end_of_a_picture_is_ignored() -> None:
    """Cameras append things; the facts are the picture's."""
    assert facts_of(FILES["baseline.jpg"] + bytes(1000)).width == SIZE[0]
    assert io.BytesIO(FILES["baseline.jpg"]).read(2) == b"\xff\xd8"
