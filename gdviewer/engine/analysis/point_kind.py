"""Kinds of points, such as minimum, saddle and slope, and the reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np

from gdviewer.engine.record.events import Message
from gdviewer.engine.rules.oracle import Array, Minimisable

# Distances are shares of the width of the domain. A stationary point within this distance counts as the point itself.
NEAR = 1e-3
_PROBE = 1e-2  # distance at which the function is evaluated if the parabola is flat
_NARROW = 10.0  # smallest ratio, in a valley, of the curvatures across and along, and of the distances to end and floor
_LEVEL = 1e-4  # largest change on a plateau, relative to the change across the domain …
_AROUND = 0.02  # … within this distance
_STRAIGHT = 1e-6  # smallest curvature that divides a slope, relative to the largest
_SIGNIFICANT = 1e-12  # smallest change of the loss that counts, relative to the change across the domain
_NUMBERS = 2**22  # maximum number of components in one call
_DIRECTIONS = 8  # maximum number of directions in which the function is evaluated


class PointKind(Enum):
    """The kind of a point; the value is the word used in files and results."""

    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    SADDLE = "saddle"
    PLATEAU = "plateau"
    VALLEY = "valley"
    SLOPE = "slope"
    KINK = "kink"
    EDGE = "edge of the domain"
    UNDEFINED = "not defined"
    UNKNOWN = "not known"


# The reasons of the kinds. `{names}` are replaced by Finding.values after translation.
REASONS: Mapping[tuple[PointKind, str], str] = {
    (PointKind.MINIMUM, "line"): "At a minimum: the slope is zero, and the curvature is {high:.3g}.",
    (PointKind.MINIMUM, ""): "At a minimum: all eigenvalues are positive, from {low:.3g} to {high:.3g}.",
    (PointKind.MINIMUM, "some"): (
        "At a minimum, it seems: all eigenvalues found are positive, from {low:.3g} to {high:.3g}."
    ),
    (PointKind.MINIMUM, "degenerate"): (
        "At a minimum: there is no curvature along {flat} of {n} directions, but the loss rises there too, by "
        "{rise:.2g} within {probe:.2g}."
    ),
    (PointKind.MINIMUM, "level"): (
        "At a minimum that is no single point: the loss is level along {flat} of {n} directions."
    ),
    (PointKind.MAXIMUM, "line"): "At a maximum: the slope is zero, and the curvature is {low:.3g}.",
    (PointKind.MAXIMUM, ""): "At a maximum: all eigenvalues are negative, from {low:.3g} to {high:.3g}.",
    (PointKind.MAXIMUM, "some"): (
        "At a maximum, it seems: all eigenvalues found are negative, from {low:.3g} to {high:.3g}."
    ),
    (PointKind.MAXIMUM, "degenerate"): (
        "At a maximum: there is no curvature along {flat} of {n} directions, but the loss falls there too, by "
        "{fall:.2g} within {probe:.2g}."
    ),
    (PointKind.MAXIMUM, "level"): (
        "At a maximum that is no single point: the loss is level along {flat} of {n} directions."
    ),
    (PointKind.SADDLE, "one"): "At a saddle: one eigenvalue is {low:.3g}, the largest is {high:.3g}.",
    (PointKind.SADDLE, "many"): (
        "At a saddle: {negative} eigenvalues are negative, down to {low:.3g}; the largest is {high:.3g}."
    ),
    (PointKind.SADDLE, "degenerate"): (
        "At a saddle: there is no curvature along {flat} of {n} directions, and the loss falls to one side, by "
        "{fall:.2g} within {probe:.2g}."
    ),
    (PointKind.SADDLE, "inflection"): (
        "At a level inflection, a saddle in one dimension: slope and curvature are zero, and the loss falls to one "
        "side, by {fall:.2g} within {probe:.2g}."
    ),
    (PointKind.PLATEAU, ""): (
        "On a plateau: within {around:.2g} of here the loss changes by about {change:.2g}, across the region by "
        "{range:.2g}."
    ),
    (PointKind.PLATEAU, "level"): "On a plateau: slope and curvature are zero, and the loss is the same all around.",
    (PointKind.VALLEY, ""): (
        "In a valley: it curves {ratio:.3g} times as much across as along; its floor is {across:.2g} away, its end "
        "{along:.2g}."
    ),
    (
        PointKind.SLOPE,
        "",
    ): (
        "On a slope: ‖gradient‖ is {slope:.3g}, and the stationary point of the local parabola is {distance:.3g} away."
    ),
    (PointKind.SLOPE, "straight"): "On a slope: ‖gradient‖ is {slope:.3g}, and there is no curvature.",
    (PointKind.KINK, "minimum"): (
        "At a minimum, a kink: within {near:.2g} the slope jumps by {jump:.3g}, and the loss is higher on all sides."
    ),
    (PointKind.KINK, ""): "At a kink: within {near:.2g} the slope jumps by {jump:.3g}; it leads down to one side.",
    (PointKind.EDGE, ""): "At the edge: the function is not defined everywhere within {near:.2g} of here.",
    (PointKind.UNDEFINED, ""): "The function is not defined here.",
    (PointKind.UNDEFINED, "gradient"): "The gradient is not defined here.",
    (PointKind.UNKNOWN, "hessian"): "The curvature is not defined here.",
    (PointKind.UNKNOWN, "error"): "{error}",
}


@dataclass(frozen=True)
class Finding:
    """The kind of a point, and the values in its reason."""

    kind: PointKind
    variant: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> Message:
        """A sentence with the reason."""
        return Message(REASONS[self.kind, self.variant], self.values)

    @property
    def reason(self) -> str:
        """The reason with its values."""
        return self.message.text


@dataclass(frozen=True, eq=False)
class Spot:
    """A point with finite loss and gradient, and the known part of its Hessian.

    Attributes:
        objective: the function.
        x: the point, shape (n,); loss: the loss; gradient: shape (n,).
        scale: the width of the domain.
        eigenvalues: of the Hessian, in ascending order, shape (k,); vectors: eigenvectors, shape (k, n).
        floor: an eigenvalue of at most this size counts as zero.
    """

    objective: Minimisable
    x: Array
    loss: float
    gradient: Array
    scale: float
    eigenvalues: Array
    vectors: Array
    floor: float

    @property
    def near(self) -> float:
        """The distance within which two points count as the same."""
        return NEAR * self.scale

    @property
    def slope(self) -> float:
        """‖gradient‖."""
        return float(np.linalg.norm(self.gradient))

    @property
    def largest(self) -> float:
        """The largest size of an eigenvalue."""
        return float(np.abs(self.eigenvalues).max(initial=0.0))

    @cached_property
    def axes(self) -> Array:
        """Directions in which the function is evaluated, shape (k, n): the axes, or in many dimensions eigenvectors."""
        n = len(self.x)
        half = _DIRECTIONS // 2
        return np.eye(n) if n <= _DIRECTIONS else np.concatenate([self.vectors[:half], self.vectors[-half:]])

    @cached_property
    def span(self) -> float:
        """The largest change of the loss at half a width."""
        far = self.losses(self.axes * self.scale / 2) - self.loss
        return float(np.abs(far[np.isfinite(far)]).max(initial=0.0))

    def losses(self, moves: Array) -> Array:
        """Return the losses at x plus and minus each move: (k, n) gives (2, k)."""
        points = np.stack([self.x + moves, self.x - moves])
        if self.objective.broadcasts and points.size <= _NUMBERS:
            return np.asarray(self.objective.value(points))
        return np.array([[float(self.objective.value(point)) for point in side] for side in points])

    @cached_property
    def lengths(self) -> Array:
        """The distance to the stationary point of the local parabola along each eigenvector, shape (k,)."""
        smallest = max(_STRAIGHT * self.largest, 1e-300)
        return np.abs(self.vectors @ self.gradient) / np.maximum(np.abs(self.eigenvalues), smallest)

    @property
    def distance(self) -> float:
        """The distance to the stationary point of the local parabola; estimated along unknown directions."""
        rest = 0.0
        if len(self.vectors) < len(self.x):
            unknown = self.gradient - self.vectors.T @ (self.vectors @ self.gradient)
            rest = float(np.linalg.norm(unknown) / max(np.median(np.abs(self.eigenvalues)), 1e-300))
        return float(np.hypot(np.linalg.norm(self.lengths), rest))


def classify(spot: Spot) -> Finding:
    """Return the kind of a point.

    The tests, in this order:

    * An edge, if f is undefined at a point within ``NEAR`` of the width; a kink, if the jump of the slope does not
      shrink with the distance.
    * A minimum, maximum or saddle, by the signs of the eigenvalues, if the nearest stationary point of the local
      parabola is within ``NEAR``. Each component of the gradient along an eigenvector is divided by the size of its
      eigenvalue, which is at least 1e-6 of the largest. In directions with a zero eigenvalue the function is evaluated
      at a hundredth of the width.
    * A plateau, if the parabola changes by at most 1e-4 of the change at half a width, within 2 % of the width.
    * A valley, if the eigenvalues form two groups, those across are positive and at least 10 times those along, and
      the distance to the end is at least 10 times that to the floor.
    * Otherwise a slope.
    """
    rough = _roughness(spot)
    if rough is not None:
        return rough
    if not len(spot.eigenvalues):
        return Finding(PointKind.UNKNOWN, "hessian")
    slope, distance = spot.slope, spot.distance
    if distance <= spot.near or slope == 0:
        return _stationary(spot)
    around = _AROUND * spot.scale
    change = slope * around + spot.largest * around**2 / 2
    if change <= _LEVEL * spot.span:
        return Finding(PointKind.PLATEAU, "", {"around": around, "change": change, "range": spot.span})
    if spot.largest <= spot.floor:
        return Finding(PointKind.SLOPE, "straight", {"slope": slope})
    return _valley(spot) or Finding(PointKind.SLOPE, "", {"slope": slope, "distance": distance})


def _roughness(spot: Spot) -> Finding | None:
    """Return an edge or a kink, if there is one: there the second difference is linear in the distance."""
    near, loss = spot.near, spot.loss
    wide, narrow = spot.losses(near * spot.axes), spot.losses(near / 8 * spot.axes)
    if not np.isfinite(narrow).all():
        return Finding(PointKind.EDGE, "", {"near": near})
    jump, jump_narrow = (wide.sum(axis=0) - 2 * loss) / near, (narrow.sum(axis=0) - 2 * loss) / (near / 8)
    rounding = 1e-14 * max(abs(loss), float(np.abs(narrow).max(initial=0.0))) / (near / 8)
    significant = np.abs(jump_narrow) > max(100 * rounding, 1e-3 * spot.slope, 1e-3 * spot.largest * near)
    kinks = significant & (np.abs(jump_narrow) > 0.6 * np.abs(jump))
    if not kinks.any():
        return None
    variant = "minimum" if (narrow > loss).all() else ""
    return Finding(PointKind.KINK, variant, {"near": near, "jump": float(np.abs(jump_narrow[kinks]).max())})


def _stationary(spot: Spot) -> Finding:
    """Return a minimum, maximum or saddle; in directions with zero eigenvalues the function decides."""
    n, eigenvalues, significant = len(spot.x), spot.eigenvalues, _SIGNIFICANT * spot.span
    flat = np.abs(eigenvalues) <= max(spot.floor, significant / spot.scale**2)
    up, down = bool((eigenvalues[~flat] > 0).any()), bool((eigenvalues[~flat] < 0).any())
    negative = int((eigenvalues[~flat] < 0).sum())
    values: dict[str, Any] = {
        "n": n, "low": float(eigenvalues[0]), "high": float(eigenvalues[-1]), "flat": int(flat.sum()),
        "negative": negative,
    }  # fmt: skip
    if up and down:
        return Finding(PointKind.SADDLE, "one" if negative == 1 else "many", values)
    kind = PointKind.MINIMUM if up else PointKind.MAXIMUM
    if not flat.any():
        return Finding(kind, "line" if n == 1 else "" if len(eigenvalues) == n else "some", values)
    probe = _PROBE * spot.scale
    heights = spot.losses(probe * spot.vectors[flat][:_DIRECTIONS]) - spot.loss
    heights = heights[np.isfinite(heights)]
    rise, fall = float(heights.max(initial=0.0)), float(-heights.min(initial=0.0))
    significant = max(significant, 1e-13 * abs(spot.loss))
    values |= {"probe": probe, "rise": rise, "fall": fall}
    rises, falls = rise > significant, fall > significant
    if (up or rises) and (down or falls):
        return Finding(PointKind.SADDLE, "inflection" if n == 1 else "degenerate", values)
    if rises or falls:
        return Finding(PointKind.MINIMUM if rises else PointKind.MAXIMUM, "degenerate", values)
    return Finding(kind if up or down else PointKind.PLATEAU, "level", values)


def _valley(spot: Spot) -> Finding | None:
    """Return a valley, if the eigenvalues form two groups and the point is close to the floor."""
    order = np.argsort(-np.abs(spot.eigenvalues))
    sizes = np.abs(spot.eigenvalues[order])
    if len(sizes) < 2:
        return None
    ratios = sizes[:-1] / np.maximum(sizes[1:], spot.floor)
    split = int(ratios.argmax()) + 1
    steep, gentle = order[:split], order[split:]
    across, along = float(np.linalg.norm(spot.lengths[steep])), float(np.linalg.norm(spot.lengths[gentle]))
    if ratios[split - 1] < _NARROW or (spot.eigenvalues[steep] <= 0).any() or across * _NARROW > along:
        return None
    return Finding(PointKind.VALLEY, "", {"ratio": float(ratios[split - 1]), "across": across, "along": along})
