"""Stop rules and their messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from gdviewer.engine.record.events import Hit, Message
from gdviewer.engine.record.trace import norms
from gdviewer.engine.rules.oracle import Array, UnfitError
from gdviewer.engine.rules.parameter import Parameter
from gdviewer.engine.rules.rule_result import RuleResultError
from gdviewer.engine.rules.source_location import SourceLocation, location_of_error


class Reason(Enum):
    """The reason why a run stopped; the value is the word used in files and results."""

    TOLERANCE = "tolerance"
    GRADIENT_TOLERANCE = "gradient tolerance"
    LOSS_TOLERANCE = "loss tolerance"
    STEP_LIMIT = "step limit"
    DIVERGED = "diverged"
    LEFT_DOMAIN = "left the domain"
    STALLED = "stalled"
    FULL = "record full"
    BREAKPOINT = "breakpoint"
    UNFIT = "not for this problem"
    USER = "stopped by the user"
    ERROR = "error in user code"

    @property
    def limit(self) -> str | None:
        """The name of the limit that stopped the run; None for another reason."""
        return _LIMIT_OF.get(self)

    @property
    def converged(self) -> bool:
        """True if a tolerance was met."""
        return self in (Reason.TOLERANCE, Reason.GRADIENT_TOLERANCE, Reason.LOSS_TOLERANCE)


_LIMIT_OF = {
    Reason.TOLERANCE: "tolerance",
    Reason.STALLED: "tolerance",
    Reason.GRADIENT_TOLERANCE: "gradient_tolerance",
    Reason.LOSS_TOLERANCE: "loss_tolerance",
    Reason.STEP_LIMIT: "max_steps",
    Reason.DIVERGED: "divergence",
}


@dataclass(frozen=True)
class Stop:
    """The stop of a run.

    Attributes:
        reason: the reason.
        happened: a sentence on the event; suggested: a sentence with a remedy.
        flat: True if the slope was nearly zero, for a limit that can also be met on a slope.
        refuses: True if a step was executed but not applied because it was not finite.
        lacks: the property that the optimizer needs and the problem does not have, as text.
        exception: the exception of user code; location: its line of user code.
    """

    reason: Reason
    happened: Message
    suggested: Message
    flat: bool = False
    refuses: bool = False
    lacks: str = ""
    exception: BaseException | None = None
    location: SourceLocation | None = None

    @property
    def message(self) -> str:
        """A sentence on the event."""
        return self.happened.text

    @property
    def advice(self) -> str:
        """A sentence with a remedy."""
        return self.suggested.text

    @property
    def is_about_the_point(self) -> bool:
        """True if the run stopped because of the point, so that its kind is of interest."""
        return self.reason.converged or self.reason is Reason.STALLED or self.flat


STOPPED_BY_USER = Stop(Reason.USER, Message("Stopped."), Message("Run continues from here."))
START_UNDEFINED = Stop(
    Reason.LEFT_DOMAIN, Message("The function is not defined at the start."), Message("Choose another start.")
)


def unfit(lacks: str) -> Stop:
    """Return the stop of an optimizer that needs something that the problem does not have."""
    advice = Message("Choose another optimizer for it, or another problem.")
    return Stop(Reason.UNFIT, Message("{lacks}.", {"lacks": lacks}), advice, lacks=lacks)


def record_full(step: int, nbytes: int) -> Stop:
    """Return the stop of a run whose record is full."""
    happened = Message(
        "The record is full: its {step:,} steps take {megabytes:,.0f} MB.", {"step": step, "megabytes": nbytes / 1e6}
    )
    return Stop(Reason.FULL, happened, Message("Take fewer steps, or start another run at its last point."))


def stop_at(hit: Hit) -> Stop:
    """Return the stop at a breakpoint."""
    return Stop(Reason.BREAKPOINT, hit.message, Message("Run goes on from here."))


def failure(text: str, location: SourceLocation | None, exception: BaseException | None = None) -> Stop:
    """Return the stop of user code that raised an exception or does not return."""
    advice = Message("Correct the function and run again; the steps before it are kept.")
    return Stop(Reason.ERROR, Message("{error}", {"error": text}), advice, exception=exception, location=location)


def stop_for(error: BaseException) -> Stop:
    """Return the stop of an exception: see :func:`unfit` for an UnfitError, and :func:`failure` for user code."""
    if isinstance(error, UnfitError):
        return unfit(str(error))
    return failure(error_text(error), location_of_error(error), error)


def error_text(error: BaseException) -> str:
    """Return an exception of user code as text: its type, its message and its line of user code."""
    kind = type(error).__name__
    text = str(error) if isinstance(error, RuleResultError) else f"{kind}: {error}" if str(error) else kind
    location = location_of_error(error)
    return f"{text} ({location.text})" if location else text


# The event and the remedy for each limit. A limit that can be met on a slope has another remedy for a flat point below.
_SENTENCES: Mapping[Reason, tuple[str, str]] = {
    Reason.TOLERANCE: (
        "Tolerance met: no component of the next move exceeds {tolerance:g}.",
        "But the slope is still {slope:.3g}: the moves are small, not the gradient. Raise the learning rate, look at "
        "its schedule, or lower the tolerance.",
    ),
    Reason.STALLED: (
        "Stalled: the next move is zero, though the slope is still {slope:.3g}.",
        "No step along this direction leads lower, or the learning rate is lost in rounding: start elsewhere, or take "
        "another optimizer.",
    ),
    Reason.GRADIENT_TOLERANCE: (
        "Gradient tolerance met: the largest component of the gradient is {slope:.3g}.",
        "This is a stationary point; another start may find a lower one.",
    ),
    Reason.LOSS_TOLERANCE: (
        "Loss tolerance met: the last step changed the loss by less than {loss_tolerance:g} of it.",
        "If the gradient is still large, raise the learning rate or lower the loss tolerance.",
    ),
    Reason.STEP_LIMIT: (
        "Step limit reached after {step:,} steps.",
        "The slope is still {slope:.3g}: raise the learning rate if the path creeps, lower it if the path zigzags, or "
        "allow more steps.",
    ),
    Reason.DIVERGED: (
        "Diverged: the point or the loss is not finite any more, or beyond {divergence:g}.",
        "Lower the learning rate; the last finite point is kept.",
    ),
    Reason.LEFT_DOMAIN: (
        "Left the domain: the function is not defined where the next step leads.",
        "Lower the learning rate, or start further from the edge; the last defined point is kept.",
    ),
}
_ADVICE_IF_FLAT: Mapping[Reason, str] = {
    Reason.TOLERANCE: (
        "The slope is nearly zero here, so this is a stationary point; another start may find a lower one."
    ),
    Reason.STEP_LIMIT: "The slope is nearly zero here; lower the step limit, or start elsewhere to see more.",
}
_SAMPLE = 128  # components of a long row that are tested first
_FLAT = 1e-2  # largest ‖gradient‖ that a remedy calls nearly zero


# The limits as parameters, from which controls, flags and checks are made. None in Limits switches a rule off.
LIMITS: Mapping[str, Parameter] = {
    "tolerance": Parameter(
        1e-5, 0, 1e3, scale="log", slider=(1e-12, 1), meaning="stop when no component of the move exceeds this"
    ),
    "max_steps": Parameter(
        1000, 1, 1e9, scale="log", slider=(1, 1e7), whole=True, meaning="stop after this many steps"
    ),
    "gradient_tolerance": Parameter(
        1e-5, 0, 1e3, scale="log", slider=(1e-12, 1), meaning="stop when no component of the gradient exceeds this"
    ),
    "loss_tolerance": Parameter(
        1e-9, 0, 1, scale="log", slider=(1e-16, 1), meaning="stop when the relative change of the loss is smaller"
    ),
    "divergence": Parameter(
        1e12, 0, 1e300, scale="log", open_low=True, slider=(1, 1e100),
        meaning="stop when a component or the loss exceeds this",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """The limits at which a run stops; ``None`` switches a rule off.

    * ``tolerance``: no component of the proposed move exceeds this; the move is not applied (the rule of the classic
      ``GD(f, start, lr, n_iter=50, tol=1e-05)``). A zero move on a slope is a pause, not a stop, if the state of the
      optimizer has changed (Rprop after a change of sign, a shrinking trust region) or the next step sees another
      function (batches, noise); otherwise the run has stalled. If a schedule has lowered the learning rate, the move is
      scaled to the full rate, so that a run does not stop before a restart of the schedule.
    * ``max_steps``: this number of steps was executed.
    * ``gradient_tolerance``: the infinity norm of the gradient is at most this (SciPy's ``gtol``).
    * ``loss_tolerance``: |f₋ − f| ≤ this · max(|f₋|, |f|, 1) (SciPy's ``ftol`` in L-BFGS-B).
    * ``divergence``: a component of the point, or the loss, is larger in absolute value.

    Raises:
        ValueError: a value is out of its range in ``LIMITS``.
    """

    tolerance: float | None = float(LIMITS["tolerance"])
    max_steps: int = int(LIMITS["max_steps"])
    gradient_tolerance: float | None = None
    loss_tolerance: float | None = None
    divergence: float = float(LIMITS["divergence"])

    def __post_init__(self) -> None:
        for name, parameter in LIMITS.items():
            value = getattr(self, name)
            if value is not None or name in ("max_steps", "divergence"):
                object.__setattr__(self, name, parameter.check(name, value))

    def end_before(self, gradient: Array, x: Array, proposed: Array, pause: bool, rate_ratio: float = 1.0) -> bool:
        """Return True if the run stops at ``x`` without an evaluation at the proposed point.

        Args:
            gradient: the gradient at ``x``, shape (n,).
            x: the point, shape (n,).
            proposed: the proposed point, shape (n,).
            pause: True if a zero move has changed the state of the optimizer.
            rate_ratio: full learning rate divided by the scheduled one.
        """
        return bool(
            (np.abs(proposed - x).max() * rate_ratio <= _or_never(self.tolerance) and not (pause and gradient.any()))
            or np.abs(gradient).max() <= _or_never(self.gradient_tolerance)
            or not np.isfinite(proposed).all()
        )

    def surely_continue(
        self, step: int, x: Sequence[Array], loss: Array, gradient: Sequence[Array], rate_ratio: Array
    ) -> bool:
        """Return True if a fast test of long rows shows that :meth:`first_stop` finds no stop.

        One component above the tolerance is enough, so only a sample is tested; no component exceeds the norm.

        Args:
            step: the number of the step of row 0.
            x: rows ``step … step + k``, shape (n,) each.
            loss: the losses, shape (k+1,).
            gradient: the gradients, shape (n,) each.
            rate_ratio: full learning rate divided by the scheduled one, shape (k,).
        """
        change = np.abs(loss[1:] - loss[:-1])
        scale = np.maximum(np.maximum(np.abs(loss[1:]), np.abs(loss[:-1])), 1)
        some = slice(None, None, max(1, len(x[0]) // _SAMPLE))
        return bool(
            step + len(x) - 1 < self.max_steps
            and (np.abs(loss[1:]) <= self.divergence).all()
            and (self.loss_tolerance is None or (change > self.loss_tolerance * scale).all())
            and (self.tolerance is None or (_sizes(x, some, moves=True) * rate_ratio > self.tolerance).all())
            and (self.gradient_tolerance is None or (_sizes(gradient[:-1], some) > self.gradient_tolerance).all())
            and (norms(x[1:]) <= 0.99 * self.divergence).all()  # allows for rounding
        )

    def first_stop(
        self,
        step: int,
        x: Array,
        loss: Array,
        gradient: Array,
        pauses: NDArray[np.bool_],
        rate_ratio: Array | float = 1.0,
    ) -> tuple[int, Stop | None]:
        """Find the first stop in a block of consecutive steps.

        Args:
            step: the number of the step of row 0.
            x: rows ``step … step + k``, shape (k+1, n).
            loss: the losses, shape (k+1,).
            gradient: the gradients, shape (k+1, n).
            pauses: a mask of the steps with a zero move that have changed the state of the optimizer, shape (k,).
            rate_ratio: full learning rate divided by the scheduled one, shape (k,).

        Returns:
            The number of steps that count, and the stop after them, if there is one.
        """
        move = np.abs(x[1:] - x[:-1]).max(axis=1)
        size = np.maximum(np.abs(x[1:]).max(axis=1), np.abs(loss[1:]))
        small = move * rate_ratio <= _or_never(self.tolerance)

        # The rules that may apply, with 1 if the step of the stop counts. At the same step the first one is reported.
        rules: list[tuple[Reason, NDArray[np.bool_], int]] = []
        if self.gradient_tolerance is not None or small.any():
            slope = np.abs(gradient[:-1]).max(axis=1)
            small &= ~(pauses & (slope > 0))
            rules += [
                (Reason.GRADIENT_TOLERANCE, slope <= _or_never(self.gradient_tolerance), 0),
                (Reason.STALLED, small & (move == 0) & (slope > _FLAT), 0),
                (Reason.TOLERANCE, small, 0),
            ]
        if not size.max(initial=0.0) <= self.divergence:  # also true for NaN
            rules += [
                (Reason.LEFT_DOMAIN, np.isnan(loss[1:]) & np.isfinite(x[1:]).all(axis=1), 0),
                (Reason.DIVERGED, ~np.isfinite(size), 0),
                (Reason.DIVERGED, size > self.divergence, 1),
            ]
        if self.loss_tolerance is not None:
            change = np.abs(loss[1:] - loss[:-1])
            scale = np.maximum(np.maximum(np.abs(loss[1:]), np.abs(loss[:-1])), 1)
            rules.append((Reason.LOSS_TOLERANCE, change <= self.loss_tolerance * scale, 1))
        found: list[tuple[int, Reason, int]] = []
        for reason, hits, applied in rules:
            if hits.any():
                found.append((int(hits.argmax()) + applied, reason, applied))
        if step + len(move) >= self.max_steps:
            found.append((max(self.max_steps - step, 0), Reason.STEP_LIMIT, 1))
        if not found:
            return len(move), None
        steps, reason, applied = min(found, key=lambda item: item[0])
        refuses = reason in (Reason.DIVERGED, Reason.LEFT_DOMAIN) and not applied
        return steps, self.stop(reason, step + steps, gradient[steps], refuses)

    def stop(self, reason: Reason, step: int, gradient: Array, refuses: bool = False) -> Stop:
        """Return the stop of a rule after a step.

        Args:
            reason: the rule.
            step: the step.
            gradient: the gradient there, shape (n,).
            refuses: True if the next step was not applied.
        """
        varies = reason in _ADVICE_IF_FLAT
        slope = float(norms(gradient[None])[0] if varies else np.abs(gradient).max())
        flat = varies and slope <= _FLAT
        happened, advice = _SENTENCES[reason]
        values = {"step": step, "slope": slope} | vars(self)
        return Stop(
            reason, Message(happened, values), Message(_ADVICE_IF_FLAT[reason] if flat else advice, values),
            flat=flat, refuses=refuses,
        )  # fmt: skip


def _sizes(rows: Sequence[Array], some: slice, moves: bool = False) -> Array:
    """Return the largest of some components of each row, or of each move between rows."""
    parts = np.array([row[some] for row in rows])
    sizes: Array = np.abs(np.diff(parts, axis=0) if moves else parts).max(axis=1)
    return sizes


def _or_never(tolerance: float | None) -> float:
    return -1.0 if tolerance is None else tolerance
