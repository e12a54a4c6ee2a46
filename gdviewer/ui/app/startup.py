"""Start of ``gdviewer``: the window on a display; without a display, its results and a picture of it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from gdviewer.ui.app.display import MissingLibraryError, Platform, choose_platform, load_qt

if TYPE_CHECKING:
    from PySide6.QtGui import QPixmap
    from PySide6.QtWidgets import QApplication

    from gdviewer.experiment.experiment import Experiment
    from gdviewer.experiment.user_rule import Version

_PICTURE = "gdviewer.png"
_PICTURE_SIZE = 1280, 800
_FINISH_SECONDS = 60.0
_SETTLE_MS = 300  # time for drawings that follow a moment later
_PICTURE_SECONDS = 15.0  # longest wait for a landscape, such as of a user's function or in many dimensions


def open_window(experiment: Experiment | None = None, files: Mapping[Path, Version] | None = None) -> int:
    """Open the window on an experiment and wait until it is closed; without a display, run it and save a picture.

    Args:
        experiment: the experiment to show; None for the default experiment.
        files: the files that its user rules were read from; they are watched for changes.

    Returns:
        The exit code: 0; 1 if system libraries are missing; 130 if Ctrl+C closed the window.
    """
    platform = Platform(None, True)
    if sys.platform.startswith("linux"):
        try:
            load_qt()
            platform = choose_platform(os.environ, _plugins())
        except MissingLibraryError as error:
            print(f"gdviewer: {error}", file=sys.stderr)
            return 1
    if platform.setting:
        os.environ["QT_QPA_PLATFORM"] = platform.setting

    from gdviewer.experiment.experiment import default_experiment
    from gdviewer.ui.app.application import create_application

    experiment = experiment or default_experiment()
    if platform.visible:
        return _live(create_application(), experiment, files)
    with _out_of_sight():
        create_application()
        return _picture(experiment, platform.reason)


def _plugins() -> Path:
    from PySide6.QtCore import QLibraryInfo

    return Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)) / "platforms"


def _report_missing_fonts() -> None:
    from PySide6.QtGui import QFontDatabase

    if not QFontDatabase.families():
        print("gdviewer: without a font no text can be drawn: apt-get install fonts-dejavu-core", file=sys.stderr)


def _live(application: QApplication, experiment: Experiment, files: Mapping[Path, Version] | None = None) -> int:
    from gdviewer.ui.app.main_window import MainWindow

    _report_missing_fonts()
    window = MainWindow(experiment)
    for path, version in (files or {}).items():
        window.session.user_rules.watch(path, version)
    window.show()
    with _interrupt_closes(application) as interrupted:
        code = application.exec()
    window.close()
    return 130 if interrupted else code


@contextlib.contextmanager
def _interrupt_closes(application: QApplication) -> Iterator[list[int]]:
    """Close all windows on Ctrl+C; yield a list to which the signal is appended.

    Python handles a signal only while it runs bytecode. It writes a byte to a socket, which wakes Qt's event loop.
    """
    from PySide6.QtCore import QSocketNotifier

    received: list[int] = []

    def close(number: int, _frame: object) -> None:
        received.append(number)
        application.closeAllWindows()
        application.quit()

    reading, writing = socket.socketpair()
    with reading, writing:
        reading.setblocking(False)
        writing.setblocking(False)
        notifier = QSocketNotifier(reading.fileno(), QSocketNotifier.Type.Read)
        notifier.activated.connect(lambda: reading.recv(64))
        descriptor = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        handler = signal.signal(signal.SIGINT, close)
        try:
            yield received
        finally:
            signal.signal(signal.SIGINT, handler)
            signal.set_wakeup_fd(descriptor)
            notifier.setEnabled(False)


@contextlib.contextmanager
def _out_of_sight() -> Iterator[None]:
    """Keep the user's saved layout unchanged, and hide Qt's messages about its offscreen platform."""
    from PySide6.QtCore import QSettings, qInstallMessageHandler

    qInstallMessageHandler(lambda *_: None)
    with tempfile.TemporaryDirectory() as folder:
        QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, folder)
        yield
    qInstallMessageHandler(None)


def _picture(experiment: Experiment, reason: str) -> int:
    """Run the experiment without a display, print the results, and save a picture of the window."""
    from gdviewer.experiment.minimize import result_of
    from gdviewer.experiment.report import report
    from gdviewer.ui.app.main_window import MainWindow

    _report_missing_fonts()
    window = MainWindow(experiment)
    window.resize(*_PICTURE_SIZE)
    window.show()
    window.session.player.finish(_FINISH_SECONDS)
    _settle(_SETTLE_MS)
    deadline = monotonic() + _PICTURE_SECONDS
    while window.main_view.plot.computing and monotonic() < deadline:
        _settle(_SETTLE_MS // 10)
    for run in window.session.runs:
        title = f"{run.optimizer.title} on {experiment.problem.title}"
        if run.stop is not None and run.stop.exception is not None:
            print(f"{title}\n  {run.stop.message}\n")
        else:
            print(f"{report(title, result_of(run), experiment.problem)}\n")
    path = _save(window.grab())
    window.close()
    print(reason)
    print(f"Picture of the window: {path}")
    print("To open the window, start gdviewer on a desktop, or over `ssh -X` from one.")
    return 0


def _settle(milliseconds: int) -> None:
    """Process events for this time."""
    from PySide6.QtCore import QEventLoop, QTimer

    settled = QEventLoop()
    QTimer.singleShot(milliseconds, settled.quit)
    settled.exec()


def _save(picture: QPixmap) -> Path:
    """Save the picture in the current folder, or in a temporary one if that is not writable; return its path.

    Raises:
        OSError: the picture can't be saved in either.
    """
    if picture.save(_PICTURE):
        return Path(_PICTURE).absolute()
    path = Path(tempfile.mkdtemp(prefix="gdviewer-")) / _PICTURE
    if not picture.save(str(path)):
        raise OSError(f"the picture can't be saved in {path.parent}")
    return path
