"""Who may import whom: the table of the design, held as data and read from the source."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, features

from dynres_cli.cli.app import COMMANDS

PACKAGE = Path(__file__).parent.parent / "dynres_cli"

LAYERS = {
    0: ("errors", "amounts"),
    1: ("geometry", "svg", "items", "storage", "engines", "formats", "arena", "addresses", "urls", "jsontext", "names"),
    2: (
        *(
            "strategies",
            "presets",
            "manifest",
            "keys",
            "globs",
            "facts",
            "flags",
            "peaks",
            "headers",
            "tree",
            "source",
            "opening",
        ),
        *("ordering", "lists", "ranges", "fetching", "containers", "prefixes"),
        *("depth", "picture", "webp", "png", "jpeg", "probe", "decode"),
        *("interpolate", "kernels", "resample", "normalize"),
    ),
    3: (
        *("recipe", "handling", "render", "packed", "sinks", "resume", "fitting", "outcome"),
        *("leftovers", "aside", "needs", "given"),
    ),
    4: ("job", "choices", "api"),
    5: ("operations",),
    6: ("report",),
    7: ("cli", "__main__"),
}
LAYER_OF = {name: layer for layer, names in LAYERS.items() for name in names}

FORBIDDEN = {
    "strategies": ("PIL", "numpy", "pathlib", "typer"),
    "geometry": ("PIL", "numpy", "pathlib", "typer"),
    "engines": ("PIL", "numpy", "typer"),
    "render": ("dynres_cli.strategies",),
}


def modules() -> Iterator[tuple[str, Path]]:
    """Every source file with the part of the package it belongs to."""
    for path in sorted(PACKAGE.rglob("*.py")):
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if part != "__init__":
            yield part, path


def imports(path: Path) -> Iterator[str]:
    """The full names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def part_of(module: str) -> str | None:
    """The part of our package that a module belongs to, None for others' modules."""
    names = module.split(".")
    return names[1] if names[0] == "dynres_cli" and len(names) > 1 else None


@pytest.mark.parametrize(
    ("part", "path"), [pytest.param(*each, id=str(each[1].relative_to(PACKAGE))) for each in modules()]
)
def test_a_module_imports_only_its_own_layer_or_lower_ones(part: str, path: Path) -> None:
    """Data travel one way; a new module has to be given its place in the table."""
    assert part in LAYER_OF, f"{part} has no layer yet"
    for module in imports(path):
        imported = part_of(module)
        if imported in LAYER_OF:
            assert LAYER_OF[imported] <= LAYER_OF[part], f"{part} imports {module}"


@pytest.mark.parametrize(
    ("part", "path"), [pytest.param(*each, id=str(each[1].relative_to(PACKAGE))) for each in modules()]
)
def test_a_module_keeps_away_from_what_is_not_its_business(part: str, path: Path) -> None:
    """Geometry knows no pixels, engines know no pictures, the renderer knows no strategy, only the CLI knows Typer."""
    forbidden = FORBIDDEN.get(part, ()) if part in ("cli", "__main__") else (*FORBIDDEN.get(part, ()), "typer")
    for module in imports(path):
        assert not any(module == name or module.startswith(name + ".") for name in forbidden), (
            f"{part} imports {module}"
        )


def test_engines_import_only_errors_and_items() -> None:
    """An engine is a parallel map: it could run anything."""
    for part, path in modules():
        if part == "engines":
            ours = {part_of(module) for module in imports(path)} - {None}
            assert ours <= {"engines", "errors", "items"}, path


def test_only_report_prints() -> None:
    """Everything a user reads comes from one place, save Typer's own output and the last line of an error."""
    for part, path in modules():
        if part not in ("report", "__main__"):
            nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
            calls = [node.func for node in nodes if isinstance(node, ast.Call)]
            said = {ast.unparse(call) for call in calls}
            assert not [call for call in said if call == "print" or re.match(r"sys\.std(out|err)\b", call)], path


def test_errors_that_end_a_run_are_caught_by_few() -> None:
    """A store that gives no answer says nothing about what lies there: whoever reads an output catches Unsound."""
    may = {"engines/contract.py", "engines/worker.py", "engines/remote.py", "job.py", "operations/tiling.py"}
    may |= {"operations/shards/putting.py", "storage/leases.py"}
    for _part, path in modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_suppressing = isinstance(node, ast.Call) and ast.unparse(node.func) == "suppress"
            if isinstance(node, ast.ExceptHandler) or is_suppressing:
                caught = ast.unparse(node.type) if isinstance(node, ast.ExceptHandler) and node.type else ""
                caught += " ".join(map(ast.unparse, node.args)) if isinstance(node, ast.Call) else ""
                assert "RunError" not in caught or path.relative_to(PACKAGE).as_posix() in may, path


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_imports_nothing_heavy(command: list[str]) -> None:
    """Help is there at once: no NumPy, numba, Pillow, pydantic or Rich is imported for it."""
    script = (
        "import sys, atexit\n"
        "heavy = ('numpy', 'numba', 'PIL', 'pydantic', 'rich', 'tqdm')\n"
        "atexit.register(lambda: print([name for name in heavy if name in sys.modules], file=sys.stderr))\n"
        "from dynres_cli.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command, "--help"], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
    assert "Usage: dynres" in done.stdout


def test_opening_imports_no_plugin_of_a_format_that_is_never_opened(tmp_path: Path) -> None:
    """Pillow would import all of its forty plugins for the first WebP: in every worker, and whatever they can do."""
    kinds = {"a.webp": "WEBP", "a.tif": "TIFF", "a.avif": "AVIF", "a.jp2": "JPEG2000", "a.ppm": "PPM", "a.jpg": "MPO"}
    for name, kind in kinds.items():
        if kind == "AVIF" and not features.check("avif"):
            continue
        Image.new("RGB", (9, 9)).save(tmp_path / name, kind, **({"save_all": True} if kind == "MPO" else {}))
    script = (
        "import sys, pathlib\n"
        "from dynres_cli.facts import FileLimits\n"
        "from dynres_cli.picture import in_memory, opened_picture\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    with opened_picture(in_memory(path.read_bytes()), FileLimits()) as picture:\n"
        "        picture.load()\n"
        "print([name for name in sys.modules if name.startswith(('PIL.Psd', 'PIL.Eps', 'PIL.Fli', 'PIL.Icns'))])\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_inspect_needs_no_numpy() -> None:
    """A header is read with Pillow alone: the answer is there before NumPy or pydantic would be."""
    picture = PACKAGE.parent / "samples" / "coffee.jpg"
    script = (
        "import sys, atexit\n"
        "heavy = ('numpy', 'numba', 'pydantic', 'rich', 'tqdm')\n"
        "atexit.register(lambda: print([name for name in heavy if name in sys.modules], file=sys.stderr))\n"
        "from dynres_cli.__main__ import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", script, "inspect", str(picture)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
