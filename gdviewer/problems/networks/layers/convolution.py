"""The convolutional layer, whose filters move over an image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.networks.layer import (
    ACTIVATION,
    Shape,
    Views,
    Weight,
    Words,
    bias,
    entry,
    number_of,
    ones,
)
from gdviewer.problems.networks.layers.windows import Windows


def _framed(image: Array, width: int) -> Array:
    """Return images (rows, height, width, channels) with ``width`` zeros on each side."""
    rows, down, across, channels = image.shape
    framed = np.zeros((rows, down + 2 * width, across + 2 * width, channels))
    framed[:, width:-width, width:-width] = image
    return framed


@dataclass(frozen=True)
class Conv2D(Windows):
    """A convolution: each filter computes one number from each window of an image."""

    title = "Conv2D"
    word = "conv"
    example = "conv 8 3x3 stride 1 pad 1 relu"
    meaning = (
        "Each filter moves over the image, one window at a time: z = window·W + b, with W of shape (window height, "
        "window width, channels, filters) and b of shape (filters,). As in all libraries it is a cross-correlation."
    )
    order = 1
    filter_weight = "W"
    shared_names = ("filters", "seen")

    filters: int = field(metadata=entry("filters", "Number of filters, the channels of the output."))
    height: int = field(default=3, metadata=entry("window", "Height of the window in pixels."))
    width: int = field(default=3, metadata=entry("by", "Width of the window in pixels."))
    stride: int = field(default=1, metadata=entry("stride", "Distance between two windows in pixels."))
    padding: int = field(
        default=0, metadata=entry("padding", "Rows and columns of zeros that are added on each side.", low=0)
    )
    activation: str | None = field(default="identity", metadata=ACTIVATION)

    @classmethod
    def read(cls, words: Words) -> Self:
        activation, filters = words.activation(), words.number()
        sides = words.pop(0).replace("×", "x").split("x") if words and words[0][:1].isdigit() else ["3"]
        height, width = map(number_of, sides * 2 if len(sides) == 1 else sides)
        return cls(filters, height, width, words.option("stride", 1), words.option("pad", 0, least=0), activation)

    def __str__(self) -> str:
        stride, padding = f" stride {self.stride}" * (self.stride != 1), f" pad {self.padding}" * bool(self.padding)
        return f"conv {self.filters} {self.height}x{self.width}{stride}{padding} {self.activation or ''}".rstrip()

    @classmethod
    def default(cls) -> Self:
        return cls(8, activation=None)

    def weights(self, shape: Shape) -> dict[str, Weight]:
        self.places(shape, self.padding)
        window, channels = (self.height, self.width), shape[2]
        seen = self.height * self.width
        fans = seen * channels, seen * self.filters
        return {"W": Weight((*window, channels, self.filters), fans), "b": bias(self.filters)}

    def output(self, shape: Shape) -> Shape:
        return (*self.places(shape, self.padding), self.filters)

    def forward(self, a: Array, w: Views) -> tuple[Array, Any]:
        W, b = w
        filters = W.reshape(-1, self.filters)
        image = _framed(a, self.padding) if self.padding else a
        seen = self.seen(image.shape[1:])
        # The pixels of each window become a row, so that one product applies all filters to all images.
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
