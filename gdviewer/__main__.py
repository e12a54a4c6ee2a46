"""``python -m gdviewer`` and the ``gdviewer`` command."""

import os
import sys

# One thread for matrix products, unless the user says otherwise: NumPy's libraries read this when they are loaded. A
# network's products are too small to gain much by more, and threads that wait for each other by spinning slow down the
# window, which draws at the same time, and everything where the processors have other work.
for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(variable, "1")

from gdviewer.cli import main  # noqa: E402 - it loads NumPy

if __name__ == "__main__":
    sys.exit(main())
