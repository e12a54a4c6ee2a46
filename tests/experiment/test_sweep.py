"""Sweeps: that their results are those of runs done by hand, and their sentences those of their results."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.options import Options
from gdviewer.engine.rules.parameter import rate
from gdviewer.engine.run.stop import Limits, Reason
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.experiment.sweep import (
    MAX_STEPS,
    SWEPT,
    Sweep,
    default_values,
    lacking,
    read_values,
    stable_rate,
    value_text,
)
from gdviewer.experiment.sweep_findings import findings, summaries


def experiment(problem="network", optimizer="gradient_descent", rate=0.1, steps=60, seed=0, options=None, **values):
    made = problems.get(problem, **values)
    plan = RunPlan(optimizers.get(optimizer), {"learning_rate": rate} if rate else {}, options=options or Options())
    return Experiment(made, (plan,), tuple(made.start.tolist()), Limits(max_steps=steps), seed)


def swept(given, what, *args, **kwargs):
    return Sweep(given, given.runs[0], what, *args, **kwargs).finish()


def by_hand(given, seed=0, rate=None, max_steps=None, tolerance=1e-5, **values):
    """The run that a person would do with these settings."""
    problem = given.problem.replace(**values)
    if "init_seed" in problem.values:
        problem = problem.replace(init_seed=given.problem.values["init_seed"] + seed)
    limits = Limits(max_steps=max_steps or given.limits.max_steps, tolerance=tolerance)
    other = replace(given.with_problem(problem), seed=given.seed + seed, limits=limits)
    plan = replace(other.runs[0], hyperparameters={"learning_rate": rate} if rate else given.runs[0].hyperparameters)
    run = other.build(plan)
    while not run.stop:
        run.advance(256)
    return run


@pytest.mark.parametrize("optimizer", ["gradient_descent", "adam"])
def test_that_learning_rates_come_out_as_the_runs_by_hand(optimizer):
    given = experiment(optimizer=optimizer, seed=3)
    sweep = swept(given, "learning_rate", (0.01, 0.3), 2)
    assert [(one.value, one.seed) for one in sweep.outcomes] == [(0.01, 0), (0.3, 0), (0.01, 1), (0.3, 1)]
    for one in sweep.outcomes:
        run = by_hand(given, one.seed, one.value)
        metrics = run.problem.metrics(run.trace.last)
        assert (one.steps, one.rate, one.measures) == (run.step, one.value, metrics)
        assert one.end == metrics["train_loss"]
        losses = [run.problem.metrics(run.point(int(step)))["train_loss"] for step in sweep.axis[::9]]
        np.testing.assert_array_equal(one.losses[::9], losses)


def test_that_a_regression_shows_the_losses_of_its_record():
    given = experiment("linear_regression", rate=0.01, scaling="standardise")
    sweep = swept(given, "learning_rate", (0.001, 0.1))
    assert sweep.seeds == 1  # nothing is drawn by chance
    for one in sweep.outcomes:
        run = by_hand(given, rate=one.value)
        at = np.minimum(sweep.axis.astype(int), run.step)
        np.testing.assert_array_equal(one.losses, run.trace.loss[at])
        assert (one.steps, one.stop.reason) == (run.step, run.stop.reason)


def test_that_bands_are_the_quartiles_of_the_runs():
    given = experiment(options=Options(l2=0.01))
    sweep = swept(given, "learning_rate", (0.1,), 4)
    band = sweep.band(0.1)
    losses = [one.losses for one in sweep.outcomes]
    for row, share in ((band.low, 0.25), (band.median, 0.5), (band.high, 0.75)):
        np.testing.assert_array_equal(row, np.quantile(losses, share, axis=0))
    assert band.axis[0] == 0
    assert band.axis[-1] == 60
    assert len({one.end for one in sweep.outcomes}) == 4
    first = by_hand(given)
    assert losses[0][0] == pytest.approx(first.problem.value(first.start) + 0.005 * (first.start**2).sum(), rel=1e-12)


def test_that_a_run_that_diverges_is_infinite_from_there_on():
    given = experiment("linear_regression", rate=0.01, steps=2000)
    sweep = swept(given, "learning_rate", (0.01, 1.0))
    fine, lost = sweep.outcomes
    assert not fine.diverged
    assert lost.diverged
    assert lost.stop.reason is Reason.DIVERGED
    assert np.isfinite(lost.losses[sweep.axis <= lost.steps]).all()
    assert np.isinf(lost.losses[sweep.axis > lost.steps]).all()
    said = [one.text for one in findings(sweep)]
    assert f"Too large, from η = 1 up: diverged, at η = 1 after {lost.steps} steps." in said


def test_that_batch_sizes_are_compared_over_the_same_epochs():
    given = experiment(samples=50, test_share=0.2, batch_size=10, steps=20)  # 4 batches of the 40 rows: 5 epochs
    sweep = swept(given, "batch_size", (0, 10, 16), 1)
    assert sweep.epochs == 5
    assert [one.steps for one in sweep.outcomes] == [5, 20, 15]
    for one in sweep.outcomes:
        run = by_hand(given, max_steps=one.steps, tolerance=None, batch_size=one.value)
        assert one.end == run.problem.metrics(run.trace.last)["train_loss"]


def test_that_noise_of_batches_is_that_of_their_gradients_and_falls_as_they_grow():
    given = experiment("linear_regression", rate=0.001, data="three_features", batch_size=4, steps=26)
    sweep = swept(given, "batch_size", (1, 16, 0), 1)
    one, sixteen, every = sweep.outcomes
    assert one.noise > 2 * sixteen.noise > 0 == every.noise
    problem, start = given.problem.replace(batch_size=16), given.problem.start
    whole = problem.gradient(start)
    off = [np.linalg.norm(problem.batch(t, 0).gradient(start) - whole) for t in range(1, 17)]
    assert sixteen.noise == np.median(off) / np.linalg.norm(whole)
    assert any(f"{sixteen.noise:.2g} with batches of 16" in finding.text for finding in findings(sweep))


@pytest.mark.parametrize(("ratio", "times"), [(1, 1000), (3, 4000)])
def test_that_raw_features_take_thousands_of_times_the_steps(ratio, times):
    given = experiment("linear_regression", data="three_features", scale_ratio=ratio)
    sweep = swept(given, "scaling")
    steps = {one.value: one.reached for one in sweep.outcomes}
    assert steps["none"] > times * steps["standardise"]
    assert sweep.max_steps == MAX_STEPS
    said = "\n".join(one.text for one in findings(sweep))
    assert f"raw {steps['none']:,}" in said
    assert f"raw took {steps['none'] / steps['standardise']:,.0f} times the steps of standardised." in said


def test_that_each_scaling_runs_at_half_of_its_own_stable_rate_to_the_same_loss():
    given = experiment("linear_regression", data="three_features")
    sweep = swept(given, "scaling")
    lowest, start = given.problem.lowest, float(given.problem.value(given.problem.start))
    for one in sweep.outcomes:
        problem = given.problem.replace(scaling=one.value)
        steepest = np.linalg.eigvalsh(problem.hessian(problem.start))[-1]
        assert one.rate == pytest.approx(1 / steepest, rel=1e-6)
        run = by_hand(given, rate=one.rate, max_steps=one.reached, tolerance=None, scaling=one.value)
        assert run.trace.loss[-1] <= sweep.target < run.trace.loss[-2]
        assert sweep.target == lowest + 1e-6 * (start - lowest)


def test_that_a_rule_without_a_learning_rate_can_still_be_swept_over_scalings():
    given = experiment("linear_regression", "bfgs", rate=None, data="three_features")
    assert "no learning rate" in lacking(given, given.runs[0], "learning_rate")
    sweep = swept(given, "scaling")
    assert all(one.reached for one in sweep.outcomes)
    assert not any("rate" in one.text for one in findings(sweep))


def test_that_initialisations_that_never_leave_are_reported():
    sweep = swept(experiment("network", "adam", 0.01, steps=400), "init", ("glorot", "zeros"), 2)
    reported = [one.text for one in findings(sweep)]
    lines = {line.value: line for line in summaries(sweep)}
    assert lines["zeros"].end == pytest.approx(np.log(2), abs=1e-3)
    assert reported[0].startswith(f"glorot came lowest: to a loss of {lines['glorot'].end:.3g} in 400 steps")
    assert any("zeros never" in text for text in reported)


def test_that_the_numbers_of_the_conclusion_are_those_of_the_results():
    sweep = swept(experiment(steps=100), "learning_rate", (0.0001, 0.01, 1.0), 3)
    lines = {line.value: line for line in summaries(sweep)}
    best, slow, first = findings(sweep)[0].values, findings(sweep)[1].values, lines[0.0001]
    ends = [one.end for one in sweep.of(1.0)]
    assert best["value"] == "η = 1"
    assert (best["loss"], best["low"], best["high"]) == tuple(f"{np.quantile(ends, q):.3g}" for q in (0.5, 0.25, 0.75))
    assert (slow["smallest"], slow["steps"]) == ("η = 0.0001", "100")
    assert (slow["start"], slow["loss"]) == (f"{first.start:.3g}", f"{first.end:.3g}")


def test_that_a_rate_is_only_called_too_large_where_it_did_worse():
    sweep = swept(experiment(steps=100), "learning_rate", (0.001, 0.01, 0.1))
    assert findings(sweep)[-1].text == "None of them was too large."
    worse = swept(experiment("linear_regression", steps=100), "learning_rate", (0.001, 0.01, 0.5))
    assert "None of them was too large." not in [one.text for one in findings(worse)]


def test_that_a_rule_that_fails_is_not_said_to_diverge():
    @optimizer("Broken", source="none")
    def broken(x, f, t, *, learning_rate=rate(0.1)):
        """Fail at the third step."""
        if t == 3:
            raise RuntimeError("no third step")
        return x - learning_rate * f.gradient(x)

    given = experiment("linear_regression", rate=0.001)
    given = given.with_run(0, optimizer=broken)
    sweep = swept(given, "learning_rate", (0.001, 0.01))
    assert [one.steps for one in sweep.outcomes] == [2, 2]
    (reported,) = findings(sweep)
    assert reported.text.startswith("2 of 2 runs failed: RuntimeError: no third step (line ")


def test_that_slices_come_out_as_one_piece():
    given = experiment(steps=40)
    whole = swept(given, "learning_rate", (0.1, 1.0), 2)
    parts = Sweep(given, given.runs[0], "learning_rate", (0.1, 1.0), 2)
    seen = [0.0]
    while not parts.done:
        parts.advance(1e-4)
        seen.append(parts.progress)
    assert len(seen) > 10
    assert seen == sorted(seen)
    assert seen[-1] == 1
    for one, other in zip(parts.outcomes, whole.outcomes, strict=True):
        np.testing.assert_array_equal(one.losses, other.losses)


def test_that_default_rates_reach_past_the_largest_stable_one():
    given = experiment("linear_regression", data="three_features")
    stable = stable_rate(given, given.runs[0])
    rates = default_values(given, given.runs[0], "learning_rate")
    assert rates[0] < stable / 100
    assert rates[-2] < stable < rates[-1]


def test_that_values_are_read_as_they_are_written():
    given = experiment()
    plan = given.runs[0]
    for what in ("learning_rate", "batch_size", "scaling", "init"):
        values = default_values(given, plan, what)
        assert read_values(given, plan, what, ", ".join(value_text(what, value) for value in values)) == values
    assert read_values(given, plan, "batch_size", "8, all, 8") == (8, 0)


@pytest.mark.parametrize(
    ("what", "text", "message"),
    [
        ("learning_rate", "", "type values"),
        ("learning_rate", "0.1, fast", "fast"),
        ("learning_rate", "20", r"\(0, 10\]"),
        ("batch_size", "1.5", "whole"),
        ("scaling", "standardize", "did you mean 'standardise'"),
    ],
)
def test_that_what_is_no_value_is_reported(what, text, message):
    given = experiment()
    with pytest.raises(ValueError, match=message):
        read_values(given, given.runs[0], what, text)


def test_that_what_can_not_be_swept_is_reported():
    given = experiment("himmelblau", rate=0.01)
    for what in ("batch_size", "scaling", "init"):
        with pytest.raises(ValueError, match=re.escape(given.problem.title)):
            Sweep(given, given.runs[0], what)
    assert swept(given, "learning_rate", (0.001, 0.01)).done
    regression = experiment("linear_regression")
    assert "a neural network has one" in lacking(regression, regression.runs[0], "init")
    newton = experiment("network", "newton", rate=None)
    assert "Hessian" in lacking(newton, newton.runs[0], "scaling")


@pytest.mark.parametrize("what", SWEPT)
@pytest.mark.parametrize("name", [name for name in problems.names() if "batch_size" in problems.get(name).parameters])
def test_that_all_that_is_trained_on_data_can_be_swept_or_says_why_not(name, what):
    given = experiment(name, "adam", 0.01, steps=3)
    if "samples" in given.problem.values:
        given = given.with_problem(given.problem.replace(samples=20))
    plan = given.runs[0]
    if lacking(given, plan, what):
        assert what == "init"
        return
    values = default_values(given, plan, what)
    sweep = swept(given, what, values[-2:], 2, max_steps=3)
    assert len(sweep.outcomes) == 4
    assert findings(sweep)
    assert all(one.steps <= 3 or what == "batch_size" for one in sweep.outcomes)
