"""Predictions of a network for rows of data, and the errors in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdviewer.problems.networks.dataset import Dataset
from gdviewer.problems.networks.network import Network

TRAIN, TEST = "train", "test"


def part_of(network: Network, part: str) -> Dataset:
    """Return the training or the test data; the training data if there are no test data."""
    return network.test if part == TEST and len(network.test) else network.train


@dataclass(frozen=True, eq=False)
class PredictionScores:
    """The predictions of a network for one part of its data.

    Attributes:
        data: the rows; part: ``TRAIN`` or ``TEST``.
        likely: True if predictions of classes are probabilities.
        predictions: the result of ``network.predict``, (rows, …).
        predicted: the index of the predicted class, (rows,) or (rows, time); empty for numeric targets.
        wrong: the number of wrong classes in each row, (rows,); zeros for numeric targets.
        error_scores: (rows,). For classes, the sum of 1 + p for wrong and 1 − p for correct ones, with the probability
            p of the predicted class; for numbers, the root mean square error.
    """

    data: Dataset
    part: str
    likely: bool
    predictions: np.ndarray
    predicted: np.ndarray
    wrong: np.ndarray
    error_scores: np.ndarray

    @property
    def order(self) -> np.ndarray:
        """The rows, worst first: wrong rows by decreasing certainty, then correct rows by increasing certainty."""
        return np.lexsort((-self.error_scores, -self.wrong))

    def in_cell(self, cell: tuple[int, int]) -> np.ndarray:
        """Return True for each row with this pair of (true, predicted) class, at any time step; shape (rows,)."""
        found: NDArray[np.bool_] = (self.data.targets == cell[0]) & (self.predicted == cell[1])
        return found if found.ndim == 1 else np.asarray(found.any(axis=1))

    def confusion(self) -> np.ndarray:
        """Return the counts of true classes (rows) and predicted classes (columns): (classes, classes)."""
        k = len(self.data.classes)
        return np.bincount((self.data.targets * k + self.predicted).ravel(), minlength=k * k).reshape(k, k)


def score_predictions(network: Network, x: np.ndarray, part: str) -> PredictionScores:
    """Predict one part of the data with the weights ``x``, (n,), and score the predictions."""
    data = part_of(network, part)
    predictions = network.predict(x, data.inputs)
    axes = tuple(range(1, data.targets.ndim))
    if data.classes:
        predicted = predictions.argmax(axis=-1)
        off = predicted != data.targets
        sure = np.nan_to_num(predictions.max(axis=-1))
        each = np.where(off, 1 + sure, 1 - sure)
        wrong, error_scores = (off.sum(axis=axes), each.sum(axis=axes)) if axes else (off.astype(int), each)
    else:
        predicted, wrong = np.empty(0, dtype=int), np.zeros(len(data), dtype=int)
        error_scores = np.nan_to_num(np.sqrt(((predictions - data.targets) ** 2).mean(axis=axes)), nan=np.inf)
    part = TEST if data is network.test else TRAIN
    return PredictionScores(data, part, network.loss.probabilities, predictions, predicted, wrong, error_scores)
