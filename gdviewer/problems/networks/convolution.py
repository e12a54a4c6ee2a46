"""Layers for images, whose examples have the shape (height, width, channels)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.networks.layers import Misfit, Shape, Views, ones, shape_text


@lru_cache(maxsize=8)  # a network asks for the same ones at every step
def _seen(shape: Shape, height: int, width: int, stride: int) -> NDArray[np.intp]:
    numbers = np.arange(prod(shape)).reshape(shape)
    windows = sliding_window_view(numbers, (height, width), axis=(0, 1))[::stride, ::stride]
    ordered = np.ascontiguousarray(windows.transpose(0, 1, 3, 4, 2))
    ordered.setflags(write=False)
    return ordered


class _Windows:
    """A layer that looks at an image through windows.

    Attributes:
        height, width: of a window; stride: how far one is from the next, in both directions.
    """

    height: int
    width: int
    stride: int

    def places(self, shape: Shape, what: str, padding: int = 0) -> tuple[int, int]:
        """How many windows there are down and across an image of ``shape``; raises Misfit where none fits."""
        if len(shape) != 3:
            kind = "a row of numbers" if len(shape) == 1 else "a sequence"
            raise Misfit(f"{what} needs images, height×width×channels: the input is {kind}, {shape_text(shape)}")
        down, across = (
            (side + 2 * padding - window) // self.stride + 1
            for side, window in zip(shape, (self.height, self.width), strict=False)
        )
        if shape[0] + 2 * padding < self.height or shape[1] + 2 * padding < self.width:
            raise Misfit(f"a window of {self.height}×{self.width} does not fit: the input is {shape_text(shape)}")
        return down, across

    def seen(self, shape: Shape) -> NDArray[np.intp]:
        """The numbers that the windows see of an image of ``shape``, counted as they stand in memory: (down, across,
        window height, window width, channels)."""
        return _seen(shape, self.height, self.width, self.stride)

    def parts(self, image: Array, down: int, across: int) -> Iterator[tuple[int, int, Array]]:
        """For each place in a window, the pixels that are there in the windows: (rows, down, across, channels)."""
        s = self.stride
        for i in range(self.height):
            for j in range(self.width):
                yield i, j, image[:, i : i + s * down : s, j : j + s * across : s]


def _framed(image: Array, width: int) -> Array:
    """Images (rows, height, width, channels) with so many zeros on each side."""
    rows, down, across, channels = image.shape
    framed = np.zeros((rows, down + 2 * width, across + 2 * width, channels))
    framed[:, width:-width, width:-width] = image
    return framed


@dataclass(frozen=True)
class Conv2D(_Windows):
    """Each filter sees a window of the image and moves over it: z = window·W + b, with W of shape (window height,
    window width, channels, filters) and b of shape (filters,). As in all libraries it is a cross-correlation.

    Attributes:
        filters: how many outputs a place has; padding: rows and columns of zeros added on each side.
        activation: what follows, by name; None for what the network's layers have.
    """

    filters: int
    height: int = 3
    width: int = 3
    stride: int = 1
    padding: int = 0
    activation: str | None = "identity"

    def weights(self, shape: Shape) -> dict[str, Shape]:
        self.places(shape, "Conv2D", self.padding)
        return {"W": (self.height, self.width, shape[2], self.filters), "b": (self.filters,)}

    def output(self, shape: Shape) -> Shape:
        return (*self.places(shape, "Conv2D", self.padding), self.filters)

    def forward(self, a: Array, w: Views) -> tuple[Array, Any]:
        W, b = w
        filters = W.reshape(-1, self.filters)
        image = _framed(a, self.padding) if self.padding else a
        seen = self.seen(image.shape[1:])
        # What each window sees becomes a row, so that one product moves all filters over all images.
        columns = image.reshape(len(image), -1).take(seen.ravel(), axis=1).reshape(-1, len(filters))
        z = columns.dot(filters)
        z += b
        return z.reshape(-1, *seen.shape[:2], self.filters), (columns, image.shape)

    def backward(self, delta: Array, w: Views, kept: Any, gradient: Views, first: bool) -> Array | None:
        W, _ = w
        W_gradient, b_gradient = gradient
        columns, padded = kept
        rows, down, across, _ = delta.shape
        delta = delta.reshape(-1, self.filters)
        columns.T.dot(delta, W_gradient.reshape(-1, self.filters))
        ones(len(delta)).dot(delta, b_gradient)
        if first:
            return None
        windows = delta.dot(W.reshape(-1, self.filters).T).reshape(rows, down, across, self.height, self.width, -1)
        image = np.zeros(padded)
        for i, j, part in self.parts(image, down, across):
            part += windows[:, :, :, i, j]  # a pixel is in several windows
        p = self.padding
        return image[:, p : padded[1] - p, p : padded[2] - p]

    def __str__(self) -> str:
        stride, padding = f" stride {self.stride}" * (self.stride != 1), f" pad {self.padding}" * bool(self.padding)
        return f"conv {self.filters} {self.height}x{self.width}{stride}{padding} {self.activation or ''}".rstrip()


@dataclass(frozen=True)
class _Pool2D(_Windows):
    """A layer without weights that makes one number of each window, channel by channel.

    Attributes:
        height: of a window, and its width; stride: the same where it is 0.
    """

    height: int = 2
    stride: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "stride", self.stride or self.height)

    @property
    def width(self) -> int:  # type: ignore[override]
        """Of a window."""
        return self.height

    def weights(self, shape: Shape) -> dict[str, Shape]:
        self.places(shape, type(self).__name__)
        return {}

    def output(self, shape: Shape) -> Shape:
        return (*self.places(shape, type(self).__name__), shape[2])

    def stacked(self, a: Array) -> tuple[Array, NDArray[np.intp]]:
        """For each place in a window the numbers that are there in all windows, (rows, places, windows · channels), and
        which of an image they are, (places, windows · channels)."""
        seen = self.seen(a.shape[1:]).transpose(2, 3, 0, 1, 4).reshape(self.height * self.width, -1)
        return a.reshape(len(a), -1).take(seen.ravel(), axis=1).reshape(len(a), *seen.shape), seen

    def __str__(self) -> str:
        name = "maxpool" if isinstance(self, MaxPool2D) else "avgpool"
        return f"{name} {self.height}" + f" stride {self.stride}" * (self.stride != self.height)


class MaxPool2D(_Pool2D):
    """The largest number in each window, channel by channel; the first of equal ones has the slope."""

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
    """The mean of the numbers in each window, channel by channel."""

    def forward(self, a: Array, w: Views) -> tuple[Array, Any]:  # noqa: ARG002
        windows, seen = self.stacked(a)
        return (np.add.reduce(windows, axis=1) / len(seen)).reshape(-1, *self.output(a.shape[1:])), a.shape

    def backward(self, delta: Array, w: Views, kept: Any, gradient: Views, first: bool) -> Array | None:  # noqa: ARG002
        image = np.zeros(kept)
        for _, _, part in self.parts(image, *delta.shape[1:3]):
            part += delta / (self.height * self.width)
        return image
