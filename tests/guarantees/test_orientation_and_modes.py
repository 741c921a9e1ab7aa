"""Guarantees 30 and 31: pictures that are stored turned, and pixels of every mode."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.guarantees import corpus
from tests.guarantees.command import images, tile
from tests.pictures import gradient


def test_orientation_is_applied_once_or_not_at_all(tmp_path: Path) -> None:
    """Guarantee 30: eight orientations in four formats: one picture with --exif apply, else raw pixels and a flag."""
    upright = Image.fromarray(gradient(56, 28))
    stored_as = {
        6: Image.Transpose.ROTATE_90,
        8: Image.Transpose.ROTATE_270,
        5: Image.Transpose.TRANSPOSE,
        7: Image.Transpose.TRANSVERSE,
        3: Image.Transpose.ROTATE_180,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
    }
    folder = tmp_path / "in"
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = upright.transpose(stored_as[orientation]) if orientation > 1 else upright
        ways: dict[str, dict[str, object]] = {"png": {}, "webp": {"lossless": True}, "tiff": {}}
        for kind, how in ways.items():
            data = corpus.encoded(stored, format=kind, exif=exif, **how)
            corpus.write_all(folder, {f"{orientation}.{kind}": data})
    for value in (0, 9, 65535):
        exif = Image.Exif()
        exif[0x0112] = value
        corpus.write_all(folder, {f"odd{value}.png": corpus.encoded(upright, format="PNG", exif=exif)})
    assert tile(folder, tmp_path / "applied", "--exif", "apply").returncode == 0
    pixels = {
        tuple(entry["pixels_sha256"] for entry in record["files"] if entry["kind"] != "tensor")
        for record in images(tmp_path / "applied").values()
    }
    assert len(pixels) == 1
    assert tile(folder, tmp_path / "stored").returncode == 0
    for key, record in images(tmp_path / "stored").items():
        turned = key[0] in "2345678" and not key.endswith("tiff")
        assert ("exif_rotated" in record["flags"]) == turned, key
        if key[0] in "5678" and turned:
            assert (record["width"], record["height"]) == (28, 56), key


def modes() -> dict[str, Image.Image]:
    """One picture a mode that files can hold."""
    ramp = np.linspace(0, 65535, 56 * 56).reshape(56, 56)
    image = Image.fromarray(gradient(56, 56))
    alpha = Image.linear_gradient("L").resize((56, 56))
    with_alpha = image.copy()
    with_alpha.putalpha(alpha)
    floats = ramp.astype(np.float32) / 65535
    floats[0, 0], floats[0, 1] = np.nan, np.inf
    return {
        "one.png": image.convert("1"),
        "palette.png": image.quantize(16),
        "la.png": with_alpha.convert("LA"),
        "rgba.png": with_alpha,
        "deep.png": Image.fromarray(ramp.astype(np.uint16)),
        "int.tif": Image.fromarray(ramp.astype(np.int32)),
        "float.tif": Image.fromarray(floats),
        "cmyk.jpg": image.convert("CMYK"),
        "lab.tif": image.convert("LAB"),
    }


FLAGS = {
    "la.png": "alpha_dropped",
    "rgba.png": "alpha_dropped",
    "deep.png": "clipped_16bit",
    "int.tif": "clipped_16bit",
    "float.tif": "clipped_16bit",
    "cmyk.jpg": "cmyk",
}


def test_no_mode_is_clipped_in_silence(tmp_path: Path) -> None:
    """Guarantee 31: nine modes are tiled as Pillow maps them, six with their flag; scaled, a 16-bit ramp stays one."""
    folder = tmp_path / "in"
    for name, image in modes().items():
        form = {"png": "PNG", "jpg": "JPEG", "tif": "TIFF"}[name[-3:]]
        corpus.write_all(folder, {name: corpus.encoded(image, format=form)})
    assert tile(folder, tmp_path / "out").returncode == 0
    records = images(tmp_path / "out")
    assert set(records) == set(modes())
    for name, flag in FLAGS.items():
        assert flag in records[name]["flags"], name
    lossless = ("--depth16", "scale", "--alpha", "white", "--image-size", "56")
    assert tile(folder, tmp_path / "kept", *lossless).returncode == 0
    kept = images(tmp_path / "kept")
    assert not any({"alpha_dropped", "clipped_16bit"} & set(record["flags"]) for record in kept.values())
    for name in ("deep.png", "int.tif"):
        with Image.open(tmp_path / "kept" / kept[name]["files"][0]["path"]) as view:
            levels = np.asarray(view)[:, :, 0].astype(int).ravel()
        assert (levels[0], levels[-1]) == (0, 255)
        assert (np.diff(levels) >= 0).all()
        assert len(np.unique(levels)) == 256
