"""The functions of the Python interface: ``minimize``, in the form of SciPy, and ``GD`` of the classic article."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from gdviewer.engine.breakpoints.breakpoint import Breakpoint, conditions
from gdviewer.engine.record.trace import Trace
from gdviewer.engine.rules.optimizer import Optimizer, Rule
from gdviewer.engine.rules.options import OPTIONS, Options
from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.rules.parameter import nearest
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import LIMITS, STOPPED_BY_USER, Limits, Reason
from gdviewer.experiment.diagnosis import diagnose
from gdviewer.experiment.shorthand import as_problem, as_schedule, start_point
from gdviewer.experiment.user_rule import as_optimizer
from gdviewer.problems.function import FunctionProblem
from gdviewer.problems.problem import Problem

if TYPE_CHECKING:
    from gdviewer.engine.analysis.curvature import Curvature

_LIMIT_OPTIONS = {"maxiter": "max_steps", "gtol": "gradient_tolerance", "ftol": "loss_tolerance"}
_STATUS = {Reason.STEP_LIMIT: 1, Reason.DIVERGED: 2, Reason.LEFT_DOMAIN: 3, Reason.STALLED: 4, Reason.BREAKPOINT: 5,
           Reason.USER: 99}  # fmt: skip


@dataclass(frozen=True)
class Result:
    """The result of a minimisation, under SciPy's names; each attribute is also an item: ``result["x"]``.

    Evaluations for central differences are counted, as in SciPy, and so is the value that the trace stores for a step.

    Attributes:
        x: the last point, shape (n,).
        fun: the loss at ``x``; for a network, the loss on the next batch.
        jac: the gradient at ``x``, shape (n,); for a network, the gradient on the next batch.
        nit: the number of steps.
        nfev: the number of evaluations of the value.
        njev: the number of evaluations of the gradient.
        nhev: the number of evaluations of the Hessian.
        success: True if a tolerance was met.
        status: 0 if a tolerance was met, 1 at the step limit, 2 diverged, 3 left the domain, 4 stalled, 5 stopped at a
            breakpoint, 99 stopped by the callback.
        reason: the stop reason in one or two words.
        advice: a suggestion on what to do next.
        trace: the record of the run: ``trace.loss`` (nit+1,), ``trace.gradient_norm`` (nit+1,), ``trace.x`` (nit+1, n)
            and more. For a long run in many dimensions, ``trace.x`` has only the points of the steps in ``trace.kept``.
    """

    x: Array
    fun: float
    jac: Array
    nit: int
    nfev: int
    njev: int
    nhev: int
    success: bool
    status: int
    reason: str
    advice: str
    trace: Trace
    _run: Run = field(repr=False, compare=False)

    @cached_property
    def diagnosis(self) -> Curvature | None:
        """The kind of the last point and the curvature there; None if the run stopped for another reason.

        It is computed on first use, and the evaluations that it needs are not counted.
        """
        return diagnose(self._run)

    @cached_property
    def message(self) -> str:
        """The stop reason, the kind of the last point, and the advice, in words."""
        stop = self._run.stop or STOPPED_BY_USER
        parts = [stop.message, self.diagnosis.finding.reason if self.diagnosis else "", stop.advice]
        if isinstance(self._run.problem, FunctionProblem) and self._run.problem.differences:
            parts.append("The gradient came from central differences.")
        return " ".join(filter(None, parts))

    def __getitem__(self, name: str) -> Any:
        if name not in self.keys():
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def keys(self) -> list[str]:
        """Return the names of all attributes."""
        return [f.name for f in fields(self) if f.name != "_run"] + ["message", "diagnosis"]

    def __getstate__(self) -> dict[str, Any]:
        """Return all attributes, without the run, whose functions may not be picklable."""
        return {name: self[name] for name in self.keys()}


def minimize(
    fun: Callable[..., Any] | Problem | str,
    x0: ArrayLike | None = None,
    method: str | Optimizer | Rule = "gradient_descent",
    jac: Callable[..., Any] | bool | None = None,
    hess: Callable[..., Any] | None = None,
    tol: float | None = 1e-5,
    callback: Callable[..., Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Result:
    """Minimise a function with an optimizer and record every step.

    Args:
        fun: a callable ``fun(x)`` with x of shape (n,), a problem, or the name of a problem in the catalogue.
        x0: the start, shape (n,) or a number; None for the start of the problem.
        method: the name of an optimizer, an optimizer made with ``@optimizer``, or a function of the textbook form
            ``rule(x, f, [t,] state=…, *, hyperparameter=…)``.
        jac: a callable that returns the gradient; True if ``fun`` returns (value, gradient); None for central
            differences, which ``message`` then mentions.
        hess: a callable that returns the Hessian.
        tol: the tolerance on the move. The run stops if no component of the next move exceeds it, and that move is not
            applied. None disables this test.
        callback: called after each step as ``callback(xk)``, or as ``callback(intermediate_result=…)`` if its argument
            has that name. The run ends if it raises StopIteration.
        options: settings by name. ``maxiter``: the step limit. ``gtol``: the tolerance on the infinity norm of the
            gradient. ``ftol``: the tolerance on the relative change of the loss. ``seed``: the seed of the random
            numbers. The hyperparameters of the optimizer have their declared names. For any optimizer: ``l2`` adds
            λ/2·‖x‖² to the loss; ``clip_norm`` and ``clip_value`` clip the gradient; ``noise`` is the standard
            deviation of noise added to the gradient; ``schedule`` is a name, a mapping such as
            ``{"name": "step", "step_size": 50}``, or ``schedules.get("step", step_size=50)``; ``break_when`` is a
            condition on a step such as ``"loss > 2*previous.loss"``, or a list of conditions, and ends the run when
            one becomes true (see :func:`gdviewer.engine.breakpoints.condition.condition`). None disables ``gtol``,
            ``ftol`` and the settings for any optimizer.

    Returns:
        The result, with the trace.

    Raises:
        TypeError: the signature of ``method`` does not have the textbook form.
        ValueError: a name or an option is unknown (the nearest one is suggested), a value is out of range, or the start
            has the wrong shape.
        Exception: any exception raised by ``fun``, ``jac``, ``hess`` or ``callback``.
    """
    problem = as_problem(fun, x0, jac, hess)
    rule = as_optimizer(method)
    start = start_point(problem, x0, "x0")
    limits: dict[str, Any] = {"tolerance": None if tol is None else LIMITS["tolerance"].check("tol", tol)}
    hyperparameters: dict[str, Any] = {}
    around: dict[str, Any] = {}
    breakpoints: tuple[Breakpoint, ...] = ()
    seed = 0
    for name, value in (options or {}).items():
        if name in _LIMIT_OPTIONS:
            field = _LIMIT_OPTIONS[name]
            limits[field] = None if value is None and name != "maxiter" else LIMITS[field].check(name, value)
        elif name == "seed":
            seed = int(value)
        elif name == "schedule":
            around[name] = as_schedule(value)
        elif name == "break_when":
            breakpoints = conditions([value] if isinstance(value, str) else value or (), rule)
        elif name in OPTIONS:
            around[name] = value
        elif name in rule.hyperparameters:
            hyperparameters[name] = value
        else:
            known = [*_LIMIT_OPTIONS, "seed", *OPTIONS, "schedule", "break_when", *rule.hyperparameters]
            hint = nearest(name, known) or f"; the options are {', '.join(known)}"
            raise ValueError(f"{rule.name} has no option {name!r}{hint}")
    run = Run(problem, rule, start, hyperparameters, Limits(**limits), seed, Options(**around), breakpoints=breakpoints)
    if callback is None or run.stop:
        run.advance(run.limits.max_steps)
    else:
        _advance_with(run, callback)
    return result_of(run)


def result_of(run: Run) -> Result:
    """Return the result of a run that has ended.

    Raises:
        ValueError: the optimizer needs something that the problem does not have.
        Exception: the exception of user code that ended the run.
    """
    stop = run.stop or STOPPED_BY_USER
    if stop.reason is Reason.UNFIT:
        raise ValueError(stop.lacks)
    if stop.exception is not None:
        raise stop.exception
    trace, counts = run.trace, run.evaluations
    if isinstance(run.problem, FunctionProblem):
        counts = run.problem.calls(counts)
    return Result(
        x=trace.last.copy(), fun=float(trace.loss[-1]), jac=trace.newest.gradient.copy(),
        nit=run.step, nfev=counts[0], njev=counts[1], nhev=counts[2],
        success=stop.reason.converged, status=_STATUS.get(stop.reason, 0),
        reason=stop.reason.value, advice=stop.advice, trace=trace, _run=run,
    )  # fmt: skip


@dataclass(frozen=True)
class _Intermediate:
    """The argument of a callback whose parameter is named ``intermediate_result``."""

    x: Array
    fun: float


def _advance_with(run: Run, callback: Callable[..., Any]) -> None:
    try:
        by_name = set(inspect.signature(callback).parameters) == {"intermediate_result"}
    except ValueError:  # some functions written in C have no signature
        by_name = False
    while not run.stop:
        before = run.step
        run.advance(1)
        if run.step == before:
            continue
        x, fun = run.trace.last.copy(), float(run.trace.loss[-1])
        try:
            if by_name:
                callback(intermediate_result=_Intermediate(x, fun))
            else:
                callback(x)
        except StopIteration:
            run.halt(STOPPED_BY_USER)


def GD(  # noqa: N802 - the name in the classic article
    f: ArrayLike | Callable[[Any], Any], start: ArrayLike, lr: float, n_iter: int = 50, tol: float = 1e-05
) -> Any:
    """Minimise by gradient descent as in the classic article: move by −lr·gradient until no component exceeds tol.

    Args:
        f: a callable that returns the gradient at a point; or samples, shape (k,), for which each step uses the same
            gradient ``np.gradient(f)``.
        start: a number, list or array; it is not modified.
        lr: the learning rate.
        n_iter: the maximum number of steps.
        tol: the tolerance on the move; the move that meets it is not applied.

    Returns:
        The last point: an array, or a float if start and gradient are numbers.

    Raises:
        ValueError: the samples are not one row of at least two numbers.
    """
    if not callable(f):
        slope = np.gradient(_samples(f))
    point = np.array(start, dtype=float)
    for _ in range(n_iter):
        move = -lr * (
            np.asarray(f(point.copy() if point.ndim else float(point)), dtype=float) if callable(f) else slope
        )
        if np.all(np.abs(move) <= tol):
            break
        point = point + move
    return point if np.ndim(point) else float(point)


def _samples(f: ArrayLike) -> Array:
    samples = np.array(f, dtype=float)
    if samples.ndim != 1 or len(samples) < 2:
        raise ValueError(f"f must be a callable, or at least two samples in one row; got shape {samples.shape}")
    return samples
