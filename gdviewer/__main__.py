"""``python -m gdviewer`` and the ``gdviewer`` command."""

import os
import sys

# Use one thread for matrix products unless the user has set another number. NumPy's libraries read these variables when
# they are loaded. The products of a network are too small to gain much from several threads, and threads that wait for
# each other in a loop slow down the window, which draws at the same time.
for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(variable, "1")

from gdviewer.cli.main import main  # noqa: E402 - its commands load NumPy

if __name__ == "__main__":
    sys.exit(main())
