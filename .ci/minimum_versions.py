"""Print the oldest version of each dependency that pyproject.toml allows, for pip: `numpy==1.26.*`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def main() -> None:
    """Print one requirement a line."""
    for requirement in tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"]:
        name, oldest = re.fullmatch(r"([\w.-]+)>=([\d.]+)(?:,.*)?", requirement).groups()
        print(f"{name}=={oldest}.*")


if __name__ == "__main__":
    main()
