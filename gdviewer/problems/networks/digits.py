"""The handwritten digits that come with gdviewer."""

from __future__ import annotations

from functools import cache

import numpy as np

from gdviewer.problems.networks.dataset import Dataset, dataset
from gdviewer.resources import asset


@cache
def digits() -> Dataset:
    """1,797 images of handwritten digits, (1797, 8, 8, 1) with values from 0 to 16, in ten classes "0" … "9".

    Source: E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository, doi:10.24432/C50P49, CC BY 4.0; the test set, as in scikit-learn's ``load_digits``.
    """
    with asset("digits/digits.npz") as path, np.load(path) as file:
        images, labels = file["images"], file["labels"]
    return dataset(
        images[..., None],
        labels,
        target_name="digit",
        origin=f"{len(labels):,} handwritten digits (Alpaydin and Kaynak 1998)",
    )
