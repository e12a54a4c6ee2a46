"""The loss surface of a network: the loss on a plane in the space of its weights, and the runs projected on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import prod
from typing import cast

import numpy as np

from gdviewer.engine.run.run import Run
from gdviewer.problems.networks.directions import filter_normalised
from gdviewer.problems.networks.network import Network
from gdviewer.problems.plane import Plane, Slice
from gdviewer.text import tr
from gdviewer.ui.plots.landscape import Landscape
from gdviewer.ui.plots.landscape_plot import ColorScale
from gdviewer.ui.plots.plane_plot import PATH, RANDOM, Fit, PlanePlot
from gdviewer.ui.plots.sketch import SketchProgress
from gdviewer.ui.session.session import Session

_REACH = 1.2  # half the width of the region along random directions, in their lengths
_MAX_PRODUCTS = 2**25  # multiplications for one height, about 10 ms; larger networks use a sample of the rows,
_MIN_ROWS = 256  # with at least this number of rows
_PER_NUMBER = 50  # copying a number, or applying a function to it, costs as much as this number of multiplications
_RESTS = 9.0  # seconds that the picture waits for each second it computes, while the runs are played


@lru_cache(maxsize=4)
def sampled(network: Network) -> Network:
    """Return a network on the rows with which the heights of a surface are computed: all, or a fixed sample."""
    products, rows = 0, len(network.targets)
    for stage in network.architecture.stages:
        uses = stage.layer.weight_uses(stage.shape)
        for weight in stage.weights.values():
            products += uses * (prod(weight.shape) + _PER_NUMBER * prod(weight.shape[:-1]))
        products += _PER_NUMBER * prod(stage.output)
    some = max(_MIN_ROWS, _MAX_PRODUCTS // products)
    chosen = np.arange(rows) if some >= rows else np.sort(np.random.default_rng(0).choice(rows, some, replace=False))
    return network.of_rows(chosen)


class SurfacePlot(PlanePlot):
    """The loss of a network on a plane: the one closest to the path, or along random directions.

    Attributes:
        seed: seed of the random directions.
        note: description of the point at the cursor relative to the plane, set by the page.
    """

    picture = "network"
    kinds = {PATH: tr("PCA of the path"), RANDOM: tr("Random directions")}
    sizes = (6, 12, 24, 48)
    patience = 300.0
    sets_starts = False
    frames_per_draw = 6

    def __init__(self, session: Session, scale: ColorScale) -> None:
        self.seed, self.note = 0, ""
        super().__init__(session, scale)
        self.setMinimumWidth(190)

    @property
    def kinds_tip(self) -> str:
        return (
            tr("PCA of the path: the plane through the selected run's last point that is closest to its path.")
            + "\n"
            + tr(
                "Random directions: the plane through the point at the cursor. Each filter of a direction has the norm "
                "of the weights of that unit, so that 1 means the same for every layer (Li et al. 2018). "
                "Paths hardly move in this plane."
            )
        )

    def draw_others(self) -> None:
        """Show a plane of other random directions."""
        self.seed += 1
        self.update_plane()

    def search(self, run: Run | None) -> Callable[[], Fit]:
        fit_path, network = super().search(run), cast(Network, self.session.experiment.problem)
        kind, step, seed, start = self.kind, self._position(), self.seed, self.session.experiment.start

        def fit() -> Fit:
            fitted = fit_path() if fit_path else None
            if fitted and fitted.surface:
                return fitted
            x = run.point(step) if run else np.array(start)
            plane = Plane.of_directions(x, filter_normalised(network, x, seed), (tr("direction 1"), tr("direction 2")))
            return Fit(kind, run, step, Slice(network, plane, [(-_REACH, _REACH)] * 2))

        return fit

    def is_outdated(self) -> bool:
        return False  # a surface takes long: it stays until the runs stop, or another one is requested

    def recompute(self) -> None:
        self.draw()
        surface = self.surface
        if self._fits or self._wanted:  # another plane will be shown soon
            return
        progress = SketchProgress()
        part = Slice(sampled(surface.whole), surface.plane, surface.domain, progress.report)
        self._sketch.request(self.picture_of(part), self.sizes, 2, progress)

    def show_picture(self, picture: Landscape) -> None:
        super().show_picture(picture)
        self.noted.emit()

    def draw(self) -> None:
        if self._sketch.progress:
            self._sketch.progress.rests = _RESTS if self.session.player.playing else 0.0
        super().draw()

    def height_at(self, x: float, y: float) -> float:
        return self.landscape.height_at(x, y) if self.landscape else np.nan

    def plane_text(self) -> str:
        surface = self.surface
        if self._fits or not isinstance(surface.whole, Network):
            return tr("finding the plane …")
        rows, every = len(sampled(surface.whole).targets), len(surface.whole.targets)
        if rows == every:
            heights = tr("heights over all {n} training rows", n=f"{every:,}")
        else:
            heights = tr("heights over {k} of {n} training rows", k=f"{rows:,}", n=f"{every:,}")
        if surface.plane.shares:
            return f"{super().plane_text()}; {heights}"
        return tr("through the point after step {step}", step=f"{self.step:,}") + f"; {heights}"

    def point_text(self) -> str:
        return self.note
