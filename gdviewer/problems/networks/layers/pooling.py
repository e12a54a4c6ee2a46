"""Pooling layers, which reduce each window of an image to one number."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.networks.layer import Shape, Views, Weight, Words, entry
from gdviewer.problems.networks.layers.windows import Windows


@dataclass(frozen=True)
class _Pool2D(Windows):
    """A layer without weights that reduces each window to one number, by channel.

    Attributes:
        stride: distance of two windows; 0 for the height of a window.
    """

    shared_names = ("seen",)

    height: int = field(default=2, metadata=entry("window", "Height of the window in pixels."))
    stride: int = field(default=0, metadata=entry("stride", "Distance between two windows in pixels."))

    def __post_init__(self) -> None:
        object.__setattr__(self, "stride", self.stride or self.height)

    @classmethod
    def read(cls, words: Words) -> Self:
        height = words.number()
        return cls(height, words.option("stride", height))

    def __str__(self) -> str:
        return f"{self.word} {self.height}" + f" stride {self.stride}" * (self.stride != self.height)

    def resized(self, name: str, value: Any) -> Self:
        if name == "height" and self.stride == self.height:
            return type(self)(value)  # windows that lie side by side still do
        return super().resized(name, value)

    @property
    def width(self) -> int:  # type: ignore[override]
        """Of a window."""
        return self.height

    def weights(self, shape: Shape) -> dict[str, Weight]:
        self.places(shape)
        return {}

    def output(self, shape: Shape) -> Shape:
        return (*self.places(shape), shape[2])

    def stacked(self, a: Array) -> tuple[Array, NDArray[np.intp]]:
        """Return, for each position in a window, the numbers there in all windows, and their indices in an image.

        The shapes are (rows, positions, windows · channels) and (positions, windows · channels).
        """
        seen = self.seen(a.shape[1:]).transpose(2, 3, 0, 1, 4).reshape(self.height * self.width, -1)
        return a.reshape(len(a), -1).take(seen.ravel(), axis=1).reshape(len(a), *seen.shape), seen


class MaxPool2D(_Pool2D):
    """The maximum of each window, by channel."""

    title = "MaxPool2D"
    word = "maxpool"
    example = "maxpool 2 stride 2"
    meaning = "The largest number in each window, channel by channel; the first of equal ones has the slope."
    order = 2

    def forward(self, a: Array, w: Views) -> tuple[Array, Any]:  # noqa: ARG002
        windows, seen = self.stacked(a)
        largest, winner = windows[:, 0], seen[0]
        for i in range(1, len(seen)):
            winner = np.where(windows[:, i] > largest, seen[i], winner)
            largest = np.maximum(largest, windows[:, i])
        return largest.reshape(-1, *self.output(a.shape[1:])), (winner, a.shape)

    def backward(self, delta: Array, w: Views, kept: Any, gradient: Views, first: bool) -> Array | None:  # noqa: ARG002
        winner, shape = kept
        places = winner + np.arange(shape[0])[:, None] * prod(shape[1:])  # among the numbers of all images
        return np.bincount(places.ravel(), delta.ravel(), prod(shape)).reshape(shape)


class AveragePool2D(_Pool2D):
    """The mean of each window, by channel."""

    title = "AveragePool2D"
    word = "avgpool"
    label = "averagepool"
    example = "avgpool 2 stride 2"
    meaning = "The mean of the numbers in each window, channel by channel."
    order = 3

    def forward(self, a: Array, w: Views) -> tuple[Array, Any]:  # noqa: ARG002
        windows, seen = self.stacked(a)
        return (np.add.reduce(windows, axis=1) / len(seen)).reshape(-1, *self.output(a.shape[1:])), a.shape

    def backward(self, delta: Array, w: Views, kept: Any, gradient: Views, first: bool) -> Array | None:  # noqa: ARG002
        image = np.zeros(kept)
        for _, _, part in self.parts(image, *delta.shape[1:3]):
            part += delta / (self.height * self.width)
        return image
