"""Checks for conditions in which Qt aborts: on Linux, missing libraries and displays that do not answer."""

from __future__ import annotations

import ctypes
import os
import re
import socket
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

# Libraries that Qt needs, with their Debian packages. A package installs its own dependencies.
_QT = {
    "libstdc++.so.6": "libstdc++6",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libX11.so.6": "libx11-6",
    "libxkbcommon.so.0": "libxkbcommon0",
}
_XCB = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
_WAYLAND = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
_ANSWER_SECONDS = 3.0  # a Wayland compositor that takes longer counts as absent; Qt would wait forever
_INVISIBLE = ("offscreen", "minimal", "minimalegl")


class MissingLibraryError(Exception):
    """Qt can't be loaded: system libraries are missing; the message names them and the command to install them."""

    def __init__(self, sonames: list[str], packages: list[str]) -> None:
        subject = "libraries that Qt needs are" if len(sonames) > 1 else "a library that Qt needs is"
        text = f"{subject} missing: {', '.join(sonames)}"
        if packages:
            sudo = "" if os.geteuid() == 0 else "sudo "
            text += f"\n{sudo}apt-get install {' '.join(packages)}"
        super().__init__(text)
        self.packages = packages


@dataclass(frozen=True)
class Platform:
    """The platform on which the window is shown.

    Attributes:
        setting: the value for QT_QPA_PLATFORM; None if Qt chooses correctly.
        visible: True if a user can see the window.
        reason: the reason why it is not visible, as a sentence.
    """

    setting: str | None
    visible: bool
    reason: str = ""


def loading_error(library: str) -> str:
    """Return the error of the dynamic loader for a library; empty if the library can be loaded."""
    try:
        ctypes.CDLL(library)
    except OSError as error:
        return str(error) or library
    return ""


def missing_libraries(
    needed: Iterable[str], error: object = "", load: Callable[[str], str] = loading_error
) -> MissingLibraryError:
    """Return an error with all libraries that ``needed`` lack, and the one that the loader's ``error`` names."""
    errors = [load(soname) for soname in needed] + [str(error)]
    # The loader names the first library that it can't find, which may be an indirect dependency.
    named = [re.match(r"(?:.*/)?([^/:\s]+\.so[.\d]*):", text) for text in errors]
    sonames = list(dict.fromkeys(match[1] for match in named if match))
    known = _QT | _XCB | _WAYLAND
    return MissingLibraryError(sonames, sorted({known[soname] for soname in sonames if soname in known}))


def load_qt() -> None:
    """Import the Qt modules of the window.

    Raises:
        MissingLibraryError: a system library is not installed.
        ModuleNotFoundError: PySide6 itself is not installed.
    """
    try:
        import PySide6.QtWidgets  # noqa: F401 - a test that it can be loaded
    except ModuleNotFoundError:
        raise
    except ImportError as error:
        raise missing_libraries(_QT, error) from None


def choose_platform(environment: Mapping[str, str], plugins: Path) -> Platform:
    """Choose the platform: a display that answers and whose libraries are installed, else offscreen.

    Args:
        environment: the environment variables; QT_QPA_PLATFORM is the choice of the user, DISPLAY and WAYLAND_DISPLAY
            have the meaning that Qt gives them.
        plugins: Qt's folder of platform plugins.

    Raises:
        MissingLibraryError: a display answers, but the libraries to draw on it are not installed.
    """
    asked = [name for name in environment.get("QT_QPA_PLATFORM", "").split(";") if name]
    if asked and all(_kind(name) in _INVISIBLE for name in asked):
        return Platform(None, False, f"QT_QPA_PLATFORM is {asked[0]}, which shows nothing.")
    candidates = asked or [
        name for name, variable in (("wayland", "WAYLAND_DISPLAY"), ("xcb", "DISPLAY")) if environment.get(variable)
    ]
    if not candidates:
        return Platform("offscreen", False, "There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set.")
    usable: list[str] = []
    missing: MissingLibraryError | None = None
    for name in candidates:
        if _answers(_kind(name), environment):
            try:
                _load_plugin(_kind(name), plugins)
                usable.append(name)
            except MissingLibraryError as error:
                missing = missing or error
    if usable:
        return Platform(None if usable == candidates else ";".join(usable), True)
    if missing:
        raise missing
    shown = ", ".join(f"{v}={environment[v]}" for v in ("WAYLAND_DISPLAY", "DISPLAY") if environment.get(v))
    return Platform("offscreen", False, f"The display does not answer ({shown or 'none is set'}).")


def _kind(name: str) -> str:
    """Return the platform in a setting such as ``wayland-egl`` or ``offscreen:size=…``."""
    plain = name.partition(":")[0]
    return "wayland" if plain.startswith("wayland") else plain


def _answers(kind: str, environment: Mapping[str, str]) -> bool:
    if kind == "wayland":
        return _wayland_answers(environment)
    return _x11_answers(environment) if kind == "xcb" else True


def _x11_answers(environment: Mapping[str, str]) -> bool:
    if not environment.get("DISPLAY"):
        return False
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # the display can't be tested; the missing library is reported later
    xcb.xcb_connect.restype = ctypes.c_void_p
    for function in (xcb.xcb_connection_has_error, xcb.xcb_disconnect):
        function.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(os.fsencode(environment["DISPLAY"]), None)
    answers = bool(xcb.xcb_connection_has_error(connection) == 0)
    xcb.xcb_disconnect(connection)
    return answers


def _wayland_answers(environment: Mapping[str, str]) -> bool:
    path = Path(environment.get("XDG_RUNTIME_DIR", "/")) / environment.get("WAYLAND_DISPLAY", "wayland-0")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_ANSWER_SECONDS)
        try:
            connection.connect(str(path))
            connection.sendall(struct.pack("=III", 1, 12 << 16, 2))  # wl_display.sync: 12 bytes, to be answered at 2
            return connection.recv(1) != b""
        except OSError:
            return False


def _load_plugin(kind: str, plugins: Path) -> None:
    """Load the plugin of a platform, as Qt does.

    Raises:
        MissingLibraryError: it can't be loaded.
    """
    for path in sorted(plugins.glob(f"libq{kind}*.so")):
        try:
            ctypes.CDLL(str(path))
        except OSError as error:
            raise missing_libraries([*_QT, *{"xcb": _XCB, "wayland": _WAYLAND}.get(kind, {})], error) from None
