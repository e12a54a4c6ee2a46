"""Layers as text, and back: ``32, conv 8 3x3 relu, maxpool 2, flatten, rnn 16 every, dropout 0.2``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gdviewer.engine.rules.parameter import nearest
from gdviewer.problems.networks.activations import ACTIVATIONS
from gdviewer.problems.networks.convolution import AveragePool2D, Conv2D, MaxPool2D
from gdviewer.problems.networks.layers import Dense, Dropout, Flatten, Layer, Misfit
from gdviewer.problems.networks.recurrent import RNN

MOST_UNITS = 100_000
MOST_LAYERS = 50
# What each kind of layer is written like.
KINDS = {
    "dense": "dense 32 relu, or just 32",
    "conv": "conv 8 3x3 stride 1 pad 1 relu",
    "maxpool": "maxpool 2 stride 2",
    "avgpool": "avgpool 2 stride 2",
    "flatten": "flatten",
    "rnn": "rnn 16, or rnn 16 every for an output at each time step",
    "dropout": "dropout 0.2",
}


def layers_of(text: str) -> tuple[Layer, ...]:
    """The layers that a text describes, one after another, separated by commas.

    Raises:
        Misfit: what is wrong, and in which layer.
    """
    items = [item.strip() for item in text.split(",")] if text.strip() else []
    if len(items) > MOST_LAYERS:
        raise Misfit(f"there are {len(items)} layers; at most {MOST_LAYERS} can be shown")
    return tuple(_layer(item) for item in items)


def text_of(layers: Iterable[Layer | int | str]) -> str:
    """Layers as text; an int is a dense layer of so many units."""
    return ", ".join(map(str, layers))


def read(text: str) -> str:
    """A text of layers as it is written best; raises Misfit for one that is none."""
    return text_of(layers_of(text))


def _layer(item: str) -> Layer:
    words = item.lower().split()
    if not words:
        raise Misfit("a layer is missing between two commas")
    kind = words.pop(0)
    if re.fullmatch(r"[+-]?\d.*", kind):
        kind, words = "dense", [kind, *words]
    if kind not in KINDS:
        raise Misfit(f"there is no layer {kind!r}{nearest(kind, KINDS) or '; there are ' + ', '.join(KINDS)}")
    activation = words.pop() if words and words[-1] in ACTIVATIONS and kind in ("dense", "conv") else None
    try:
        layer, rest = _made(kind, words, activation)
    except (IndexError, KeyError, ValueError) as error:
        reason = str(error) if isinstance(error, Misfit) else f"write it as {KINDS[kind]}"
        raise Misfit(f"{item!r}: {reason}") from None
    if rest:
        raise Misfit(
            f"{item!r}: {rest[0]!r} is not understood{nearest(rest[0], ACTIVATIONS)}; write it as {KINDS[kind]}"
        )
    return layer


def _made(kind: str, words: list[str], activation: str | None) -> tuple[Layer, list[str]]:
    """A layer, and the words that are left."""
    if kind == "flatten":
        return Flatten(), words
    if kind == "dropout":
        chance = float(words.pop(0))
        if not 0 <= chance < 1:
            raise Misfit(f"the chance of being dropped must be in [0, 1); got {chance:g}")
        return Dropout(chance), words
    size = _count(words.pop(0))
    if kind == "dense":
        return Dense(size, activation), words
    if kind == "rnn":
        every = words == ["every"]
        return RNN(size, every), [] if every else words
    if kind == "conv":
        window = words.pop(0).replace("×", "x").split("x") if words and words[0][:1].isdigit() else ["3", "3"]
        height, width = map(_count, window * 2 if len(window) == 1 else window)
        stride, padding = _option("stride", words, 1), _option("pad", words, 0)
        return Conv2D(size, height, width, stride, padding, activation), words
    pool = MaxPool2D if kind == "maxpool" else AveragePool2D
    return pool(size, _option("stride", words, size)), words


def _option(name: str, words: list[str], default: int) -> int:
    if name not in words:
        return default
    at = words.index(name)
    value = _count(words[at + 1], 0 if name == "pad" else 1)
    del words[at : at + 2]
    return value


def _count(word: str, least: int = 1) -> int:
    number = int(word)
    if not least <= number <= MOST_UNITS:
        raise Misfit(f"{number} must be in {least} … {MOST_UNITS:,}")
    return number
