"""Access to the files of ``assets/``, which are inside the package in a wheel and beside it in a checkout."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib.resources import as_file, files
from pathlib import Path


def asset(name: str) -> AbstractContextManager[Path]:
    """Return a context manager with the path of an asset such as ``"gdviewer.svg"``.

    The path is valid inside the ``with`` block only.

    Raises:
        FileNotFoundError: no asset has that name.
    """
    package = files("gdviewer")
    folders = package / "assets", Path(__file__).parents[1] / "assets"
    for folder in folders:
        found = folder.joinpath(*name.split("/"))
        if found.is_file():
            return as_file(found)
    raise FileNotFoundError(f"there is no asset {name!r}")
