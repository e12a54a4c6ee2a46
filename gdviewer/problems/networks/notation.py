"""Layers as text, and back: ``32, conv 8 3x3 relu, maxpool 2, flatten, rnn 16 every, dropout 0.2``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gdviewer.engine.rules.parameter import nearest
from gdviewer.problems.networks.activations import ACTIVATIONS
from gdviewer.problems.networks.layer import Layer, LayerShapeError, Words
from gdviewer.problems.networks.layers import catalogue

MOST_LAYERS = 50


def layers_of(text: str) -> tuple[Layer, ...]:
    """Return the layers described by a text, separated by commas.

    Raises:
        LayerShapeError: The text can't be read; the message names the layer.
    """
    items = [item.strip() for item in text.split(",")] if text.strip() else []
    if len(items) > MOST_LAYERS:
        raise LayerShapeError(f"there are {len(items)} layers; at most {MOST_LAYERS} can be shown")
    return tuple(_layer(item) for item in items)


def text_of(layers: Iterable[Layer | int | str]) -> str:
    """Return layers as text; an int is a dense layer with this number of units."""
    return ", ".join(map(str, layers))


def read(text: str) -> str:
    """Return a text of layers in normal form; raise LayerShapeError if it can't be read."""
    return text_of(layers_of(text))


def _layer(item: str) -> Layer:
    words = item.lower().split()
    if not words:
        raise LayerShapeError("a layer is missing between two commas")
    kinds = catalogue()
    word = words.pop(0)
    if re.fullmatch(r"[+-]?\d.*", word):
        word, words = next(word for word, kind in kinds.items() if kind.bare), [word, *words]
    if word not in kinds:
        raise LayerShapeError(f"there is no layer {word!r}{nearest(word, kinds) or '; there are ' + ', '.join(kinds)}")
    kind, rest = kinds[word], Words(words, ACTIVATIONS)
    try:
        layer = kind.read(rest)
    except (IndexError, ValueError) as error:
        reason = str(error) if isinstance(error, LayerShapeError) else f"write it as {kind.example}"
        raise LayerShapeError(f"{item!r}: {reason}") from None
    if rest:
        raise LayerShapeError(
            f"{item!r}: {rest[0]!r} is not understood{nearest(rest[0], ACTIVATIONS)}; write it as {kind.example}"
        )
    return layer
