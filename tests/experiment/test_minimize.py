"""minimize and GD: SciPy's names and meaning, and the classic article's function."""

import warnings

import numpy as np
import pytest

import gdviewer
from gdviewer import GD, minimize, optimizers, problems
from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.parameter import rate

# Starts, and where scipy.optimize.minimize of SciPy 1.17.1 (BFGS, exact gradient) ends from them.
SCIPY = {
    "rosenbrock": ([-1.2, 1.0], [0.9999999710013965, 0.9999999461190882]),
    "booth": ([-7.0, 5.0], [0.999999980026139, 3.0000000206847997]),
    "himmelblau": ([1.0, 1.0], [2.9999999994348086, 2.0000000011378094]),
}


def bowl(x):
    return float((x[0] - 1) ** 2 + 3 * (x[1] + 2) ** 2)


def bowl_gradient(x):
    return np.array([2 * (x[0] - 1), 6 * (x[1] + 2)])


# --- the result


def test_that_a_result_has_the_attributes_of_scipys_and_a_trace():
    result = minimize(bowl, [0, 0], jac=bowl_gradient, options={"learning_rate": 0.1})
    assert result.success
    assert result.status == 0
    assert result.x == pytest.approx([1, -2], abs=1e-3)
    assert isinstance(result.fun, float)
    assert result.fun == bowl(result.x) == result.trace.loss[-1]
    assert np.array_equal(result.jac, bowl_gradient(result.x))
    assert (result.nfev, result.njev, result.nhev) == (result.nit + 1, result.nit + 1, 0)
    assert "Tolerance met" in result.message
    assert result.advice in result.message
    assert result.reason == "tolerance"
    assert result.trace.x.shape == (result.nit + 1, 2)
    assert result.trace.loss.shape == result.trace.gradient_norm.shape == (result.nit + 1,)
    assert result.trace.x[0].tolist() == [0, 0]


def test_that_each_attribute_of_a_result_is_also_an_item():
    result = minimize("sphere")
    assert result.keys() == list(result)
    for name in result.keys():  # noqa: SIM118 - keys is what is tested
        assert result[name] is getattr(result, name)
    assert "x" in result
    assert "y" not in result
    assert dict(result)["nit"] == result.nit
    with pytest.raises(KeyError, match="y"):
        result["y"]


@pytest.mark.parametrize("name", SCIPY)
def test_that_adam_ends_where_scipy_ends(name):
    start, end = SCIPY[name]
    options = {"maxiter": 20_000, "learning_rate": 0.02, "gtol": 1e-5}
    result = minimize(name, start, "adam", tol=None, options=options)
    assert result.success
    assert result.x == pytest.approx(end, abs=1e-4)


@pytest.mark.parametrize(
    ("options", "status", "reason"),
    [
        ({"maxiter": 3, "learning_rate": 1e-3}, 1, "step limit"),
        ({"learning_rate": 10}, 2, "diverged"),
    ],
)
def test_that_an_end_that_no_tolerance_made_is_no_success(options, status, reason):
    result = minimize("rosenbrock", options=options)
    assert (result.success, result.status, result.reason) == (False, status, reason)
    assert np.isfinite(result.x).all()


def test_that_leaving_the_domain_is_reported():
    result = minimize(problems.formula("log(x) + x"), 0.3, options={"learning_rate": 0.5})
    assert (result.success, result.status, result.reason) == (False, 3, "left the domain")


def test_that_a_start_where_the_function_is_not_defined_is_reported():
    result = minimize(problems.formula("log(x)"), -1)
    assert (result.status, result.nit) == (3, 0)
    assert "at the start" in result.message


# --- what can be minimised


