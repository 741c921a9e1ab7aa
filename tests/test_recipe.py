"""A name that does not exist is answered with the nearest one that does."""

from __future__ import annotations

import pytest

from dynres_cli.errors import UsageError
from dynres_cli.recipe import resolve


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        pytest.param("InternVL2", "internvl2", id="capitals"),
        pytest.param("Qwen/Qwen2.5-VL-7B-Instruct", "qwen2.5-vl", id="a checkpoint of a hub"),
        pytest.param("openbmb/MiniCPM-V-2_6", "minicpm-v-2.6", id="its name spelt otherwise"),
        pytest.param("llava-hf/llava-v1.6-mistral-7b-hf", "llava-v1.6 or llava-v1.6-hf", id="two that it may be"),
        pytest.param("qwen2_vl", "qwen2-vl", id="an underscore"),
        pytest.param("openbmb/MiniCPM-V-4_5", "minicpm-v-2.6 or minicpm-v-4.6", id="another version"),
    ],
)
def test_a_checkpoints_name_leads_to_its_preset(name: str, meant: str) -> None:
    """It is what stands in everybody's configuration."""
    with pytest.raises(UsageError, match=rf"named '{name}'; did you mean {meant}\?"):
        resolve(name)


@pytest.mark.parametrize("overrides", [{"max_num": "9" * 5000}, {"thumbnail": "x" * 5000}, {"x" * 5000: 1}])
def test_a_wrong_value_is_not_printed_as_a_whole(overrides: dict[str, object]) -> None:
    """A file's content may be given for one."""
    with pytest.raises(UsageError) as caught:
        resolve("internvl2", overrides=overrides)
    assert len(str(caught.value)) < 200
