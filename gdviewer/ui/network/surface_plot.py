"""The loss surface of a network: the loss on a plane through its weights, and the descents projected on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import prod

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

_REACH = 1.2  # so far from the middle is shown along random directions, in their lengths
_MOST_PRODUCTS = 2**25  # multiplications for one height, about 10 ms: of larger networks some rows stand for all …
_PER_NUMBER = (
    50  # … where a number that is not multiplied, but moved or put through a function, costs as much as so many
)
_LEAST_ROWS = 256  # … but so many at least
_RESTS = 9.0  # seconds that the picture waits for each second it computes, while the runs are played


@lru_cache(maxsize=4)
def sampled(network: Network) -> Network:
    """A network on as many of its rows as the heights of a surface are worked out over: all, or the same for each."""
    products, rows = 0, len(network.targets)
    for stage in network.architecture.stages:
        uses = stage.layer.weight_uses(stage.shape)
        for place in stage.weights.values():
            products += uses * (prod(place.shape) + _PER_NUMBER * prod(place.shape[:-1]))
        products += _PER_NUMBER * prod(stage.output)
    some = max(_LEAST_ROWS, _MOST_PRODUCTS // products)
    chosen = np.arange(rows) if some >= rows else np.sort(np.random.default_rng(0).choice(rows, some, replace=False))
    return network.of_rows(chosen)


class SurfacePlot(PlanePlot):
    """The loss of a network on a plane: the one closest to the path, or along random directions.

    Attributes:
        seed: what the random directions are drawn from.
        told: how the point at the cursor lies to the plane.
    """

    picture = "network"
    kinds = {PATH: tr("PCA of the path"), RANDOM: tr("Random directions")}
    sizes = (6, 12, 24, 48)
    patience = 300.0
    sets_starts = False
    frames_per_draw = 6

    def __init__(self, session: Session, scale: ColorScale) -> None:
        self.seed, self.told = 0, ""
        super().__init__(session, scale)
        self.setMinimumWidth(190)

    @property
    def kinds_tip(self) -> str:
        return (
            tr("PCA of the path: the plane through the selected run's last point that is closest to its path.")
            + "\n"
            + tr(
                "Random directions: through the point at the cursor, each filter of a direction as long as the weights "
                "of that unit are there, so that 1 is as far for every layer (Li et al. 2018). "
                "A path hardly moves along them."
            )
        )

    def draw_others(self) -> None:
        """Draw other random directions."""
        self.seed += 1
        self.lay()

    def search(self, run: Run | None) -> Callable[[], Fit]:
        fit_path, network = super().search(run), self.session.experiment.problem
        kind, step, seed, start = self.kind, self._position(), self.seed, self.session.experiment.start

        def fit() -> Fit:
            fitted = fit_path() if fit_path else None
            if fitted and fitted.surface:
                return fitted
            x = run.point(step) if run else np.array(start)
            plane = Plane.of_directions(x, filter_normalised(network, x, seed), (tr("direction 1"), tr("direction 2")))
            return Fit(kind, run, step, Slice(network, plane, [(-_REACH, _REACH)] * 2))

        return fit

    def is_elsewhere(self) -> bool:
        return False  # a surface takes long: it stays until the runs rest, or it is asked for

    def recompute(self) -> None:
        self.draw()
        surface = self.surface
        if self._fits or self._wanted:  # another plane is soon to be shown
            return
        progress = SketchProgress()
        part = Slice(sampled(surface.whole), surface.plane, surface.domain, progress.tell)
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
        return self.told