def test_that_a_function_a_problem_and_a_name_give_the_same():
    problem = problems.get("himmelblau")
    results = [
        minimize("himmelblau", [1, 1]),
        minimize(problem, [1, 1]),
        minimize(problem.value, [1, 1], jac=problem.gradient),
        minimize(lambda x: (problem.value(x), problem.gradient(x)), [1, 1], jac=True),
    ]
    for result in results:
        assert np.array_equal(result.trace.x, results[0].trace.x)
        assert (result.nfev, result.njev) == (results[0].nfev, results[0].njev)


def test_that_a_problem_brings_its_own_start():
    assert minimize("booth").trace.x[0].tolist() == problems.get("booth").start.tolist()


def test_that_differences_are_reported_counted_and_good():
    calls = []

    def counted(x):
        calls.append(1)
        return bowl(x)

    result = minimize(counted, [0, 0], options={"learning_rate": 0.1})
    assert result.nfev == len(calls) == (result.nit + 1) * 5
    assert "central differences" in result.message
    assert result.jac == pytest.approx(bowl_gradient(result.x), abs=1e-8)
    assert "differences" not in minimize(bowl, [0, 0], jac=bowl_gradient).message


def test_that_a_function_of_value_and_gradient_is_called_once_a_step():
    calls = []

    def both(x):
        calls.append(1)
        return bowl(x), bowl_gradient(x)

    result = minimize(both, [0, 0], jac=True, options={"learning_rate": 0.1})
    assert result.nfev == len(calls) == result.nit + 1
    assert "differences" not in result.message


def test_that_hess_reaches_an_optimizer_that_asks_for_it():
    @optimizer("Newton")
    def newton(x, f, *, learning_rate=rate(1)):
        return x - learning_rate * np.linalg.solve(f.hessian(x), f.gradient(x))

    result = minimize(bowl, [5, 5], newton, bowl_gradient, lambda x: np.diag([2.0, 6.0]))
    assert result.x == pytest.approx([1, -2], abs=1e-12)
    assert (result.nit, result.nhev) == (1, 2)
    calls = []

    def counted(x):
        calls.append(1)
        return bowl_gradient(x)

    by_differences = minimize(bowl, [5, 5], newton, counted)
    assert by_differences.x == pytest.approx([1, -2], abs=1e-5)
    assert by_differences.njev == len(calls)


@pytest.mark.parametrize("start", [3, 3.0, [3], (3,), np.array([3]), np.array(3.0), np.array([3], dtype=np.int32)])
def test_that_a_start_may_be_a_number_a_list_or_an_array_and_is_never_changed(start):
    before = np.array(start)
    result = minimize(lambda x: x[0] ** 2, start, options={"learning_rate": 0.3})
    assert result.x.shape == (1,)
    assert abs(result.x[0]) < 1e-4
    assert np.array_equal(start, before)


def test_that_a_result_is_not_tied_to_the_trace():
    result = minimize("sphere")
    last = result.trace.x[-1].copy()
    result.x[:] = 7
    assert np.array_equal(result.trace.x[-1], last)


# --- options


def test_that_every_hyperparameter_is_an_option_by_its_name():
    for name in optimizers.names():
        declared = optimizers.get(name).hyperparameters
        result = minimize("sphere", method=name, options={k: float(v) for k, v in declared.items()})
        assert np.array_equal(result.trace.x, minimize("sphere", method=name).trace.x)


def test_that_the_tolerances_have_scipys_names():
    by_gradient = minimize("sphere", tol=None, options={"gtol": 1e-3, "learning_rate": 0.1})
    assert by_gradient.reason == "gradient tolerance"
    assert np.abs(by_gradient.jac).max() <= 1e-3
    by_loss = minimize("sphere", tol=None, options={"ftol": 1e-6, "learning_rate": 0.1})
    assert by_loss.reason == "loss tolerance"
    never = minimize("sphere", tol=None, options={"learning_rate": 0.1, "maxiter": 5000, "gtol": None})
    assert never.reason == "step limit"
    assert never.nit == 5000


