"""`dynres tile --engine ray`: the same bytes from a cluster as from one process, whatever dies on the way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from PIL import Image

from tests.cli.command import ROOT, dynres, tree
from tests.engines.clusters import ON_RAY, TwoNodes, cluster_of_two
from tests.operations.outputs import SMALL, pictures, tiled
from tests.pictures import noise

QUICK = ("--image-size", "28", "--max-num", "6", "--no-fsync", "-q")


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[TwoNodes]:
    """A cluster of its own, for other tests kill parts of theirs."""
    with cluster_of_two() as found:
        yield found


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hundred and forty pictures and more, so that they travel in chunks of two, and two that are none."""
    folder = pictures(tmp_path_factory.mktemp("ray") / "in")
    for number in range(140):
        Image.fromarray(noise(200 + number, 300, number)).save(folder / f"{number:03d}.png", compress_level=1)
    (folder / "empty.png").touch()
    return folder


@pytest.fixture(scope="module")
def expected(many: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one process makes of them."""
    return tree(tiled(many, tmp_path_factory.mktemp("expected") / "out", *SMALL))


def on(two_nodes: TwoNodes) -> tuple[str, ...]:
    """The options for a run on the cluster."""
    return (*QUICK, "--engine", "ray", "--ray-address", two_nodes.address, "--shared-fs")


def test_without_the_package_the_extra_is_named(tmp_path: Path) -> None:
    """One sentence, exit 2, and no output folder."""
    script = "import sys; sys.modules['ray'] = None; from dynres_cli.__main__ import main; main()"
    command = [sys.executable, "-c", script, "tile", "samples", str(tmp_path / "out"), "--engine", "ray"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'dynres[ray]'" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_rays_options_need_its_engine(tmp_path: Path) -> None:
    """Exit 2: they would silently do nothing."""
    ran = dynres("tile", "samples", tmp_path / "out", "--shared-fs")
    assert ran.status == 2
    assert "--engine ray" in ran.err


class TestOnACluster:
    """What needs Ray itself."""

    pytestmark: ClassVar = list(ON_RAY)

    def test_a_cluster_writes_the_bytes_of_one_process(
        self, two_nodes: TwoNodes, many: Path, expected: dict[str, bytes], tmp_path: Path
    ) -> None:
        """Relative paths are the driver's; a second run finds everything finished."""
        shutil.copytree(many, tmp_path / "in")
        ran = dynres("tile", "in", "out", *on(two_nodes), "--json", cwd=tmp_path)
        assert (ran.status, ran.json["tiled"], ran.json["failed"]) == (3, 144, 2)
        assert tree(tmp_path / "out") == expected
        again = dynres("tile", "in", "out", *on(two_nodes), "--json", cwd=tmp_path)
        assert (again.json["tiled"], again.json["skipped"]) == (0, 144)

    def test_a_ray_of_its_own_needs_no_cluster(self, tmp_path: Path) -> None:
        """Without an address Ray is started on this machine, for this run alone, and says nothing on stdout."""
        source = pictures(tmp_path / "in")
        ran = dynres("tile", source, tmp_path / "out", *QUICK, "--engine", "ray", "-j", "2", "--json")
        assert (ran.status, ran.json["tiled"]) == (3, 4)
        assert tree(tmp_path / "out") == tree(tiled(source, tmp_path / "expected"))

    def test_several_nodes_with_a_local_output_are_refused(self, two_nodes: TwoNodes, tmp_path: Path) -> None:
        """Exit 2 with the option that allows it, before a folder is made."""
        ran = dynres("tile", "samples", tmp_path / "out", "--engine", "ray", "--ray-address", two_nodes.address)
        assert ran.status == 2
        assert "--shared-fs" in ran.err
        assert not (tmp_path / "out").exists()

    def test_no_cluster_at_the_address_is_told(self, tmp_path: Path) -> None:
        """Exit 1 with the address."""
        ran = dynres("tile", "samples", tmp_path / "out", "--engine", "ray", "--ray-address", "127.0.0.1:1")
        assert ran.status == 1
        assert "127.0.0.1:1" in ran.err
        assert not (tmp_path / "out").exists()

    def test_the_terminals_signal_drains_the_run(self, many: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
        """Ctrl-C reaches Ray's own processes too: the run still ends by itself, with 130, and goes on where it was."""
        out = tmp_path / "out"
        own = (*QUICK, "--engine", "ray", "-j", "2")
        command = [sys.executable, "-m", "dynres_cli", "tile", str(many), str(out), *own]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True) as run:
            deadline = time.monotonic() + 300
            while len(list(out.glob("*/grid.json"))) < 20 and time.monotonic() < deadline:
                time.sleep(0.02)
            os.killpg(run.pid, signal.SIGINT)
            _, told = run.communicate(timeout=300)
        assert run.returncode == 130, told
        assert "run the same command again" in told
        assert not (out / "manifest.json").exists()
        assert dynres("tile", many, out, *SMALL).status == 3
        assert tree(out) == expected

    @pytest.mark.parametrize("victim", ["node", "driver"])
    def test_killed_in_the_middle_the_bytes_are_the_same(
        self, two_nodes: TwoNodes, many: Path, expected: dict[str, bytes], tmp_path: Path, victim: str
    ) -> None:
        """A node dies and the run goes on; or the driver dies, and the same command finishes what it began."""
        out = tmp_path / "out"
        command = [sys.executable, "-m", "dynres_cli", "tile", str(many), str(out), *on(two_nodes)]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as run:
            deadline = time.monotonic() + 300
            while len(list(out.glob("*/grid.json"))) < 40 and time.monotonic() < deadline:
                time.sleep(0.02)
            assert run.poll() is None
            assert not (out / "manifest.json").exists()
            if victim == "driver":
                run.kill()
            else:
                two_nodes.kill_second()
            status = run.wait(timeout=300)
        if victim == "driver":
            status = dynres("tile", many, out, *on(two_nodes)).status
        else:
            two_nodes.replace_second()
        assert status == 3
        assert tree(out) == expected
