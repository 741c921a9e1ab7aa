"""What is shipped: the public names, and a wheel that works in a bare environment."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import dynres_cli

ROOT = Path(__file__).parents[1]


def test_the_public_names_can_be_had() -> None:
    """Each name of __all__ is there, and importing the package alone loads nothing heavy."""
    assert all(getattr(dynres_cli, name) is not None for name in dynres_cli.__all__)
    script = "import sys, dynres_cli; print([name for name in ('numpy', 'PIL', 'typer') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_version_is_told_once() -> None:
    """pyproject.toml and the package agree."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == dynres_cli.__version__


def test_a_typer_without_what_our_options_are_made_of_is_not_taken() -> None:
    """Below 0.29 a variable is cut at blanks, whatever our options say, and below 0.19 no command starts at all."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    (oldest,) = (each.removeprefix("typer>=") for each in wanted if each.startswith("typer"))
    assert tuple(int(part) for part in oldest.split(".")) >= (0, 29)


def test_nothing_names_this_machine() -> None:
    """No file holds a path of the machine it was written on."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout
    paths = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    if not paths:
        pytest.skip("not a git checkout")
    here = str(ROOT.resolve()).encode()
    assert [path.name for path in paths if path.is_file() and here in path.read_bytes()] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without asking an index for anything."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    """Code and its data, with the mark that it is typed, and the man pages where `man` finds them."""
    names = zipfile.ZipFile(wheel).namelist()
    name = f"dynres-{dynres_cli.__version__}"
    assert "dynres_cli/py.typed" in names
    assert f"{name}.data/data/share/man/man1/dynres-tile.1" in names
    assert {each.split("/")[0] for each in names} == {"dynres_cli", f"{name}.dist-info", f"{name}.data"}
    data = [each for each in names if each.startswith(f"{name}.data/")]
    assert all(each.startswith(f"{name}.data/data/share/man/man1/dynres") for each in data)


def test_the_wheel_runs_in_a_bare_environment(wheel: Path, tmp_path: Path) -> None:
    """Only the package itself is installed there; its dependencies are this environment's, by their path."""
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=False)
    python = bare / "bin" / "python"
    if not python.exists():
        pytest.skip("an environment without bin/python")
    packages = next((bare / "lib").glob("python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    mine = next(path for path in sys.path if path.endswith("site-packages"))
    (packages / "dependencies.pth").write_text(mine + "\n")
    run = [str(python), "-m", "dynres_cli"]
    told = subprocess.run([*run, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "Usage: dynres" in told.stdout
    image = ROOT / "samples" / "coffee.jpg"
    subprocess.run([*run, "tile", str(image), "out"], cwd=tmp_path, capture_output=True, check=True)
    assert (tmp_path / "out" / "coffee.jpg" / "thumbnail.png").exists()
    where = subprocess.run(
        [str(python), "-c", "import dynres_cli; print(dynres_cli.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(packages) in where.stdout
