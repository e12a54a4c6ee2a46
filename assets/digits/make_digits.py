"""Write digits.npz beside this file, from the copy that scikit-learn ships: `python make_digits.py`.

The same bytes come out each time: one archive of two arrays of uint8, with the same date in it.
"""

import io
import zipfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

digits = load_digits()
arrays = {"images": digits.images.astype(np.uint8), "labels": digits.target.astype(np.uint8)}
if (arrays["images"] != digits.images).any():
    raise SystemExit("the images are no longer whole numbers from 0 to 16")
with zipfile.ZipFile(Path(__file__).with_name("digits.npz"), "w") as archive:
    for name, array in arrays.items():
        text = io.BytesIO()
        np.save(text, array)
        archive.writestr(zipfile.ZipInfo(f"{name}.npy"), text.getvalue(), zipfile.ZIP_DEFLATED, 9)
