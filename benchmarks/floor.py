"""The least that any program must do for the same files: the best decode of each, and writing the same number of bytes.

The sizes are taken from a finished output of dynres; nothing is resized or compressed. It prints the seconds as JSON,
counted inside, so that Python's own start is not part of the floor.

    python benchmarks/floor.py IN FINISHED OUT
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import simplejpeg
from PIL import Image

BUFFER = bytes(range(256)) * (1 << 18)  # 64 MiB, more than the largest file


def decode(path: Path) -> None:
    """The whole picture into memory by the fastest decoder at hand."""
    if path.suffix == ".jpg":
        simplejpeg.decode_jpeg(path.read_bytes())
    else:
        with Image.open(path) as image:
            image.load()


def sizes(finished: Path) -> list[tuple[str, int]]:
    """The name and the size of every file that a picture's folder got."""
    return [(path.name, path.stat().st_size) for path in sorted(finished.iterdir())]


def write(folder: Path, files: list[tuple[str, int]]) -> None:
    """Files of these names and sizes, straight from one buffer."""
    folder.mkdir(parents=True)
    whole = memoryview(BUFFER)
    for name, size in files:
        with (folder / name).open("wb", buffering=0) as file:
            file.write(whole[:size])


def main() -> None:
    """Decode and write every picture of the folder."""
    source, finished, out = (Path(argument) for argument in sys.argv[1:])
    work = [(path, sizes(finished / path.name)) for path in sorted(source.iterdir())]
    start = time.perf_counter()
    for path, files in work:
        decode(path)
        write(out / path.name, files)
    print(json.dumps({"seconds": time.perf_counter() - start}))


if __name__ == "__main__":
    main()
