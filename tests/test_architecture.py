"""The order of the rooms, and what may be loaded by whom."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "gdviewer"
FILES = sorted(PACKAGE.rglob("*.py"))
TOP = 4  # the command line, the window and the public names see everything below them
RANKS = {
    "engine": 0,
    "resources": 0,
    "optimizers": 1,
    "schedules": 1,
    "problems": 1,
    "experiment": 2,
    "lessons": 3,
    "cli": TOP,
    "ui": TOP,
    "": TOP,
}
HEAVY = {"PySide6", "pyqtgraph", "sympy", "contourpy"}


def room_of(path):
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if first.startswith("__") else first


def imports(path):
    """The dotted names a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively, which hides the room"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_imported(name):
    """The room of the package that an import reaches into; "" is the package itself, None is not of it."""
    parts = name.split(".")
    if parts[0] != "gdviewer":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in RANKS else ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_that_each_room_imports_only_from_those_below_it(path):
    room = room_of(path)
    for name in imports(path):
        other = room_imported(name)
        if other is None or other == room or RANKS[room] == TOP:
            continue
        assert RANKS[other] < RANKS[room], f"{room} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_that_qt_is_imported_by_the_window_only(path):
    if room_of(path) != "ui":
        heavy = {name.partition(".")[0] for name in imports(path)} & HEAVY
        assert heavy <= ({"sympy"} if path.name == "symbolic.py" else set())


def test_that_everything_but_the_window_and_the_derivatives_loads_without_qt_and_sympy():
    modules = [
        ".".join(("gdviewer", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        for path in FILES
        if room_of(path) != "ui" and path.name != "symbolic.py"
    ]
    code = f"""
import importlib, sys
for name in {modules!r}:
    importlib.import_module(name)
import gdviewer
assert gdviewer.problems.get("himmelblau").value([3, 2]) == 0
assert gdviewer.GD([2, 4], 10, 0.001)[0] < 10
print(*({HEAVY!r} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, timeout=60)
    assert done.stderr == ""
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(("said", "threads"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "2"}, "2")])
def test_that_the_command_asks_for_one_thread_before_numpy_is_loaded_unless_the_user_has(said, threads):
    code = """
import sys, os
import gdviewer
assert "numpy" not in sys.modules
import gdviewer.__main__
assert "numpy" in sys.modules
print(os.environ["OPENBLAS_NUM_THREADS"])
"""
    others = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, timeout=60, env=others | said
    )
    assert done.stdout.split() == [threads], done.stderr


def test_that_sympy_is_loaded_by_the_first_gradient_of_a_formula():
    code = """
import sys, gdviewer
problem = gdviewer.problems.formula("x**2")
assert "sympy" not in sys.modules
problem.gradient([1.0])
assert "sympy" in sys.modules and "PySide6" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_that_texts_of_the_screen_and_results_survive_python_without_docstrings_and_asserts():
    code = """
import gdviewer
from gdviewer import optimizers, schedules
from gdviewer.engine.breakpoints.kinds import KINDS
from gdviewer.experiment.user_rule import TEMPLATE, duplicate, read_rules
texts = {rule.title: rule.summary for module in (optimizers, schedules) for rule in module.catalogue().values()}
texts |= {kind.title: kind.meaning for kind in KINDS.values()}
texts |= {rule.title: rule.summary for rule in read_rules(TEMPLATE, "typed").rules}
texts |= {rule.title: rule.summary for rule in read_rules(duplicate(optimizers.get("adam")), "typed").rules}
found = gdviewer.minimize("rosenbrock", method="newton_safeguarded")
print(__debug__, schedules.get.__doc__ is None, len(texts) > 60, [title for title in texts if not texts[title]])
print(texts, found.success, found.x.tolist(), found.message)
"""
    said = [
        subprocess.run([sys.executable, *flag, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent)
        for flag in ([], ["-OO"])
    ]
    assert [done.stderr for done in said] == ["", ""]
    plain, bare = (done.stdout.splitlines() for done in said)
    assert bare[0] == "False True True []"
    assert plain[1:] == bare[1:]
    assert "True [0.99999" in plain[-1]


def test_that_calls_of_qt_keep_the_references_to_none():
    # PySide6 6.12.0 on Python 3.11 loses one at each void call and aborts the interpreter within seconds.
    from PySide6.QtCore import QObject

    thing = QObject()
    before = sys.getrefcount(None)
    for i in range(500):
        thing.setObjectName(str(i))
    assert abs(sys.getrefcount(None) - before) < 50