def test_that_the_seed_decides_what_is_random():
    @optimizer("Noisy")
    def noisy(x, f, *, learning_rate=rate(0.1)):
        return x - learning_rate * f.gradient(x) + f.rng.normal(size=x.shape)

    ends = [minimize("sphere", method=noisy, options={"seed": seed, "maxiter": 20}).x.tolist() for seed in (1, 1, 2)]
    assert ends[0] == ends[1] != ends[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "adamm"}, "there is no optimizer 'adamm'; did you mean 'adam'"),
        ({"fun": "spere"}, "there is no problem 'spere'; did you mean 'sphere'"),
        ({"options": {"learning_rat": 1}}, "has no option 'learning_rat'; did you mean 'learning_rate'"),
        ({"options": {"max_iter": 1}}, "has no option 'max_iter'; did you mean 'maxiter'"),
        (
            {"options": {"qqq": 1}},
            "has no option 'qqq'; the options are maxiter, gtol, ftol, seed, l2, .*, break_when, learning_rate",
        ),
        ({"options": {"learning_rate": -1}}, r"learning_rate must be in \(0, 10\]; got -1"),
        ({"options": {"maxiter": 0}}, r"maxiter must be in \[1, 1e\+09\]; got 0"),
        ({"options": {"maxiter": None}}, "maxiter must be a number"),
        ({"options": {"gtol": -1}}, "gtol must be in"),
        ({"options": {"seed": -1}}, "seed must not be negative"),
        ({"tol": -1}, "tol must be in"),
        ({"tol": "fine"}, "tol must be a number; got 'fine'"),
        ({"x0": [1, 2, 3]}, r"x0 must have shape \(2,\) for sphere; got \(3,\)"),
        ({"x0": [[1, 2]]}, r"x0 must have shape \(2,\)"),
        ({"x0": [1, np.nan]}, "start must be 2 finite numbers"),
        ({"x0": ["a", "b"]}, "could not convert"),
        ({"fun": bowl}, "a function needs a start; pass x0"),
        ({"jac": bowl_gradient}, "a problem has its own gradient"),
        ({"hess": bowl_gradient}, "a problem has its own gradient"),
    ],
    ids=lambda given: given if isinstance(given, str) else " ".join(given),
)
def test_that_a_wrong_argument_is_reported_before_anything_is_run(arguments, message):
    with pytest.raises(ValueError, match=message):
        minimize(**({"fun": "sphere"} | arguments))


# --- callbacks


def test_that_a_callback_is_given_each_point():
    seen = []
    result = minimize("sphere", callback=seen.append, options={"maxiter": 7})
    assert np.array_equal(seen, result.trace.x[1:])


def test_that_a_callback_may_ask_for_the_intermediate_result():
    seen = []

    def callback(intermediate_result):
        seen.append((intermediate_result.x.tolist(), intermediate_result.fun))

    result = minimize("sphere", callback=callback, options={"maxiter": 7})
    assert seen == list(zip(result.trace.x[1:].tolist(), result.trace.loss[1:].tolist(), strict=True))


def test_that_a_callback_changes_neither_the_run_nor_its_result():
    def spoil(x):
        x[:] = 99

    assert np.array_equal(minimize("sphere", callback=spoil).trace.x, minimize("sphere").trace.x)


def test_that_a_callback_ends_the_run_by_stop_iteration():
    def third(xk):
        seen.append(xk)
        if len(seen) == 3:
            raise StopIteration

    seen = []
    result = minimize("sphere", callback=third)
    assert (result.nit, result.status, result.success) == (3, 99, False)
    assert result.reason == "stopped by the user"


class MishapError(Exception):
    pass


