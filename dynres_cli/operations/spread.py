"""A sample of pictures that is spread evenly over all, and the same for every command."""

from __future__ import annotations


def is_sampled(number: int, images: int, sample: int | None) -> bool:
    """Whether the picture of this number, of so many in key order, is in the sample; without one every picture is."""
    if sample is None or sample >= images:
        return True
    return (number + 1) * sample // images > number * sample // images
