"""Arrows of the panels, which the plots draw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor


@dataclass(frozen=True, eq=False)
class Arrow:
    """A vector at a point in the space of the problem.

    Attributes:
        at: its start, shape (n,); the middle of an arrow with two heads.
        vector: the vector from there, shape (n,).
        color: the colour of the arrow and its label, or the name of a colour.
        label: the text beside its tip; empty for none.
        two_headed: True for a direction without a sign; the arrow extends to both sides.
        normalised: True for a fixed length on the screen; share: the share of that length.
    """

    at: ArrayLike
    vector: ArrayLike
    color: QColor | str
    label: str = ""
    two_headed: bool = False
    normalised: bool = False
    share: float = 1.0

    @property
    def ends(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The start and the vector as arrays, shape (n,) each."""
        return np.asarray(self.at, dtype=float), np.asarray(self.vector, dtype=float)

    def fits(self, dimension: int) -> bool:
        """Return True if the arrow has this dimension and only finite numbers."""
        at, vector = self.ends
        return at.shape == vector.shape == (dimension,) and bool(np.isfinite(at).all() and np.isfinite(vector).all())


class ArrowSet(QObject):
    """The arrows of all panels, which the plots draw over the runs.

    Signals:
        changed: the arrows have changed.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._by_owner: dict[str, tuple[Arrow, ...]] = {}

    @property
    def shown(self) -> tuple[Arrow, ...]:
        """The arrows, without duplicates: two panels may show the same one, such as that of a pinned line."""
        arrows = (arrow for arrows in self._by_owner.values() for arrow in arrows)
        return tuple({(*map(np.ndarray.tobytes, arrow.ends), arrow.label): arrow for arrow in arrows}.values())

    def show(self, owner: str, arrows: Iterable[Arrow]) -> None:
        """Replace the arrows of ``owner`` by these."""
        before = self._by_owner.pop(owner, ())
        if shown := tuple(arrows):
            self._by_owner[owner] = shown
        if before or shown:
            self.changed.emit()
