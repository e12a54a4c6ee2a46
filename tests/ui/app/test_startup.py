"""Start of gdviewer without a display, a library, or a folder to write to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import gdviewer
from gdviewer.ui.app import display
from gdviewer.ui.app.display import MissingLibraryError, choose_platform, missing_libraries

pytestmark = pytest.mark.display


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the checks before Qt starts are Linux's")
pytestmark = linux

NO_PLUGINS = Path("/nonexistent")
PACKAGE = {"PYTHONPATH": str(Path(gdviewer.__file__).parents[1])}


def environment(**changes: str) -> dict[str, str]:
    without = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    kept = {name: value for name, value in os.environ.items() if name not in without}
    return kept | PACKAGE | changes


def start(folder: Path | str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gdviewer"], cwd=folder, env=environment(**changes), capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=100, encoding="utf-8",
    )  # fmt: skip


def is_png(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 10_000


def test_that_without_a_display_the_result_is_printed_and_a_picture_saved(tmp_path: Path) -> None:
    done = start(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Gradient descent on Himmelblau" in done.stdout
    assert "Adam on Himmelblau" in done.stdout
    assert done.stdout.count("  stopped      tolerance") == 2
    assert str(tmp_path / "gdviewer.png") in done.stdout
    assert done.stdout.splitlines()[-1].startswith("To open the window")
    assert is_png(tmp_path / "gdviewer.png")


def test_that_a_display_that_does_not_answer_counts_as_none(tmp_path: Path) -> None:
    done = start(tmp_path, DISPLAY=":987", WAYLAND_DISPLAY="wayland-987")
    assert (done.returncode, done.stderr) == (0, "")
    assert "DISPLAY=:987" in done.stdout
    assert is_png(tmp_path / "gdviewer.png")


def test_that_the_picture_goes_elsewhere_where_the_folder_cannot_be_written() -> None:
    done = start("/proc")
    assert done.returncode == 0
    (line,) = [line for line in done.stdout.splitlines() if line.endswith(".png")]
    path = Path(line.partition(": ")[2])
    assert is_png(path)
    path.unlink()
    path.parent.rmdir()


def test_that_a_missing_library_is_reported_with_its_package_and_no_crash(tmp_path: Path) -> None:
    hidden = tmp_path / "libraries"
    hidden.mkdir()
    for soname in ("libEGL.so.1", "libxkbcommon.so.0"):
        (hidden / soname).touch()  # an empty file is found first and can't be loaded
    done = start(tmp_path, LD_LIBRARY_PATH=str(hidden))
    assert done.returncode == 1
    assert done.stdout == ""
    first, command = done.stderr.splitlines()
    assert first == "gdviewer: libraries that Qt needs are missing: libEGL.so.1, libxkbcommon.so.0"
    assert command.removeprefix("sudo ") == "apt-get install libegl1 libxkbcommon0"


def not_found(soname: str) -> str:
    return f"{soname}: cannot open shared object file: No such file or directory"


def test_that_each_missing_package_is_named_once() -> None:
    found = missing_libraries(["libglib-2.0.so.0", "libgthread-2.0.so.0", "libGL.so.1"], load=not_found)
    assert found.packages == ["libgl1", "libglib2.0-0"]
    assert "libglib-2.0.so.0, libgthread-2.0.so.0, libGL.so.1" in str(found)


def test_that_the_library_a_needed_one_lacks_is_the_one_named() -> None:
    found = missing_libraries(["libGL.so.1", "libX11.so.6"], load=lambda soname: not_found("libxcb.so.1"))
    assert found.packages == ["libxcb1"]


def test_that_a_library_without_a_known_package_is_named_all_the_same() -> None:
    found = missing_libraries([], not_found("libnew.so.7"))
    assert str(found) == "a library that Qt needs is missing: libnew.so.7"


def test_that_libraries_missing_for_the_display_only_matter_where_one_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(kind: str, plugins: Path) -> None:
        raise MissingLibraryError(["libxcb-cursor.so.0"], ["libxcb-cursor0"])

    monkeypatch.setattr(display, "_load_plugin", load)
    assert choose_platform({}, NO_PLUGINS).setting == "offscreen"
    monkeypatch.setattr(display, "_x11_answers", lambda environment: True)
    with pytest.raises(MissingLibraryError, match="apt-get install libxcb-cursor0"):
        choose_platform({"DISPLAY": ":0"}, NO_PLUGINS)


@pytest.mark.parametrize("answer", [b"done", b""])
def test_that_the_display_that_answers_is_taken(tmp_path: Path, answer: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as compositor:
        compositor.bind(str(tmp_path / "wayland-5"))
        compositor.listen()

        def serve() -> None:
            connection, _ = compositor.accept()
            with connection:
                connection.recv(12)
                connection.sendall(answer)

        server = threading.Thread(target=serve)
        server.start()
        both = {"XDG_RUNTIME_DIR": str(tmp_path), "WAYLAND_DISPLAY": "wayland-5", "DISPLAY": ":987"}
        chosen = choose_platform(both, NO_PLUGINS)
        server.join()
    assert (chosen.setting, chosen.visible) == (("wayland", True) if answer else ("offscreen", False))


@pytest.mark.parametrize(("setting", "visible"), [("offscreen", False), ("minimal:x=1", False), ("vnc", True)])
def test_that_the_user_s_platform_is_kept(setting: str, visible: bool) -> None:
    platform = choose_platform({"QT_QPA_PLATFORM": setting}, NO_PLUGINS)
    assert (platform.setting, platform.visible) == (None, visible)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_that_ctrl_c_closes_the_window(tmp_path: Path) -> None:
    script = (
        "import os, sys\n"
        "from gdviewer.ui.app import startup\n"
        "from gdviewer.ui.app.application import create_application\n"
        "from gdviewer.experiment.experiment import default_experiment\n"
        "from PySide6.QtCore import QTimer\n"
        "application = create_application()\n"
        "QTimer.singleShot(0, lambda: print('ready', flush=True))\n"
        "sys.exit(startup._live(application, default_experiment(), {}))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=os.environ | PACKAGE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in errors
