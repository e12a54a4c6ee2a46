"""A stop says what kind of point it is at."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

import gdviewer
from gdviewer import optimizers, problems
from gdviewer.cli.main import main
from gdviewer.engine.analysis.point_kind import PointKind
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.diagnosis import curvature_at, diagnose

ON_THE_RIDGE = [1.0, 0.0]  # from here plain descent on x² − y² goes straight to the saddle


def test_that_a_tolerance_met_at_a_saddle_says_so():
    result = gdviewer.minimize("saddle", ON_THE_RIDGE, options={"learning_rate": 0.1})
    assert result.diagnosis.kind is PointKind.SADDLE
    assert "Tolerance met" in result.message
    assert "At a saddle: one eigenvalue is -2" in result.message
    assert result.message.endswith(result.advice)


def test_that_the_command_line_says_it_too(capsys):
    call = ["run", "saddle", "gradient_descent", "--start=1,0", "--learning-rate=0.1"]
    assert main(call) == 0
    assert "At a saddle: one eigenvalue is -2" in capsys.readouterr().out
    assert main([*call, "--json"]) == 0
    reported = json.loads(capsys.readouterr().out)
    assert reported["diagnosis"] == {"kind": "saddle", "eigenvalues": [-2.0, 2.0], "all_eigenvalues": True}
    assert "At a saddle" in reported["message"]


@pytest.mark.parametrize(
    ("limits", "reported"),
    [
        ({"tolerance": 1e-5}, True),
        ({"tolerance": None, "gradient_tolerance": 1e-3}, True),
        ({"tolerance": None, "loss_tolerance": 1e-9}, True),
        ({"tolerance": None, "max_steps": 3}, False),  # on a slope there is nothing to say of the point
        ({"tolerance": None, "max_steps": 1000}, True),
    ],
)
def test_that_those_stops_are_diagnosed_that_are_about_the_point(limits, reported):
    run = Run(
        problems.get("saddle"),
        optimizers.get("gradient_descent"),
        ON_THE_RIDGE,
        {"learning_rate": 0.1},
        Limits(**limits),
    )
    run.advance(10_000)
    found = diagnose(run)
    assert (found is not None) == reported
    assert not reported or found.kind is PointKind.SADDLE


def test_that_a_run_that_diverged_or_goes_on_is_not_diagnosed():
    run = Run(problems.get("saddle"), optimizers.get("gradient_descent"), [1.0, 1.0], {"learning_rate": 0.1})
    assert diagnose(run) is None
    run.advance(2)
    assert diagnose(run) is None
    run.advance(1000)
    assert run.stop
    assert diagnose(run) is None


def test_that_a_diagnosis_is_made_when_asked_for_and_once(monkeypatch):
    made = []
    monkeypatch.setattr("gdviewer.experiment.minimize.diagnose", lambda run: made.append(run) or diagnose(run))
    result = gdviewer.minimize("sphere", options={"learning_rate": 0.1})
    assert not made
    assert result.message == result["message"]
    assert result.diagnosis is result["diagnosis"]
    assert len(made) == 1


def test_that_a_result_can_be_sent_to_another_process():
    result = gdviewer.minimize(lambda x: float(x @ x), [1.0, 2.0], options={"learning_rate": 0.1})
    copy = pickle.loads(pickle.dumps(result))
    assert copy.message == result.message
    assert copy.diagnosis.kind is result.diagnosis.kind
    assert np.array_equal(copy.trace.x, result.trace.x)


def test_that_the_curvature_at_a_step_is_that_of_the_whole_loss():
    problem = problems.get("linear_regression").replace(batch_size=8)
    run = Run(problem, optimizers.get("gradient_descent"), problem.start, {"learning_rate": 0.01})
    run.advance(7)
    found = curvature_at(run, 4)
    assert np.array_equal(found.x, run.trace.x[4])
    assert found.eigenvalues == pytest.approx(np.linalg.eigvalsh(problem.hessian(run.trace.x[4])))
