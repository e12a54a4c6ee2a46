"""Regression on data: exact losses, coefficients in the data's own units, scaling and batches."""

import itertools
import json
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy

import gdviewer
from gdviewer import optimizers, problems
from gdviewer.engine.rules.options import Options
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits, Reason
from gdviewer.problems.batches import Batches
from gdviewer.problems.data import SCALINGS
from gdviewer.problems.losses import HuberLoss, LogisticLoss, sigmoid
from gdviewer.problems.made_data import GENERATORS
from gdviewer.problems.regression_problem import MODELS
from tests.kinds import representatives

REFERENCE = json.loads((Path(__file__).parents[1] / "references" / "sklearn.json").read_text())
X, Y, LABEL, ONE = (np.array(REFERENCE[key]) for key in ("x", "y", "label", "one"))
ENTRIES = [p.name for p in problems.catalogue().values() if isinstance(p, problems.Regression)]
each_model = pytest.mark.parametrize("model", MODELS)
each_entry = pytest.mark.parametrize("name", ENTRIES)
each_scaling = pytest.mark.parametrize("scaling", SCALINGS)


def small(model, scaling="none", rows=7, features=2, **values):
    """A few rows with a bit of everything, for a model."""
    rng = np.random.default_rng(4)
    x = rng.normal(2, 3, (rows, 1 if model == "polynomial" else features))
    y = np.arange(rows) % 2 if model == "logistic" else rng.normal(0, 2, rows)
    return problems.regression(x, y, model, scaling=scaling, **values)


def exact(problem, points):
    """Value, gradient and Hessian from the definitions, by SymPy's derivatives at 40 digits."""
    w = sympy.symbols(f"w:{problem.dimension}", real=True)
    degree = problem.values.get("degree", 1)
    total = 0
    with mpmath.workdps(40):
        features = [
            [mpmath.mpf(v) ** k for v in row for k in range(1, degree + 1)] for row in problem.data.inputs.tolist()
        ]
        columns = [list(column) for column in zip(*features, strict=True)]
        for i, column in enumerate(columns):
            mean = mpmath.fsum(column) / len(column)
            deviation = mpmath.sqrt(mpmath.fsum([(v - mean) ** 2 for v in column]) / len(column))
            kind = problem.values["scaling"]
            shift, size = {
                "none": (0, 1), "standardise": (mean, deviation), "minmax": (min(column), max(column) - min(column)),
            }[kind]  # fmt: skip
            columns[i] = [(v - shift) / size for v in column]
        parts = []
        for row, y in zip(zip(*columns, strict=True), problem.targets.tolist(), strict=True):
            z = w[0] + sum(a * sympy.Float(v, 40) for a, v in zip(w[1:], row, strict=True))
            y = sympy.Float(y, 40)
            if problem.model.classes:
                part = sympy.log(1 + sympy.exp(z)) - y * z
            elif "delta" in problem.values:
                delta, r = sympy.Float(problem.values["delta"], 40), z - y
                part = sympy.Piecewise(
                    (r**2 / 2, sympy.Abs(r) <= delta), (delta * (sympy.sqrt(r**2) - delta / 2), True)
                )
            else:
                part = (z - y) ** 2
            parts.append(part)
        total = sum(parts) / len(parts)
        gradient = [sympy.diff(total, a) for a in w]
        hessian = [[sympy.diff(g, a).replace(sympy.DiracDelta, lambda _: 0) for a in w] for g in gradient]
        found = []
        for part in (total, gradient, hessian):
            at = sympy.lambdify(w, part, "mpmath")
            found.append(np.array([np.array(at(*map(mpmath.mpf, p.tolist())), dtype=float) for p in points]))
        return found


@pytest.mark.parametrize(
    ("model", "scaling"),
    representatives(itertools.product(MODELS, SCALINGS), lambda model, _: model, lambda _, scaling: scaling),
)
def test_that_loss_gradient_and_hessian_are_those_of_the_definition(model, scaling):
    problem = small(model, scaling)
    points = np.random.default_rng(5).normal(0, 1.5, (6, problem.dimension))
    for ours, theirs in zip((problem.value, problem.gradient, problem.hessian), exact(problem, points), strict=True):
        assert np.abs(ours(points) - theirs).max() <= 1e-12 * max(1.0, np.abs(theirs).max())


