"""Finds the image processors of transformers, whose class names mean different things in its versions 4 and 5.

In 4.57 `XImageProcessor` is the Pillow one and `XImageProcessorFast` the torch one; in 5.x `XImageProcessorPil` is the
Pillow one and `XImageProcessor` the torch one.
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
from PIL import Image

os.environ.setdefault("HF_HUB_OFFLINE", "1")


def transformers_major() -> int:
    """4 or 5."""
    return int(version("transformers").split(".")[0])


@functools.cache
def ready_torch() -> None:
    """Make torchvision importable on a CPU, and keep torch to one thread.

    torchvision's compiled operators are not in the CPU build; its Python transforms only need them to be declared.
    """
    import torch  # noqa: PLC0415 - torch takes seconds and the contract alone does not need it

    torch.set_num_threads(1)
    for name in ("nms", "qnms"):
        torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def pillow_class(family: str, name: str) -> Any:  # noqa: ANN401 - transformers' classes have no common useful type
    """The class that resizes with Pillow, under either version: `pillow_class("got_ocr2", "GotOcr2")`."""
    if transformers_major() == 4:
        return _class(f"{family}.image_processing_{family}", f"{name}ImageProcessor")
    return _class(f"{family}.image_processing_pil_{family}", f"{name}ImageProcessorPil")


def torch_class(family: str, name: str) -> Any:  # noqa: ANN401 - transformers' classes have no common useful type
    """The class that resizes with torch, under either version."""
    if transformers_major() == 4:
        return _class(f"{family}.image_processing_{family}_fast", f"{name}ImageProcessorFast")
    return _class(f"{family}.image_processing_{family}", f"{name}ImageProcessor")


def _class(module: str, name: str) -> Any:  # noqa: ANN401 - see above
    ready_torch()
    return getattr(importlib.import_module(f"transformers.models.{module}"), name)


def arrays_of(output: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """A processor's output for return_tensors="pt" as NumPy arrays; bfloat16, which NumPy lacks, as float32."""
    return {name: _array(value) for name, value in output.items()}


def _array(value: Any) -> np.ndarray:  # noqa: ANN401 - tensors and nested lists
    import torch  # noqa: PLC0415 - see ready_torch

    if not isinstance(value, torch.Tensor):
        return np.asarray(value)
    return (value.float() if value.dtype == torch.bfloat16 else value).numpy()


def run_class(processor: Any, image: Image.Image, **settings: Any) -> dict[str, np.ndarray]:  # noqa: ANN401 - the same
    """Everything that a processor returns for one picture."""
    return arrays_of(processor(images=image, return_tensors="pt", **settings))
