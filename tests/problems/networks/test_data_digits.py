"""The digits that come with gdviewer are those that scikit-learn ships."""

import numpy as np
import pytest

from gdviewer.problems.networks.digits import digits

# Of sklearn.datasets.load_digits, scikit-learn 1.9.1.
PER_CLASS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
SUM_PER_CLASS = [56415, 57007, 55566, 56151, 56239, 55915, 56336, 54289, 57408, 56392]
LAST = [
    [0, 0, 10, 14, 8, 1, 0, 0],
    [0, 2, 16, 14, 6, 1, 0, 0],
    [0, 0, 15, 15, 8, 15, 0, 0],
    [0, 0, 5, 16, 16, 10, 0, 0],
    [0, 0, 12, 15, 15, 12, 0, 0],
    [0, 4, 16, 6, 4, 16, 6, 0],
    [0, 8, 16, 10, 8, 16, 8, 0],
    [0, 1, 8, 12, 14, 12, 1, 0],
]
CHECKSUM = 16337198609  # of value × number of its row, from 1 × number of its pixel, from 1


def test_that_the_digits_are_those_of_scikit_learn():
    images, labels = digits().inputs, digits().targets
    assert images.shape == (1797, 8, 8, 1)
    assert images.dtype == np.float64
    assert np.bincount(labels).tolist() == PER_CLASS
    assert [images[labels == digit].sum() for digit in range(10)] == SUM_PER_CLASS
    assert images[-1, ..., 0].tolist() == LAST
    assert labels[-1] == 8
    assert (images[..., 0] * np.arange(1, 1798)[:, None, None] * np.arange(1, 65).reshape(8, 8)).sum() == CHECKSUM


def test_that_the_digits_are_ten_classes_of_images_with_their_source():
    assert digits().kind == "images"
    assert digits().classes == tuple("0123456789")
    assert "Alpaydin" in digits().origin


def test_that_the_digits_are_read_once_and_can_not_be_changed():
    assert digits() is digits()
    with pytest.raises(ValueError, match="read-only"):
        digits().inputs[0] = 1
