"""Fixtures for every test: no display, separate settings, and a check that nothing is left behind."""

from __future__ import annotations

import gc
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before Qt is loaded: the suite draws offscreen by default, and writes nothing to the home folder.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
_home = tempfile.TemporaryDirectory(prefix="gdviewer-tests-")
for _name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
    os.environ[_name] = _home.name

from PySide6.QtCore import QCoreApplication, QEvent, QSettings  # noqa: E402 - the environment comes first

import gdviewer.__main__  # noqa: E402, F401 - computes with as many threads as the command does


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--every N``."""
    parser.addoption("--every", type=int, default=1, metavar="N", help="of the selected tests, run every N-th only")


@pytest.hookimpl(trylast=True)  # after -m and -k have selected
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep every N-th test."""
    kept = items[:: config.getoption("every")]
    if len(kept) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept


@pytest.fixture(autouse=True)
def separate_settings(tmp_path: Path) -> None:
    """Keep what a test stores in QSettings from all other tests."""
    for form in (QSettings.Format.NativeFormat, QSettings.Format.IniFormat):
        QSettings.setPath(form, QSettings.Scope.UserScope, str(tmp_path / "settings"))


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail a test that leaves a thread running or a top-level widget alive."""
    threads = set(threading.enumerate())
    widgets = set(_top_level_widgets())
    yield
    left: list[object] = [widget for widget in _top_level_widgets() if widget not in widgets]
    if left:
        left.clear()
        gc.collect()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        left = [widget for widget in _top_level_widgets() if widget not in widgets]
    end = time.monotonic() + 1
    while (running := set(threading.enumerate()) - threads) and time.monotonic() < end:
        time.sleep(0.01)
    assert not running, f"threads left running: {sorted(thread.name for thread in running)}"
    assert not left, f"top-level widgets left: {left}"


def _top_level_widgets() -> list[object]:
    if QCoreApplication.instance() is None:
        return []
    from PySide6.QtWidgets import QApplication, QMenu

    # pyqtgraph's plots make context menus without a parent, which live on, hidden, until Python deletes the plots.
    return [w for w in QApplication.topLevelWidgets() if w.isVisible() or not isinstance(w, QMenu)]
