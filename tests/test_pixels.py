"""The command's own files hold the reference's pixels and values, for real photographs, under the installed Pillow."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from dynres_cli.strategies.llava_next import V1_6_PINPOINTS
from tests.cli.command import SAMPLES, dynres, manifest
from tests.pictures import internvl_views, llava_views

STATISTICS = {
    "internvl2": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "llava-v1.6": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
}
PICTURES = sorted(
    path.relative_to(SAMPLES).as_posix() for path in SAMPLES.rglob("*") if path.suffix in (".jpg", ".png")
)


def reference(preset: str, path: Path) -> list[npt.NDArray[np.uint8]]:
    """The views as the original repositories make them: EXIF ignored, alpha dropped."""
    pixels = np.asarray(Image.open(path).convert("RGB"))
    return internvl_views(pixels) if preset == "internvl2" else llava_views(pixels, V1_6_PINPOINTS)


@pytest.fixture(scope="module", params=sorted(STATISTICS))
def tiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """All samples, tiled by the command for one preset."""
    out = tmp_path_factory.mktemp(request.param) / "out"
    assert dynres("tile", SAMPLES, out, "--preset", request.param, "--no-fsync", "-q").status == 0
    return request.param, out


@pytest.mark.parametrize("name", PICTURES)
def test_every_png_and_every_tensor_is_the_references(tiled: tuple[str, Path], name: str) -> None:
    """Each view's pixels and the whole float32 tensor, byte for byte, in the model's order."""
    preset, out = tiled
    views = reference(preset, SAMPLES / name)
    record = next(each for each in manifest(out)["images"] if each["key"] == name)
    shown = sorted((each for each in record["files"] if each["kind"] != "tensor"), key=lambda each: each["view"])
    assert len(shown) == len(views) == record["total"]
    for entry, view in zip(shown, views, strict=True):
        assert np.array_equal(np.asarray(Image.open(out / entry["path"])), view), entry["path"]
        assert entry["pixels_sha256"] == hashlib.sha256(view.tobytes()).hexdigest()
    mean, std = (np.array(values, np.float32) for values in STATISTICS[preset])
    expected = np.stack(
        [((view.astype(np.float32) / np.float32(255) - mean) / std).transpose(2, 0, 1) for view in views]
    )
    file = io.BytesIO()
    np.save(file, expected)
    assert (out / name / "pixel_values.npy").read_bytes() == file.getvalue()
