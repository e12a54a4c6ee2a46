"""Problems of more than two dimensions: the landscape on a plane, and the paths projected on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from PySide6.QtCore import Signal

from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Reason
from gdviewer.experiment.plan import Point
from gdviewer.problems.plane import Plane, Slice
from gdviewer.problems.problem import Problem
from gdviewer.text import component_name, tr
from gdviewer.ui.plots.arrows import Ends
from gdviewer.ui.plots.base import Stars
from gdviewer.ui.plots.landscape_plot import ColorScale, LandscapePlot, Path
from gdviewer.ui.plots.thinning import Array
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.background import Latest

PATH, COORDINATES, RANDOM = "path", "coordinates", "random"
_SWIFT_DIMENSION = 16  # up to this dimension, a picture is computed within one or two frames
_NEAR = 10  # a path that diverges is followed up to this multiple of the domain's width around its centre
_OUTLINE = 500  # number of points of a path that are used to find its region


class Fit(NamedTuple):
    """A plane found for a run.

    Attributes:
        kind: the kind of plane that was requested.
        run: the run; None if there is none.
        step: the step whose point the plane contains, or the last step of the path it was fitted to.
        surface: the problem on the plane; None if the path is a single point.
    """

    kind: str
    run: Run | None
    step: int
    surface: Slice | None


class PlanePlot(LandscapePlot):
    """The landscape on a plane, and the runs projected on it.

    The plane is that of two coordinates, or the one closest to the selected run's path. It does not change while the
    runs are played. It is updated when they stop, when the path leaves the view, or on request.

    Attributes:
        kinds: the kinds of planes to choose from, with their titles.
        kind: the kind of plane; while there is no path, PATH shows the plane of the coordinates.
        axes: the indices of the two coordinates.
        step: the step whose point the plane contains, or the last step of the path it was fitted to.

    Signals:
        noted: the texts about the plane may have changed.
    """

    picture = "plane"
    kinds: Mapping[str, str] = {PATH: tr("PCA of the path"), COORDINATES: tr("Two coordinates")}
    noted = Signal()

    def __init__(self, session: Session, scale: ColorScale) -> None:
        self._slice: Slice | None = None
        self.kind, self.axes, self.step = PATH, (0, 1), 0
        self._run: Run | None = None  # the run to whose path the plane was fitted
        self._tried: tuple[Run | None, int] = (None, 0)  # the run and the step of the last attempt to fit a plane
        self._fits = False  # True while a plane is fitted in the background
        self._wanted = False  # True if the plane is to be updated when the runs stop
        super().__init__(session, scale)
        self._fitter = Latest(self)
        self._fitter.done.connect(self._take_fit)
        self._fitter.done.connect(self._draw_if_shown)
        self._fitter.failed.connect(self._on_fit_failed)
        session.player.playing_changed.connect(self._on_playing_changed)
        session.selection_changed.connect(self._on_selection_changed)

    @property
    def surface(self) -> Slice:
        problem, shown = self.session.experiment.problem, self._slice
        if shown is None or (shown.whole.name, shown.whole.dimension) != (problem.name, problem.dimension):
            self.axes, self.step, self._wanted = (0, 1), 0, True
            shown = self._coordinates()
        elif shown.whole is not problem:
            shown = Slice(problem, shown.plane, shown.domain)
        self._slice = shown
        return shown

    @property
    def swift(self) -> bool:
        return super().swift and self.surface.whole.dimension <= _SWIFT_DIMENSION

    @property
    def fitted(self) -> bool:
        """True if the plane is fitted to a path."""
        return self.surface.plane.shares is not None

    @property
    def kinds_tip(self) -> str:
        """Description of the kinds of planes."""
        return (
            tr("PCA of the path: the plane through the selected run's last point that is closest to its path.")
            + "\n"
            + tr("Two coordinates: all others are those of the selected run's point at the cursor.")
        )

    def choose(self, kind: str) -> None:
        """Choose the kind of plane."""
        self.kind = kind
        self.update_plane()

    def choose_axes(self, i: int, j: int) -> None:
        """Choose the coordinates of the plane; equal indices exchange the two axes."""
        self.axes = self.axes[::-1] if i == j else (i, j)
        self.update_plane()

    def update_plane(self) -> None:
        """Fit the plane to the current path, or move it through the point at the cursor."""
        self._update_plane()
        self._draw_if_shown()

    def close_threads(self) -> None:
        super().close_threads()
        self._fitter.close()

    @property
    def computing(self) -> bool:
        return self._fits or super().computing

    def search(self, run: Run | None) -> Callable[[], Fit] | None:
        """Return a function that finds the plane, for any thread; None if it is that of two coordinates."""
        if self.kind != PATH or run is None or not run.step:
            return None
        self._tried, shown, problem = (run, run.step), self._outlines(run), self.session.experiment.problem

        def fit() -> Fit:
            step, path, last = _path_of(run, problem)
            plane = Plane.of_path(path, last)
            surface = Slice(problem, plane, _domain_of(plane, path, shown)) if plane else None
            return Fit(PATH, run, step, surface)

        return fit

    def _update_plane(self) -> None:
        self._wanted = self.session.what_if.pending  # a run that is computed again is shown before it is complete
        search = self.search(self._selected_run())
        if search is None:
            if self.kind == COORDINATES or not self.fitted:
                self._show_plane(self._coordinates(), self._position())
        elif self.session.experiment.problem.dimension <= _SWIFT_DIMENSION:
            self._take_fit(search())
        else:
            self._fits = True
            self._sketch.cancel()  # its picture would show another plane
            self._fitter.request(search)

    def _take_fit(self, fit: Fit) -> None:
        """Show a plane that was found, unless another one is needed by now."""
        self._fits = False
        if fit.kind != self.kind or (fit.run and fit.run not in self.session.runs):
            return
        if fit.surface is None:
            self._show_plane(self._coordinates(), 0)
        elif fit.surface.whole.dimension == self.session.experiment.problem.dimension:
            self._run = fit.run
            self._show_plane(fit.surface, fit.step)

    def _on_fit_failed(self, error: BaseException) -> None:
        self._fits = False
        raise error

    def _show_plane(self, surface: Slice, step: int) -> None:
        before, self._slice, self.step = self.surface, surface, step
        if surface.plane.shares or not np.array_equal(before.plane.directions, surface.plane.directions):
            self.forget_runs()
            self.show_all()
            self.landscape = None
            self.backdrop.clear()
        self.label_axes()
        self._show_marks()
        self._sketch.cancel()
        self.outdate()

    def draw(self) -> None:
        if self._is_due():
            self._update_plane()
        super().draw()
        self.noted.emit()

    def position_of(self, start: Point) -> tuple[float, float]:
        x, y = self.surface.plane.project(start).tolist()
        return x, y

    def start_at(self, x: float, y: float, start: Point) -> Point:
        return tuple(self.surface.plane.move(np.array(start), (x, y)).tolist())

    def ends_of(self, at: Array, vector: Array) -> Ends:
        plane = self.surface.plane
        (x, y), (across, up) = plane.project(at).tolist(), plane.along(vector).tolist()
        if max(abs(across), abs(up)) <= 1e-12 * float(np.abs(vector).max(initial=0.0)):
            return x, y, 0.0, 0.0  # at right angles to the plane
        return x, y, across, up

    def project_point(self, x: Array) -> Array:
        return self.surface.plane.project(x)[None]

    def project(self, path: Path, x: Array) -> Array:
        fresh = x[len(path.projected) // 2 :]
        if len(fresh):
            path.projected.extend(self.surface.plane.project(fresh).ravel())
        return path.projected.values.reshape(-1, 2)

    def show_minima(self, stars: Stars) -> None:
        surface = self.surface
        near = 1e-3 * float(np.ptp(surface.domain, axis=1).max())  # less than a pixel or two
        off = [surface.plane.distance(x) for x in surface.whole.minima]
        stars.show(surface.minima, [distance if distance > near else 0.0 for distance in off])

    def label_axes(self) -> None:
        plane = self.surface.plane
        for i, side in enumerate(("bottom", "left")):
            share = f" ({percent(plane.shares[i])})" if plane.shares else ""
            self.setLabel(side, plane.names[i] + share)

    def plane_text(self) -> str:
        """Return a description of the plane."""
        plane = self.surface.plane
        if plane.shares:
            if self._run is not self._selected_run():
                return tr("fitted to an earlier path of {step} steps", step=f"{self.step:,}")
            share = percent(sum(plane.shares))
            return tr("contains {share} of the path to step {step}", share=share, step=f"{self.step:,}")
        if self.kind == PATH:
            return tr("no path yet: plane through the start")
        return tr("other coordinates from step {step}", step=f"{self.step:,}")

    def point_text(self) -> str:
        """Return a description of the selected run's point at the cursor relative to the plane."""
        run = self._selected_run()
        if run is None:
            return ""
        (step, point), plane = run.nearest_point(self.session.cursor.position(run)), self.surface.plane
        loss = float(run.trace.loss[step])
        distance = plane.distance(point)
        if distance < 1e-12 * np.abs(point).max():  # on the plane, except for rounding
            distance = 0.0
        return tr(
            "{optimizer} at step {step}: {distance} off the plane, f = {loss}, on the plane {height}",
            optimizer=run.optimizer.title, step=f"{step:,}", distance=f"{distance:.3g}",
            loss=f"{loss:.4g}", height=f"{self.height_at(*plane.project(point).tolist()):.4g}",
        )  # fmt: skip

    def _selected_run(self) -> Run | None:
        """Return the selected run; None if it has not begun."""
        runs, selected = self.session.runs, self.session.selected
        return runs[selected] if 0 <= selected < len(runs) and runs[selected].begun else None

    def _position(self) -> int:
        """Return the step of the selected run at the cursor."""
        run = self._selected_run()
        return self.session.cursor.position(run) if run else 0

    def _on_playing_changed(self, playing: bool) -> None:
        self._wanted = self._wanted or not playing

    def _on_selection_changed(self) -> None:
        self._wanted = True
        self._draw_if_shown()

    def _is_due(self) -> bool:
        """Return True if the plane should be updated now."""
        surface, run, playing = self.surface, self._selected_run(), self.session.player.playing
        if self._wanted and (playing or not self.session.player.busy):
            return True
        if self.is_outdated():
            return True
        if self.kind != PATH or run is None or self._fits:
            return False
        if self.fitted and self._run is not run and run.step and not (playing or self.session.player.busy):
            return True  # the run was computed again
        tried, step = self._tried
        if run.step < (2 * step if run is tried else 2):
            return False
        low, high = surface.domain.T
        head = surface.plane.project(run.trace.last)
        return not self.fitted or not bool(((low <= head) & (head <= high)).all())

    def is_outdated(self) -> bool:
        """Return True if the plane should contain another point."""
        if self.fitted or self.session.player.playing:
            return False
        return bool((self._coordinates().plane.origin != self.surface.plane.origin).any())

    def _coordinates(self) -> Slice:
        """Return the plane of the two coordinates through the point at the cursor; instead of a path's, the start."""
        experiment, run = self.session.experiment, self._selected_run()
        problem = experiment.problem
        i, j = self.axes
        point: ArrayLike = run.start if run else experiment.start
        if run and self.kind == COORDINATES:
            point = run.nearest_point(self._position())[1]
        plane = Plane.of_coordinates(point, i, j, (component_name(problem, i), component_name(problem, j)))
        return Slice(problem, plane, problem.domain[[i, j]])

    def _outlines(self, selected: Run) -> list[Array]:
        """Return some points of each path that is drawn, shape (k, n) each."""
        runs = zip(self.session.experiment.runs, self.session.runs, strict=True)
        shown = [run.trace.x for plan, run in runs if run.begun and (plan.visible or run is selected)]
        return [x[:: -(-len(x) // _OUTLINE)] for x in shown]


def _domain_of(plane: Plane, path: Array, others: Sequence[Array]) -> Array:
    """Return a region of a plane around a path, shape (k, n), and the near parts of other paths; shape (2, 2)."""
    outlines, projected = [plane.project(x) for x in others], np.append(plane.project(path), [[0.0, 0.0]], axis=0)
    low, high = projected.min(axis=0), projected.max(axis=0)
    size = float((high - low).max())
    every = np.clip(np.concatenate([low[None], high[None], *outlines]), low - size, high + size)
    low, high = every.min(axis=0), every.max(axis=0)
    half = 0.6 * np.maximum(high - low, 0.4 * size)
    return np.column_stack([(low + high) / 2 - half, (low + high) / 2 + half])


def _path_of(run: Run, problem: Problem) -> tuple[int, Array, Array]:
    """Return the path of a run; if the run diverged, only the part near the domain.

    Returns:
        The last step, the stored points, shape (k, n), and the last point, shape (n,).
    """
    newest, rows = run.trace.newest, run.trace.rows
    x = rows.x[: newest.step // rows.stride + 1]
    if run.stop and run.stop.reason is Reason.DIVERGED:
        low, high = problem.domain.T
        far = (np.abs(x - (low + high) / 2) > _NEAR * (high - low)).any(axis=1)
        x = x[: max(1, int(far.argmax()))] if far.any() else x
        return (len(x) - 1) * rows.stride, x, x[-1]
    return newest.step, x, newest.x


def percent(share: float) -> str:
    """Return a share as text: 98.3 %, 0.021 %."""
    return f"{100 * share:.1f} %" if share >= 0.001 or share < 1e-6 else f"{100 * share:.2g} %"