@each_entry
def test_that_every_set_of_samples_has_slopes_that_agree_with_its_loss(name):
    entry = problems.get(name)
    for words in entry.parameters["data"].words:
        problem = entry.replace(data=words)
        x = problem.domain.mean(axis=1) + 0.1
        h = 1e-5
        steps = h * np.eye(problem.dimension)
        slope = (problem.value(x + steps) - problem.value(x - steps)) / (2 * h)
        scale = np.abs(problem.hessian(x)).max()
        assert problem.gradient(x) == pytest.approx(slope, rel=1e-5, abs=1e-6 * scale)


@pytest.mark.parametrize("data", GENERATORS)
def test_that_samples_are_the_same_each_time_and_others_with_another_seed(data):
    entry = next(p for p in map(problems.get, ENTRIES) if data in p.parameters["data"].words)
    one, again, other = (entry.replace(data=data, data_seed=seed).data for seed in (3, 3, 4))
    assert np.array_equal(one.inputs, again.inputs)
    assert np.array_equal(one.targets, again.targets)
    assert not np.array_equal(one.inputs, other.inputs)
    wide = entry.replace(data=data, data_seed=3, scale_ratio=10).data
    assert np.array_equal(wide.inputs[:, -1], 10 * one.inputs[:, -1])
    assert np.array_equal(wide.inputs[:, :-1], one.inputs[:, :-1])
    assert np.array_equal(wide.targets, one.targets)


