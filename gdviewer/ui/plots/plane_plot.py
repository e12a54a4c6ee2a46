"""More than two dimensions: the landscape on a plane through the space, and the paths projected on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import Signal

from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Reason
from gdviewer.experiment.plan import Point
from gdviewer.problems.plane import Plane, Slice
from gdviewer.text import component_name, tr
from gdviewer.ui.plots.arrows import Ends
from gdviewer.ui.plots.base import Stars
from gdviewer.ui.plots.landscape_plot import ColorScale, LandscapePlot, Path
from gdviewer.ui.plots.thinning import Growing
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.background import Latest

PATH, COORDINATES, RANDOM = "path", "coordinates", "random"
_SWIFT_DIMENSION = 16  # up to here a picture is computed in the time of a frame or two
_NEAR = 10  # so many times the domain's width around its middle, a path that diverges is followed
_OUTLINE = 500  # so many points of a path tell where it lies


class Fit(NamedTuple):
    """A plane that was found for a run as far as it had come.

    Attributes:
        kind: what kind of plane was wanted; run: the run, None where there is none; step: the step it goes through, or
            up to which it was fitted.
        surface: the problem on it; None where the path is no more than a point.
    """

    kind: str
    run: Run | None
    step: int
    surface: Slice | None


class _ProjectedPath(Path):
    def restart(self) -> bool:
        self.places = Growing()  # its points on the plane, as far as they have been drawn: a, b, a, b, …
        return super().restart()


class PlanePlot(LandscapePlot):
    """The landscape on a plane, and the runs projected on it.

    The plane is that of two coordinates, or the one closest to the selected run's path. It stays put while the runs
    are played, and is laid anew when they stop, when the path leaves the view, or when asked to.

    Attributes:
        kinds: the kinds of planes there are to choose from, with their titles.
        kind: which plane is wanted; without a path PATH is that of the coordinates.
        axes: the indices of the two coordinates.
        step: the step that the plane goes through, or up to which it was fitted.

    Signals:
        noted: what is to be told of the plane may be another now.
    """

    picture = "plane"
    kinds: Mapping[str, str] = {PATH: tr("PCA of the path"), COORDINATES: tr("Two coordinates")}
    path_type = _ProjectedPath
    noted = Signal()

    def __init__(self, session: Session, scale: ColorScale) -> None:
        self._slice: Slice | None = None
        self.kind, self.axes, self.step = PATH, (0, 1), 0
        self._run: Run | None = None  # whose path the plane was fitted to …
        self._tried: tuple[Run | None, int] = (None, 0)  # … and what was tried to fit one to last, up to a step
        self._fits = False  # whether a plane is being fitted in the background
        self._wanted = False  # whether to lay the plane anew as soon as the runs rest
        super().__init__(session, scale)
        self._fitter = Latest(self)
        self._fitter.done.connect(self._take_fit)
        self._fitter.done.connect(self._draw_if_shown)
        self._fitter.failed.connect(self._miss_fit)
        session.player.playing_changed.connect(self._want)
        session.selection_changed.connect(self._mind_selection)

    @property
    def surface(self) -> Slice:
        problem, shown = self.session.experiment.problem, self._slice
        if shown is None or (shown.whole.name, shown.whole.dimension) != (problem.name, problem.dimension):
            self.axes, self.step, self._wanted = (0, 1), 0, True
            self._slice = self._coordinates()
        elif shown.whole is not problem:
            self._slice = Slice(problem, shown.plane, shown.domain)
        return self._slice

    @property
    def swift(self) -> bool:
        return super().swift and self.surface.whole.dimension <= _SWIFT_DIMENSION

    @property
    def fitted(self) -> bool:
        """Whether the plane shown is fitted to a path."""
        return self.surface.plane.shares is not None

    @property
    def kinds_tip(self) -> str:
        """What the kinds of planes are."""
        return (
            tr("PCA of the path: the plane through the selected run's last point that is closest to its path.")
            + "\n"
            + tr("Two coordinates: all others are those of the selected run's point at the cursor.")
        )

    def choose(self, kind: str) -> None:
        """Choose which plane is shown."""
        self.kind = kind
        self.lay()

    def choose_axes(self, i: int, j: int) -> None:
        """Choose the coordinates of the plane; where they are the same, they change places."""
        self.axes = self.axes[::-1] if i == j else (i, j)
        self.lay()

    def lay(self) -> None:
        """Lay the plane anew: close to the path as it is now, or through the point at the cursor."""
        self._lay()
        self._draw_if_shown()

    def close_threads(self) -> None:
        super().close_threads()
        self._fitter.close()

    @property
    def computing(self) -> bool:
        return self._fits or super().computing

    def search(self, run: Run | None) -> Callable[[], Fit] | None:
        """What finds the plane that is wanted, in any thread; None where it is that of two coordinates."""
        if self.kind != PATH or run is None or not run.step:
            return None
        self._tried, shown = (run, run.step), self._outlines(run)

        def fit() -> Fit:
            step, path, last = _path_of(run)
            plane = Plane.of_path(path, last)
            return Fit(PATH, run, step, plane and Slice(run.problem, plane, _domain_of(plane, path, shown)))

        return fit

    def _lay(self) -> None:
        self._wanted = self.session.what_if.pending  # a run that is made anew is shown before it is as far as it was
        search = self.search(self._selected_run())
        if search is None:
            if self.kind == COORDINATES or not self.fitted:
                self._show(self._coordinates(), self._position())
        elif self.session.experiment.problem.dimension <= _SWIFT_DIMENSION:
            self._take_fit(search())
        else:
            self._fits = True
            self._sketch.cancel()  # what it would show is of another plane
            self._fitter.request(search)

    def _take_fit(self, fit: Fit) -> None:
        """Show a plane that was found, unless it is no longer asked for."""
        self._fits = False
        if fit.kind != self.kind or (fit.run and fit.run not in self.session.runs):
            return
        if fit.surface is None:
            self._show(self._coordinates(), 0)
        elif fit.surface.whole.dimension == self.session.experiment.problem.dimension:
            self._run = fit.run
            self._show(fit.surface, fit.step)

    def _miss_fit(self, error: BaseException) -> None:
        self._fits = False
        raise error

    def _show(self, surface: Slice, step: int) -> None:
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
            self._lay()
        super().draw()
        self.noted.emit()

    def place(self, start: Point) -> tuple[float, float]:
        return tuple(self.surface.plane.project(start).tolist())

    def start_at(self, x: float, y: float, start: Point) -> Point:
        return tuple(self.surface.plane.move(np.array(start), (x, y)).tolist())

    def ends_of(self, at: np.ndarray, vector: np.ndarray) -> Ends:
        plane = self.surface.plane
        ends = *plane.project(at).tolist(), *plane.along(vector).tolist()
        size = float(np.abs(vector).max(initial=0.0))
        return ends if max(map(abs, ends[2:])) > 1e-12 * size else (*ends[:2], 0.0, 0.0)  # at right angles to it

    def spot(self, x: np.ndarray) -> np.ndarray:
        return self.surface.plane.project(x)[None]

    def project(self, path: _ProjectedPath, x: np.ndarray) -> np.ndarray:
        fresh = x[len(path.places) // 2 :]
        if len(fresh):
            path.places.extend(self.surface.plane.project(fresh).ravel())
        return path.places.values.reshape(-1, 2)

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
        """What plane it is."""
        plane = self.surface.plane
        if plane.shares:
            if self._run is not self._selected_run():
                return tr("fitted to an earlier path of {step} steps", step=f"{self.step:,}")
            share = percent(sum(plane.shares))
            return tr("holds {share} of the path to step {step}", share=share, step=f"{self.step:,}")
        if self.kind == PATH:
            return tr("no path yet to fit it to: through the start")
        return tr("others as at step {step}", step=f"{self.step:,}")

    def point_text(self) -> str:
        """How the selected run's point at the cursor lies to the plane."""
        run = self._selected_run()
        if run is None:
            return ""
        (step, point), plane = run.nearest_point(self.session.cursor.position(run)), self.surface.plane
        loss = float(run.trace.loss[step])
        distance = plane.distance(point)
        if distance < 1e-12 * np.abs(point).max():  # but for rounding it is on it
            distance = 0.0
        return tr(
            "{optimizer} at step {step}: {distance} off the plane, f = {loss}, on the plane {height}",
            optimizer=run.optimizer.title, step=f"{step:,}", distance=f"{distance:.3g}",
            loss=f"{loss:.4g}", height=f"{self.height_at(*plane.project(point).tolist()):.4g}",
        )  # fmt: skip

    def _selected_run(self) -> Run | None:
        """The selected run, where it has begun."""
        runs, selected = self.session.runs, self.session.selected
        return runs[selected] if 0 <= selected < len(runs) and runs[selected].begun else None

    def _position(self) -> int:
        """The step of the selected run that the cursor is on."""
        run = self._selected_run()
        return self.session.cursor.position(run) if run else 0

    def _want(self, playing: bool) -> None:
        self._wanted = self._wanted or not playing

    def _mind_selection(self) -> None:
        self._wanted = True
        self._draw_if_shown()

    def _is_due(self) -> bool:
        """Whether the plane is to be laid anew now."""
        surface, run, playing = self.surface, self._selected_run(), self.session.player.playing
        if self._wanted and (playing or not self.session.player.busy):
            return True
        if self.is_elsewhere():
            return True
        if self.kind != PATH or run is None or self._fits:
            return False
        if self.fitted and self._run is not run and run.step and not (playing or self.session.player.busy):
            return True  # what is told of the plane is of a run that was made anew
        tried, step = self._tried
        if run.step < (2 * step if run is tried else 2):
            return False
        low, high = surface.domain.T
        head = surface.plane.project(run.trace.last)
        return not self.fitted or not bool(((low <= head) & (head <= high)).all())

    def is_elsewhere(self) -> bool:
        """Whether the plane is to go through another point by now."""
        if self.fitted or self.session.player.playing:
            return False
        return bool((self._coordinates().plane.origin != self.surface.plane.origin).any())

    def _coordinates(self) -> Slice:
        """The plane of the two coordinates: through the point at the cursor; standing in for a path's, the start."""
        experiment, run = self.session.experiment, self._selected_run()
        problem = experiment.problem
        names = tuple(component_name(problem, i) for i in self.axes)
        at_cursor = self.kind == COORDINATES and run is not None
        point = run.nearest_point(self._position())[1] if at_cursor else run.start if run else experiment.start
        plane = Plane.of_coordinates(point, *self.axes, names)
        return Slice(problem, plane, problem.domain[[*self.axes]])

    def _outlines(self, selected: Run) -> list[np.ndarray]:
        """Some points of each path that is drawn, (k, n), to see where it lies."""
        runs = zip(self.session.experiment.runs, self.session.runs, strict=True)
        shown = [run.trace.x for plan, run in runs if run.begun and (plan.visible or run is selected)]
        return [x[:: -(-len(x) // _OUTLINE)] for x in shown]


def _domain_of(plane: Plane, path: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """A region of a plane around a path, (k, n), and of the others what lies near."""
    outlines, own = [plane.project(x) for x in others], np.append(plane.project(path), [[0.0, 0.0]], axis=0)
    low, high = own.min(axis=0), own.max(axis=0)
    size = float((high - low).max())
    every = np.clip(np.concatenate([low[None], high[None], *outlines]), low - size, high + size)
    low, high = every.min(axis=0), every.max(axis=0)
    half = 0.6 * np.maximum(high - low, 0.4 * size)
    return np.column_stack([(low + high) / 2 - half, (low + high) / 2 + half])


def _path_of(run: Run) -> tuple[int, np.ndarray, np.ndarray]:
    """The step that a run's path leads to, its points as far as they are kept, (k, n), and the last one, (n,); of one
    that diverged what comes before it left the surroundings of the domain."""
    newest, rows = run.trace.newest, run.trace.rows
    x = rows.x[: newest.step // rows.stride + 1]
    if run.stop and run.stop.reason is Reason.DIVERGED:
        low, high = run.problem.domain.T
        far = (np.abs(x - (low + high) / 2) > _NEAR * (high - low)).any(axis=1)
        x = x[: max(1, int(far.argmax()))] if far.any() else x
        return (len(x) - 1) * rows.stride, x, x[-1]
    return newest.step, x, newest.x


def percent(share: float) -> str:
    """A share as text: 98.3 %, 0.021 %."""
    return f"{100 * share:.1f} %" if share >= 0.001 or share < 1e-6 else f"{100 * share:.2g} %"
