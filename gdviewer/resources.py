"""The files of ``assets/``: in a wheel they lie inside the package, in a checkout beside it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib.resources import as_file, files
from pathlib import Path


def asset(name: str) -> AbstractContextManager[Path]:
    """The path of an asset such as ``"gdviewer.svg"``, for the time of a ``with`` block.

    Raises:
        FileNotFoundError: there is none of that name.
    """
    package = files("gdviewer")
    places = package / "assets", Path(__file__).parents[1] / "assets"
    for place in places:
        found = place.joinpath(*name.split("/"))
        if found.is_file():
            return as_file(found)
    raise FileNotFoundError(f"there is no asset {name!r}")