@pytest.mark.parametrize("where", ["fun", "jac", "callback"])
@pytest.mark.parametrize("call", [1, 5])
def test_that_an_exception_of_ones_own_code_is_raised_as_itself(where, call):
    def raising(result):
        def function(*_):
            calls.append(1)
            if len(calls) == call:
                raise mishap
            return result

        return function

    calls, mishap = [], MishapError("here")
    functions = {"fun": lambda x: 0.0, "jac": lambda x: np.ones(2), "callback": lambda x: None}
    functions[where] = raising(functions[where](np.zeros(2)))
    with pytest.raises(MishapError) as caught:
        minimize(x0=[0, 0], **functions)
    assert caught.value is mishap
    assert any(entry.name == "function" for entry in caught.traceback)


def test_that_an_interrupt_from_the_keyboard_is_passed_on():
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        minimize(interrupted, [1.0])


# --- GD


def test_that_gd_takes_a_gradient_of_a_number():
    end = GD(lambda x: 2 * x, 10.0, 0.2)
    assert isinstance(end, float)
    x = 10.0
    for _ in range(50):
        if abs(0.2 * 2 * x) <= 1e-5:
            break
        x -= 0.2 * 2 * x
    assert end == x


def test_that_gd_takes_a_gradient_of_an_array():
    end = GD(bowl_gradient, [0, 0], 0.1, n_iter=1000)
    assert end == pytest.approx([1, -2], abs=1e-4)


@pytest.mark.parametrize("start", [10, 10.0, [10, 10], (10, 10), np.array([10, 10]), np.array([10.0, 10.0])])
def test_that_gd_takes_any_start_and_never_changes_it(start):
    before = np.array(start)
    assert np.array_equal(GD([2, 4], start, 0.001), GD(np.array([2.0, 4.0]), [10.0, 10.0], 0.001))
    assert np.array_equal(start, before)


def test_that_gd_gives_a_gradient_a_copy_of_the_point():
    start = np.array([1.0, 1.0])

    def spoiling(x):
        x *= 0
        return np.ones(2)

    assert GD(spoiling, start, 0.1, n_iter=3) == pytest.approx([0.7, 0.7])
    assert start.tolist() == [1, 1]


def test_that_gd_does_not_apply_the_move_that_meets_the_tolerance():
    assert GD(lambda x: 1.0, 0.0, 0.1, tol=0.1) == 0.0
    assert GD(lambda x: 1.0, 0.0, 0.1, n_iter=2, tol=0.09) == -0.2
    assert GD(lambda x: 1.0, 3.0, 0.1, n_iter=0) == 3.0


@pytest.mark.parametrize("samples", [[1], [], 3, [[1, 2], [3, 4]]])
def test_that_gd_refuses_samples_that_have_no_slope(samples):
    with pytest.raises(ValueError, match="at least two samples in one row"):
        GD(samples, 0, 0.1)


def test_that_the_package_shows_its_public_names():
    assert set(gdviewer.__all__) >= {"GD", "minimize", "optimizers", "problems", "show"}
    with pytest.raises(AttributeError, match="no attribute 'shown'"):
        gdviewer.shown  # noqa: B018


def test_that_nothing_warns_on_the_way_to_infinity():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, rule in optimizers.catalogue().items():
            fast = {"learning_rate": 10} if "learning_rate" in rule.hyperparameters else {}
            minimize("rosenbrock", method=name, options={**fast, "maxiter": 200})


def test_that_break_when_ends_a_run_where_the_condition_becomes_true():
    whole = gdviewer.minimize("himmelblau", method="adam", options={"learning_rate": 0.5})
    rises = np.flatnonzero(whole.trace.loss[1:] > whole.trace.loss[:-1]) + 1
    ended = gdviewer.minimize(
        "himmelblau", method="adam", options={"learning_rate": 0.5, "break_when": ["loss > previous.loss", "t > 500"]}
    )
    assert (ended.nit, ended.status, ended.reason, ended.success) == (rises[0], 5, "breakpoint", False)
    assert "is true at step" in ended.message
    assert gdviewer.minimize("himmelblau", options={"break_when": None}).success
    with pytest.raises(ValueError, match="there is no v here"):
        gdviewer.minimize("himmelblau", options={"break_when": "norm(v) > 1"})
