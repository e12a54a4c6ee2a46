"""Layers that move a window over images, whose examples have the shape (height, width, channels)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import prod

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.networks.layer import Layer, LayerShapeError, Shape, shape_text


@lru_cache(maxsize=8)  # a network asks for the same ones at every step
def _seen(shape: Shape, height: int, width: int, stride: int) -> NDArray[np.intp]:
    numbers = np.arange(prod(shape)).reshape(shape)
    windows = sliding_window_view(numbers, (height, width), axis=(0, 1))[::stride, ::stride]
    ordered = np.ascontiguousarray(windows.transpose(0, 1, 3, 4, 2))
    ordered.setflags(write=False)
    return ordered


class Windows(Layer):
    """A layer that moves a window over an image.

    Attributes:
        height, width: size of a window; stride: distance of two windows, in both directions.
    """

    height: int
    width: int
    stride: int

    def places(self, shape: Shape, padding: int = 0) -> tuple[int, int]:
        """Return the number of windows down and across an image of ``shape``; raise LayerShapeError if none fits."""
        if len(shape) != 3:
            kind = "a row of numbers" if len(shape) == 1 else "a sequence"
            raise LayerShapeError(
                f"{self.title} needs images, height×width×channels: the input is {kind}, {shape_text(shape)}"
            )
        down, across = (
            (side + 2 * padding - window) // self.stride + 1
            for side, window in zip(shape, (self.height, self.width), strict=False)
        )
        if shape[0] + 2 * padding < self.height or shape[1] + 2 * padding < self.width:
            raise LayerShapeError(
                f"a window of {self.height}×{self.width} does not fit: the input is {shape_text(shape)}"
            )
        return down, across

    def seen(self, shape: Shape) -> NDArray[np.intp]:
        """Return the flat indices of the numbers in each window of an image of ``shape``.

        The shape is (down, across, window height, window width, channels).
        """
        return _seen(shape, self.height, self.width, self.stride)

    def parts(self, image: Array, down: int, across: int) -> Iterator[tuple[int, int, Array]]:
        """Yield, for each position in a window, the pixels there in all windows: (rows, down, across, channels)."""
        s = self.stride
        for i in range(self.height):
            for j in range(self.width):
                yield i, j, image[:, i : i + s * down : s, j : j + s * across : s]
