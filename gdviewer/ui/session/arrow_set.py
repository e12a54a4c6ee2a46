"""Arrows that panels have the plots draw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor


@dataclass(frozen=True, eq=False)
class Arrow:
    """A vector at a point of the problem's space, whatever plot it is drawn in.

    Attributes:
        at: where it begins, shape (n,); of one with two heads, its middle.
        vector: where it leads from there, shape (n,).
        color: what it and its label are drawn in, a colour or the name of one.
        label: what stands beside its tip; empty for none.
        two_headed: whether it reaches to both sides, as a direction without a sign does.
        normalised: whether it has a fixed length on the screen instead of its own; share: what part of that.
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
        """Where it begins, and where it leads from there, as arrays."""
        return np.asarray(self.at, dtype=float), np.asarray(self.vector, dtype=float)

    def fits(self, dimension: int) -> bool:
        """Whether it is one of a space of that dimension, with finite numbers only."""
        at, vector = self.ends
        return at.shape == vector.shape == (dimension,) and bool(np.isfinite(at).all() and np.isfinite(vector).all())


class ArrowSet(QObject):
    """The arrows of all panels, which the plots draw over the runs.

    Signals:
        changed: there are other arrows to draw.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._by_owner: dict[str, tuple[Arrow, ...]] = {}

    @property
    def shown(self) -> tuple[Arrow, ...]:
        """The arrows; one where two panels have the same drawn, as of a line that is pinned."""
        arrows = (arrow for arrows in self._by_owner.values() for arrow in arrows)
        return tuple({(*map(np.ndarray.tobytes, arrow.ends), arrow.label): arrow for arrow in arrows}.values())

    def show(self, owner: str, arrows: Iterable[Arrow]) -> None:
        """Show these arrows in place of those that ``owner`` had shown before; none to remove them."""
        before = self._by_owner.pop(owner, ())
        if shown := tuple(arrows):
            self._by_owner[owner] = shown
        if before or shown:
            self.changed.emit()
