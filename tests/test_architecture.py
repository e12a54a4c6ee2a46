"""Imports at run time, and docstrings; the order of the rooms is import-linter's, in pyproject.toml."""

import importlib
import inspect
import os
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from types import FunctionType

import pytest

from gdviewer.problems import made_data
from gdviewer.problems.networks import generators

PACKAGE = Path(__file__).parents[1] / "gdviewer"
HEAVY = {"PySide6", "pyqtgraph", "sympy", "contourpy"}


def name_of_module(path):
    return ".".join(("gdviewer", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def test_that_everything_but_the_window_and_the_derivatives_loads_without_qt_and_sympy():
    modules = [
        name_of_module(path)
        for path in sorted(PACKAGE.rglob("*.py"))
        if PACKAGE / "ui" not in path.parents and path.name != "symbolic.py"
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


def test_that_the_package_shows_its_interface_alone_and_loads_nothing_heavy():
    code = f"""
import sys, gdviewer
print(*dir(gdviewer))
print(*(({HEAVY!r} | {{"numpy"}}) & set(sys.modules)))
print(all(getattr(gdviewer, name) is not None for name in gdviewer.__all__ if name != "show"))
print(*({HEAVY!r} & set(sys.modules)), dir(gdviewer) == sorted(gdviewer.__all__))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, timeout=60)
    assert done.stderr == ""
    shown, loaded, found, after = done.stdout.splitlines()
    names = ["Experiment", "GD", "Result", "__version__", "minimize", "optimizers", "problems", "schedules", "show"]
    assert shown.split() == names
    assert (loaded.strip(), found, after.strip()) == ("", "True", "True")
    assert (PACKAGE / "py.typed").exists()


@pytest.mark.parametrize(("said", "threads"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "2"}, "2")])
def test_that_the_command_asks_for_one_thread_before_numpy_is_loaded_unless_the_user_has(said, threads):
    code = """
import sys, os
import gdviewer.__main__
assert "numpy" not in sys.modules
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


def test_that_a_new_window_has_not_loaded_what_is_not_seen_at_first():
    code = """
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
import gdviewer.cli.main
from gdviewer.experiment.experiment import default_experiment
from gdviewer.ui.app.application import create_application
from gdviewer.ui.app.main_window import MainWindow
application = create_application()
window = MainWindow(default_experiment())
window.show()
application.processEvents()
print(*sorted(sys.modules), flush=True)
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, timeout=60)
    loaded = done.stdout.split()
    assert "gdviewer.ui.app.main_window" in loaded, done.stderr
    unseen = (
        "sympy", "numpy.random", "gdviewer.cli.run", "gdviewer.engine.notation.mathematics", "gdviewer.engine.tracing",
        "gdviewer.engine.analysis", "gdviewer.experiment.catalogue", "gdviewer.experiment.sweep",
        "gdviewer.experiment.user_rule", "gdviewer.inspection", "gdviewer.problems.networks",
        "gdviewer.problems.regression_problem", "gdviewer.problems.samples", "gdviewer.problems.table",
        "gdviewer.ui.breakpoints", "gdviewer.ui.catalogue.choice_list", "gdviewer.ui.code", "gdviewer.ui.curvature",
        "gdviewer.ui.inspector", "gdviewer.ui.network", "gdviewer.ui.problem.data_entry",
        "gdviewer.ui.problem.samples_entry", "gdviewer.ui.sweeps",
    )  # fmt: skip
    assert [name for name in loaded if any(f"{name}.".startswith(f"{room}.") for room in unseen)] == []


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


def public(thing):
    return {name: value for name, value in vars(thing).items() if not name.startswith("_")}


def implements(cls, protocol):
    """True if a class has all members of a protocol, as attributes or as fields."""
    fields = {name for base in cls.__mro__ for name in inspect.get_annotations(base)}
    return all(hasattr(cls, n) or n in fields for n in {*public(protocol), *inspect.get_annotations(protocol)})


def documented(cls, name, protocols):
    """True for a docstring of the method itself, of a base class (Qt's too) or of a protocol that it implements."""
    return any(inspect.getdoc(getattr(c, name, None)) for c in (cls, *(p for p in protocols if implements(cls, p))))


def test_that_all_that_is_public_has_a_docstring():
    modules = [importlib.import_module(name_of_module(path)) for path in sorted(PACKAGE.rglob("*.py"))]
    declared = {generator.rule for made in (made_data, generators) for generator in made.GENERATORS.values()}
    things = [
        (f"{module.__name__}.{name}", thing)
        for module in modules
        for name, thing in public(module).items()
        if getattr(thing, "__module__", "") == module.__name__
        if inspect.isclass(thing) or (inspect.isfunction(thing) and thing not in declared)  # these have a summary
    ]
    classes = [(name, thing) for name, thing in things if inspect.isclass(thing)]
    protocols = [cls for _, cls in classes if getattr(cls, "_is_protocol", False)]
    missing = [module.__name__ for module in modules if not module.__doc__]
    for name, thing in things:
        bases = [base for base in getattr(thing, "__mro__", [thing]) if base.__module__.startswith("gdviewer.")]
        if not any(base.__doc__ for base in bases):  # of a class of another package it is no docstring of ours
            missing.append(name)
    for name, cls in classes:
        for member, value in public(cls).items():
            if isinstance(value, FunctionType | classmethod | staticmethod | property | cached_property):
                missing += [] if documented(cls, member, protocols) else [f"{name}.{member}"]
    assert missing == []