@each_scaling
def test_that_a_converged_run_gives_back_least_squares_in_the_data_s_own_units(scaling):
    x = X / [1, 1, 1] if scaling != "none" else X / [50, 4, 30]  # raw features of such units need too many steps
    problem = problems.regression(x, Y, scaling=scaling)
    run = Run(problem, optimizers.get("nesterov"), problem.start, {"learning_rate": 0.02, "momentum": 0.95},
              Limits(tolerance=None, gradient_tolerance=1e-12, max_steps=100_000))  # fmt: skip
    run.advance(100_000)
    assert run.stop.reason is Reason.GRADIENT_TOLERANCE
    expected = np.linalg.lstsq(np.column_stack([np.ones(len(x)), x]), Y, rcond=None)[0]
    assert problem.coefficients(run.trace.x[-1]) == pytest.approx(expected, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(("scaling", "learning_rate"), [("none", 0.02), ("standardise", 0.2), ("minmax", 0.2)])
def test_that_a_converged_polynomial_has_the_coefficients_of_polyfit(scaling, learning_rate):
    x = ONE - 2
    problem = problems.regression(x, Y, "polynomial", degree=3, scaling=scaling)
    run = Run(problem, optimizers.get("nesterov"), problem.start, {"learning_rate": learning_rate, "momentum": 0.98},
              Limits(tolerance=None, gradient_tolerance=1e-11, max_steps=100_000))  # fmt: skip
    run.advance(100_000)
    assert run.stop.reason is Reason.GRADIENT_TOLERANCE
    assert problem.coefficients(run.trace.x[-1]) == pytest.approx(np.polyfit(x, Y, 3)[::-1], rel=1e-8, abs=1e-8)


@each_scaling
@pytest.mark.parametrize(
    ("model", "x", "y", "values"),
    [
        ("linear", X, Y, {}),
        ("polynomial", ONE, Y, {"degree": 4}),
        ("logistic", X, LABEL, {}),
        ("huber", X, Y, {"delta": REFERENCE["delta"]}),
    ],
)
def test_that_minima_are_the_fits_of_scikit_learn_and_scipy_whatever_the_scaling(model, x, y, values, scaling):
    problem = problems.regression(x, y, model, scaling=scaling, **values)
    assert problem.coefficients(problem.minima[0]) == pytest.approx(REFERENCE[model], rel=1e-6)
    if model == "logistic":
        assert problem.predict(problem.minima[0], x) == pytest.approx(REFERENCE["probabilities"], abs=1e-8)
    if model == "huber":
        assert problem.lowest == pytest.approx(REFERENCE["huber_loss"], rel=1e-12)


@pytest.mark.parametrize(("scaling", "key"), [("standardise", "standardised"), ("minmax", "minmax")])
def test_that_features_are_scaled_as_scikit_learn_scales_them(scaling, key):
    problem = problems.regression(X, Y, scaling=scaling)
    np.testing.assert_allclose(problem.columns[1:].T, REFERENCE[key], rtol=0, atol=1e-13)


def test_that_predictions_in_own_units_are_the_outputs_of_the_scaled_features():
    for model in MODELS:
        problem = small(model, "standardise")
        x = np.random.default_rng(1).normal(size=problem.dimension)
        outputs = problem.outputs(x)
        expected = sigmoid(outputs) if model == "logistic" else outputs
        assert problem.predict(x, problem.data.inputs) == pytest.approx(expected, abs=1e-11)


def test_that_scaling_is_reported_with_its_numbers_and_constant_features_are_left():
    x = [[1, 10, 5], [3, 30, 5], [5, 50, 5]]
    problem = problems.regression(x, [1, 2, 4], scaling="standardise", feature_names=["a", "b", "c"])
    assert problem.scaling.text == (
        "Features standardised: (a − 3) / 1.633, (b − 30) / 16.33. Constant, so left as they are: c."
    )
    assert np.array_equal(problem.columns[3], [5, 5, 5])
    assert "scaled to 0 … 1: (a − 1) / 4" in problem.replace(scaling="minmax").scaling.text
    assert problem.replace(scaling="none").scaling.text == "Features as they are, not scaled."
    assert np.isfinite(problem.minima).all()


def test_that_the_model_is_reported_in_the_data_s_own_units():
    problem = problems.regression([0, 1, 2], [1, -1, -3], scaling="standardise", feature_names=["t"])
    assert problem.model_text(problem.minima[0]) == "y = 1 − 2·t"
    report = problem.report(problem.minima[0])
    assert report["coefficients"] == pytest.approx({"intercept": 1, "t": -2})
    assert report["scaling"].startswith("Features standardised")
    logistic = problems.regression([0, 1, 2], ["no", "yes", "yes"], "logistic")
    assert logistic.model_text([1, 2]) == "log odds of yes = 1 + 2·x"


def test_that_logits_of_a_thousand_have_finite_losses_and_slopes():
    z, y = np.array([1000.0, -1000.0, 1000.0, -1000.0, 0.0]), np.array([1.0, 0.0, 0.0, 1.0, 1.0])
    loss = LogisticLoss()
    assert loss.value(z, y) == pytest.approx([0, 0, 1000, 1000, np.log(2)], abs=1e-300)
    assert loss.slope(z, y) == pytest.approx([0, 0, 1, -1, -0.5], abs=1e-300)
    assert np.array_equal(loss.curvature(z, y), [0, 0, 0, 0, 0.25])


def test_that_the_huber_loss_is_a_square_inside_and_a_line_outside():
    r = np.array([-3.0, -1.0, 0.5, 1.0, 4.0])
    loss = HuberLoss(1.0)
    assert np.array_equal(loss.value(r, np.zeros(5)), [2.5, 0.5, 0.125, 0.5, 3.5])
    assert np.array_equal(loss.slope(r, np.zeros(5)), [-1, -1, 0.5, 1, 1])
    assert np.array_equal(loss.curvature(r, np.zeros(5)), [0, 1, 1, 1, 0])


def test_that_classes_a_line_separates_have_no_minimum_and_overlapping_ones_have():
    logistic = problems.get("logistic_regression")
    assert len(logistic.replace(data="separable").minima) == 0
    assert logistic.replace(data="separable").lowest is None
    assert len(logistic.replace(data="two_classes").minima) == 1
    assert len(problems.regression([1, 2, 3, 3, 4], [0, 0, 0, 1, 1], "logistic").minima) == 0  # they touch
    assert len(problems.regression([1, 2, 3, 3, 4], [0, 1, 0, 1, 1], "logistic").minima) == 1


def test_that_squares_are_quadratic_and_the_picture_agrees_with_the_loss():
    linear, logistic = problems.get("linear_regression"), problems.get("logistic_regression")
    assert linear.quadratic
    assert not logistic.quadratic
    for problem in (linear, linear.replace(scale_ratio=30), logistic):
        grid = np.stack(np.meshgrid(*(np.linspace(*sides, 21) for sides in problem.domain)), axis=-1)
        assert problem.values_on_grid(grid) == pytest.approx(problem.value(grid), rel=1e-10)
    assert not linear.replace(samples=10_000).sketched
    assert logistic.replace(samples=10_000).sketched


# Batches


@pytest.mark.parametrize(("rows", "size"), [(10, 3), (10, 10), (7, 1), (12, 4)])
def test_that_each_epoch_sees_every_row_once_in_another_order(rows, size):
    batches = Batches(rows, size)
    epochs = [
        np.concatenate([batches.at(epoch * batches.count + k, 5) for k in range(1, batches.count + 1)])
        for epoch in range(3)
    ]
    for epoch in epochs:
        assert np.array_equal(np.sort(epoch), np.arange(rows))
    assert not np.array_equal(epochs[0], epochs[1])
    assert [batches.epoch(t) for t in (1, batches.count, batches.count + 1)] == [0, 0, 1]
    assert len(batches.at(batches.count, 5)) == (rows % size or size)
    assert not np.array_equal(Batches(rows, size).at(1, 5), batches.at(1, 6)) or size == rows or rows > size
    assert np.array_equal(batches.at(1, 5), np.random.default_rng([5, 0]).permutation(rows)[:size])


@each_model
def test_that_the_batches_of_an_epoch_average_to_the_whole(model):
    problem = small(model, rows=10, batch_size=4)
    x = np.random.default_rng(2).normal(size=problem.dimension)
    parts = [problem.batch(t, 0) for t in (1, 2, 3)]
    shares = np.array([len(part.targets) for part in parts]) / 10
    assert shares.tolist() == [0.4, 0.4, 0.2]
    for ask in ("value", "gradient", "hessian"):
        whole = getattr(problem, ask)(x)
        mean = sum(share * getattr(part, ask)(x) for share, part in zip(shares, parts, strict=True))
        assert mean == pytest.approx(whole, rel=1e-12, abs=1e-12)


@each_entry
def test_that_a_step_sees_its_batch_and_the_record_is_of_the_whole(name):
    problem = problems.get(name, batch_size=8)
    run = Run(problem, optimizers.get("gradient_descent"), problem.start, {"learning_rate": 1e-3},
              Limits(tolerance=None, max_steps=40), seed=7)  # fmt: skip
    run.advance(40)
    for t in range(1, run.step + 1):
        x = run.trace.x[t - 1]
        rows = problem.batch_rows(t, 7)
        assert len(rows) == (8 if t % 7 else 2)
        assert np.array_equal(problem.batch(t, 7).targets, problem.targets[rows])
        assert np.array_equal(run.trace.x[t], x - 1e-3 * problem.batch(t, 7).gradient(x))
        assert np.array_equal(run.replay(t)[0], run.trace.x[t])
    assert np.array_equal(run.trace.gradient, problem.gradient(run.trace.x))
    assert np.array_equal(run.trace.loss, problem.value(run.trace.x))


def test_that_one_row_a_step_is_stochastic_descent_and_all_rows_are_not():
    problem = problems.get("linear_regression")
    assert not problem.stochastic
    assert not problem.replace(batch_size=50).stochastic
    assert not problem.replace(batch_size=1000).stochastic  # more than there are: all of them
    assert problem.batch(3, 0) is problem
    single = problem.replace(batch_size=1)
    assert single.stochastic
    assert single.batch(3, 0).targets.shape == (1,)
    assert not single.batch(3, 0).stochastic
    assert not len(single.batch(3, 0).minima)  # those of the whole are not the batch's
    assert single.batch(3, 0).value(problem.start) == single.targets[single.batch_rows(3, 0)[0]] ** 2
    assert single.batch_text == "Every step sees one row, drawn at random: 50 steps are an epoch."
    assert (
        "batch of 8 of the 50 rows: 7 steps are an epoch, the last with 2" in problem.replace(batch_size=8).batch_text
    )
    assert problem.batch_text == "Every step sees all 50 rows."


def test_that_batches_go_with_decay_and_clipping():
    problem = problems.get("linear_regression", batch_size=8)
    run = Run(problem, optimizers.get("gradient_descent"), problem.start, {"learning_rate": 0.1},
              Limits(tolerance=None, max_steps=20), options=Options(l2=0.1, clip_norm=1.0))  # fmt: skip
    run.advance(20)
    moves = np.linalg.norm(np.diff(run.trace.x, axis=0), axis=1)
    assert moves.max() == pytest.approx(0.1, rel=1e-5)
    assert run.trace.loss[0] == problem.value(problem.start)


@each_entry
def test_that_many_points_of_a_batch_are_answered_bit_for_bit_as_each_alone(name):
    problem = problems.get(name, batch_size=5, samples=100).batch(4, 0)
    points = np.random.default_rng(0).normal(size=(300, problem.dimension))
    for ask in (problem.value, problem.gradient, problem.hessian):
        assert np.array_equal(ask(points), [ask(point) for point in points])


def test_that_a_grid_over_ten_thousand_rows_is_answered_in_chunks_to_the_same_bits():
    problem = problems.get("huber_regression", samples=10_000)
    points = np.random.default_rng(0).normal(size=(40, 2))
    assert np.array_equal(problem.value(points), [problem.value(point) for point in points])
    assert np.array_equal(problem.gradient(points), [problem.gradient(point) for point in points])


def test_that_another_batch_size_is_the_same_function_of_all_rows():
    problem = problems.get("logistic_regression")
    other = problem.replace(batch_size=4)
    assert (other.batches.size, problem.batches.size) == (4, 50)
    assert (other.values["batch_size"], problem.values["batch_size"]) == (4, 0)
    x = np.array([0.5, -0.25])
    assert other.value(x) == problem.value(x)
    assert np.array_equal(other.minima, problem.minima)
    with pytest.raises(ValueError, match="batch_size must be in"):
        problem.replace(batch_size=-1)


def test_that_scipys_form_minimises_a_regression():
    problem = problems.regression(ONE, Y, feature_names=["size"])
    result = gdviewer.minimize(
        problem, method="momentum", options={"learning_rate": 0.02, "maxiter": 20_000}, tol=1e-12
    )
    assert problem.coefficients(result.x) == pytest.approx(np.polyfit(ONE, Y, 1)[::-1], rel=1e-8)


# Data of the user, and what is wrong with them


def test_that_one_s_own_data_keep_scaling_and_batches_but_no_generator():
    made = problems.get("linear_regression", scaling="minmax", batch_size=5, samples=20)
    given = made.with_data(problems.regression(X, Y).data)
    assert (given.values, given.has_generated_data, made.has_generated_data) == (
        {"scaling": "minmax", "batch_size": 5},
        False,
        True,
    )
    assert given.dimension == 4
    assert given.replace(scaling="none").data is given.data


def test_that_two_numbers_or_two_texts_are_classes():
    numbers = problems.regression([1, 2, 3, 4], [3, 7, 3, 7], "logistic")
    assert numbers.data.classes == ("3", "7")
    assert numbers.targets.tolist() == [0, 1, 0, 1]
    texts = problems.regression([1, 2, 3, 4], ["cat", "dog", "cat", "dog"], "logistic")
    assert texts.data.classes == ("cat", "dog")
    assert np.array_equal(texts.targets, numbers.targets)


@pytest.mark.parametrize(
    ("x", "y", "model", "values", "message"),
    [
        ([1, 2, 3], [1, 2], "linear", {}, "there are 3 rows of inputs but targets of shape"),
        ([1], [1], "linear", {}, "from 2 rows to 100,000"),
        ([[]], [1], "linear", {}, "inputs have shape"),
        ([1, np.nan, 3], [1, 2, 3], "linear", {}, "row 2 of x is nan; it must be finite"),
        ([1, 2, 3], [1, 2, np.inf], "linear", {}, "row 3 of y is inf; it must be finite"),
        (["a", "b"], [1, 2], "linear", {}, "inputs must be numbers"),
        ([1, 2, 3], ["a", "b", "a"], "linear", {}, "y holds classes, a, b; logistic regression fits them"),
        ([1, 2, 3], ["a", "b", "c"], "logistic", {}, "only two classes are supported"),
        ([1, 2, 3], ["a", "a", "a"], "logistic", {}, r"y is text with 1 value \('a'\)"),
        ([1, 2, 3], [1, 2, 3], "logistic", {}, r"y has 3 values \(1, 2, 3\); logistic regression needs two"),
        ([1, 2, 3], [1, 2, 3], "ridge", {}, "model must be one of linear, polynomial, logistic, huber; got 'ridge'"),
        ([1, 2, 3], [1, 2, 3], "linear", {"scaling": "standardize"}, "did you mean 'standardise'"),
        ([1, 2, 3], [1, 2, 3], "linear", {"degree": 2}, "has no parameter 'degree'"),
        ([1, 2, 3], [1, 2, 3], "polynomial", {"degree": 2.5}, "degree must be a whole number"),
        ([1e40, 2, 3], [1, 2, 3], "polynomial", {"degree": 4}, "x⁴ is too large; use a lower degree"),
        ([1, 2, 3], [1, 2, 3], "huber", {"delta": 0}, r"delta must be in \(0, "),
        ([1, 2, 3], [1, 2, 3], "linear", {"batch_size": -1}, "batch_size must be in"),
        ([1, 2, 3], [1, 2, 3], "linear", {"feature_names": ["a", "b"]}, "there are 1 features but 2 names"),
    ],
)
def test_that_data_that_cannot_be_used_are_refused(x, y, model, values, message):
    with pytest.raises(ValueError, match=message):
        problems.regression(x, y, model, **values)
