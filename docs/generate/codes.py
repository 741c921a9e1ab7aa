"""What every status, stage, failure code and flag means, in words that stand nowhere in the code."""

from __future__ import annotations

from typing import get_args

from dynres_cli.errors import FailureCode
from dynres_cli.items import Stage
from dynres_cli.report.meanings import FLAGS
from dynres_cli.resume import WORTH_RETRYING

STATUSES = {
    0: "All done.",
    1: "The run could not be done: the output is not writable or not ours, the disk is full, a lock is held, a "
    "manifest is missing, foreign, newer or unsafe.",
    2: "The call is wrong: an unknown option or name, a value out of its range, an input that does not exist, two "
    "inputs with one key.",
    3: "Finished, but some inputs failed or differ; also where `--fail-fast` or `--max-failures` ended the run.",
    4: "The inputs hold no picture that could be tried.",
    130: "Stopped by Ctrl-C (SIGINT). What was finished is whole, and the same command goes on from there.",
    143: "Stopped by SIGTERM, likewise.",
}

STAGES = {
    "read": "reading the file",
    "probe": "reading its header",
    "plan": "choosing the grid",
    "decode": "turning the file into pixels",
    "render": "resizing and cutting",
    "write": "writing what was made",
}

FAILURES = {
    "empty": "The file has no bytes.",
    "unidentified": "No format that dynres reads begins like this.",
    "truncated": "The file ends before the picture does; `--on-truncated tile` takes what there is.",
    "corrupt": "The decoder met bytes that make no picture.",
    "too_many_pixels": "The header states more pixels than `--max-pixels`.",
    "too_large_file": "The file is larger than `--max-bytes`.",
    "format_not_allowed": "A format that is known and refused, because reading it would start other programs.",
    "unreadable": "The file cannot be opened or read: permissions, a link out of the input, a bad disk.",
    "vanished": "It was there when inputs were listed, and is not any more.",
    "changed": "It, or the archive or table that holds it, changed after it was listed.",
    "timeout": "It took longer than `--timeout`; its worker was replaced.",
    "out_of_memory": "It needs more than `--max-memory`, by its header, or its worker ran out.",
    "worker_crash": "Its worker died, and died again at a second attempt.",
    "unsupported_mode": "Its pixels are of a kind that has no agreed way to RGB.",
    "not_tileable": "The family has no plan for this size, and says why; or there would be more views than "
    "`--max-tiles`.",
    "output_error": "What was made could not be written under this name.",
}

WRITTEN = {"animated": "animated:N", "upscaled": "upscaled:1.4x", "distorted": "distorted:1.1x"}
"""How flags with a number are written."""

REMARKS = {
    "exif_rotated": "Orientation 2 to 8; `--exif apply` turns the pixels.",
    "alpha_dropped": "`--alpha white` puts it over white.",
    "truncated": "With `--on-truncated tile`, and where Pillow takes a file for whole whose tail was lost.",
    "upscaled": "The larger of the two axes' scales, where it is above 1.05.",
    "distorted": "The larger axis scale over the smaller one, where that is above 1.05.",
}
"""What there is to say of a flag beside its meaning."""


def missing() -> set[str]:
    """Codes and stages that have no words yet, or words for something that does not exist."""
    codes, stages = set(get_args(FailureCode)), set(get_args(Stage))
    return (codes ^ set(FAILURES)) | (stages ^ set(STAGES))


def page() -> str:
    """The page of the reference."""
    statuses = "\n".join(f"| `{status}` | {words} |" for status, words in STATUSES.items())
    stages = "\n".join(f"| `{stage}` | {words} |" for stage, words in STAGES.items())
    failures = "\n".join(
        f"| `{code}` | {words} | {'yes' if code in WORTH_RETRYING else ''} |" for code, words in FAILURES.items()
    )
    flags = "\n".join(
        f"| `{WRITTEN.get(flag, flag)}` | {words} | {REMARKS.get(flag, '')} |" for flag, words in FLAGS.items()
    )
    return f"""# Statuses, failures, flags

## Exit statuses

| status | meaning |
|---|---|
{statuses}

## Failure codes

One bad picture never stops a run. It gets a record with a stage, a code of this closed list and a sentence; the code
is for programs, the sentence for people. Failures that may have been the machine's fault are tried again by every run;
the others only with `--retry-failed`, or once the file has changed.

| code | meaning | tried again |
|---|---|---|
{failures}

The stage says how far the picture came:

| stage | while |
|---|---|
{stages}

## Flags

Whatever a person should know of how a picture was read and fitted stands in its record's `flags`, in this order.

| flag | meaning | |
|---|---|---|
{flags}
"""
