"""What a network says of rows of data, and how wrong it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdviewer.problems.networks.dataset import Dataset
from gdviewer.problems.networks.network import Network

TRAIN, TEST = "train", "test"


def part_of(network: Network, part: str) -> Dataset:
    """The data trained on, or those held back; the former where there are none of these."""
    return network.test if part == TEST and len(network.test) else network.train


@dataclass(frozen=True, eq=False)
class PredictionScores:
    """What a network says of the rows of one part of its data.

    Attributes:
        data: the rows; part: ``TRAIN`` or ``TEST``.
        likely: whether predictions of classes are probabilities.
        predictions: as ``network.predict`` gives them, (rows, …).
        told: the number of the class decided for, (rows,) or (rows, time); empty where targets are numbers.
        wrong: how many classes of each row are told wrong, (rows,); zeros where targets are numbers.
        badness: for classes, 1 + p for each that is wrong and 1 − p for each that is right, p the probability of the
            one decided for; for numbers, the root of the mean square of the errors. (rows,).
    """

    data: Dataset
    part: str
    likely: bool
    predictions: np.ndarray
    told: np.ndarray
    wrong: np.ndarray
    badness: np.ndarray

    @property
    def order(self) -> np.ndarray:
        """The rows, the worst first: the most certain mistakes, and then what is right the least certain."""
        return np.lexsort((-self.badness, -self.wrong))

    def in_cell(self, cell: tuple[int, int]) -> np.ndarray:
        """Whether each row is, or at some time is, of one class and taken for another: (true, told)."""
        found: NDArray[np.bool_] = (self.data.targets == cell[0]) & (self.told == cell[1])
        return found if found.ndim == 1 else np.asarray(found.any(axis=1))

    def confusion(self) -> np.ndarray:
        """How many of each class, in rows, are taken for each, in columns: (classes, classes)."""
        k = len(self.data.classes)
        return np.bincount((self.data.targets * k + self.told).ravel(), minlength=k * k).reshape(k, k)


def judge(network: Network, x: np.ndarray, part: str) -> PredictionScores:
    """Have the network at ``x`` say what it thinks of one part of its data."""
    data = part_of(network, part)
    predictions = network.predict(x, data.inputs)
    axes = tuple(range(1, data.targets.ndim))
    if data.classes:
        told = predictions.argmax(axis=-1)
        off = told != data.targets
        sure = np.nan_to_num(predictions.max(axis=-1))
        each = np.where(off, 1 + sure, 1 - sure)
        wrong, badness = (off.sum(axis=axes), each.sum(axis=axes)) if axes else (off.astype(int), each)
    else:
        told, wrong = np.empty(0, dtype=int), np.zeros(len(data), dtype=int)
        badness = np.nan_to_num(np.sqrt(((predictions - data.targets) ** 2).mean(axis=axes)), nan=np.inf)
    part = TEST if data is network.test else TRAIN
    return PredictionScores(data, part, network.loss.probabilities, predictions, told, wrong, badness)
