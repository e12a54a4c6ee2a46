"""An experiment is a value: it compares by content, pickles, and is plain JSON to the last bit."""

import copy
import functools
import importlib
import json
import math
import pickle
from dataclasses import replace
from math import inf

import numpy as np
import pytest
from numpy.linalg import norm

import gdviewer
from gdviewer import optimizers, problems, schedules
from gdviewer.engine.breakpoints.breakpoint import Breakpoint
from gdviewer.engine.breakpoints.kinds import KINDS
from gdviewer.engine.record.events import Change
from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.options import Options
from gdviewer.engine.rules.parameter import rate
from gdviewer.engine.rules.schedule import schedule
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment, Records, default_experiment
from gdviewer.experiment.plan import Branch, RunPlan
from gdviewer.experiment.rule_text import read_rule
from gdviewer.experiment.user_rule import TEMPLATE, duplicate, read_rules
from gdviewer.problems.function import FunctionProblem
from gdviewer.problems.samples import SampledCurve, SampledVector
from tests.kinds import problem_kind, representatives

DRAWN = np.random.default_rng(0)
INPUTS = DRAWN.normal(size=(12, 2))
TARGETS = INPUTS @ [1.0, -2.0] + 0.1 * DRAWN.normal(size=12)
STEEPNESS = 1.5


def bowl(x: np.ndarray) -> float:
    # The comment and the annotation go with the source.
    return STEEPNESS * float(np.sum(x**2))


def bowl_slope(x):
    return 2 * STEEPNESS * x


def plain_rule(x, f, v=0.0, *, learning_rate=rate(0.1)):
    """Step down the slope."""
    return x - learning_rate * f.gradient(x), v


def calls_another(x):
    return bowl(x)


def network(**options):
    return problems.network("3", INPUTS, TARGETS, loss="mean_squared_error", **options)


def classes():
    return problems.network("3", INPUTS, ["a" if t > 0 else "b" for t in TARGETS], batch_size=4, test_share=0.25)


PROBLEMS = {
    **{name: lambda name=name: problems.get(name) for name in problems.names()},
    "with parameters": lambda: problems.get("rosenbrock", a=1.1, b=0.1 + 0.2),
    "in many dimensions": lambda: problems.get("rosenbrock_nd", n=7),
    "made samples": lambda: problems.get("polynomial_regression", degree=5, data="cubic", batch_size=7),
    "small network": lambda: problems.get("network", data="circles", layers="5 relu, dropout 0.5", samples=40),
    "formula": lambda: problems.formula("a*x**2 + sin(b*y)", a=3, b=-0.1),
    "formula in one variable": lambda: problems.formula("x**4"),
    "samples": lambda: SampledCurve([3.0, 1.0, 2.0]),
    "samples at positions": lambda: SampledCurve([3.0, 1.0, 2.0], [0.1, 0.2, 0.7]),
    "vector of samples": lambda: SampledVector([3.0, 1.0, 2.0]),
    "own regression": lambda: problems.regression(INPUTS.copy(), TARGETS.copy(), "huber", delta=0.3),
    "own classes": lambda: problems.regression(INPUTS, np.where(TARGETS > 0, "up", "down"), "logistic"),
    "own network": network,
    "own network, batches given": lambda: network(batches=[[0, 1], [5, 2, 3]]),
    "own network, classes": classes,
    "own images": lambda: problems.network("conv 2 2x2, flatten", DRAWN_IMAGES, [0, 1, 0, 1]),
    "function": lambda: Experiment(bowl, start=[1, 2]).problem,
    "function with gradient": lambda: Experiment(bowl, start=[1, 2], jac=bowl_slope).problem,
    "lambda": lambda: Experiment(lambda x: (x[0] - 1) ** 2, start=3).problem,
}
DRAWN_IMAGES = DRAWN.normal(size=(4, 3, 3, 1))


def problem_kind_or_name(name):
    return problem_kind(name) if name in problems.names() else name


def written(experiment):
    """Through the text of a file and back."""
    return Experiment.from_dict(json.loads(json.dumps(experiment.to_dict(), allow_nan=False)))


def same_value(one, other):
    return one == other and hash(one) == hash(other)


@pytest.mark.parametrize("name", representatives(PROBLEMS, problem_kind_or_name))
def test_that_a_problem_compares_pickles_and_is_stored_by_content(name):
    one, other = PROBLEMS[name](), PROBLEMS[name]()
    assert same_value(one, other)
    experiment = Experiment(one, ["adam"])
    for again in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one), written(experiment).problem):
        assert same_value(again, one)
        assert type(again) is type(one)
        assert (again.title, again.formula, again.dimension) == (one.title, one.formula, one.dimension)
        x = one.start + 0.125
        assert np.array_equal(again.start, one.start)
        assert np.array_equal(again.domain, one.domain)
        assert np.asarray(again.value(x)).tobytes() == np.asarray(one.value(x)).tobytes()
        assert np.asarray(again.gradient(x)).tobytes() == np.asarray(one.gradient(x)).tobytes()
    assert written(experiment).to_dict() == experiment.to_dict()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda: problems.get("rosenbrock"), lambda: problems.get("rosenbrock", b=10)),
        (lambda: problems.formula("x**2"), lambda: problems.formula("x**2 + 0*x")),
        (lambda: problems.get("sphere"), lambda: problems.formula(problems.get("sphere").formula)),
        (lambda: SampledCurve([1, 2, 3]), lambda: SampledCurve([1, 2, 4])),
        (lambda: SampledCurve([1, 2, 3]), lambda: SampledVector([1, 2, 3])),
        (lambda: problems.regression(INPUTS, TARGETS), lambda: problems.regression(INPUTS, TARGETS + 1e-15)),
        (network, lambda: network(seed=1)),
        (network, lambda: network(batches=[[0, 1]])),
        (network, lambda: network().of_rows([0, 1])),
        (lambda: network(batch_size=4), lambda: network(batch_size=4).batch(1, 0)),
        (lambda: network(batch_size=4).batch(1, 0), lambda: network(batch_size=4).batch(2, 0)),
        (lambda: problems.get("network"), lambda: problems.get("network").batch(1, 0)),
        (lambda: Experiment(bowl, start=1).problem, lambda: Experiment(bowl, start=2).problem),
        (lambda: Experiment(bowl, start=1).problem, lambda: Experiment(calls_another, start=1).problem),
    ],
)
def test_that_other_contents_make_another_problem(one, other):
    assert one() != other()


@pytest.mark.parametrize(
    "whole",
    [
        lambda: problems.regression(INPUTS, TARGETS, batch_size=4),
        lambda: problems.get("linear_regression", batch_size=4),
        lambda: network(batch_size=4),
        lambda: problems.get("network", layers="5 relu, dropout 0.5", samples=40),
    ],
)
def test_that_a_batch_is_pickled_as_one_and_not_stored_as_the_whole(whole):
    batch = whole().batch(3, 1)
    again = pickle.loads(pickle.dumps(batch))
    assert same_value(again, batch)
    assert again.value(batch.start) == batch.value(batch.start) != whole().value(batch.start)
    with pytest.raises(ValueError, match="uses only some rows of its data"):
        Experiment(batch).to_dict()


def test_that_where_data_come_from_does_not_make_another_problem():
    given = problems.regression(INPUTS, TARGETS)
    moved = given.with_data(replace(given.data, origin="another file"))
    assert moved == given
    assert written(Experiment(moved)).problem.data.origin == "another file"


def test_that_the_default_experiment_pickles_and_is_equal_to_another():
    assert same_value(default_experiment(), default_experiment())
    assert same_value(pickle.loads(pickle.dumps(default_experiment())), default_experiment())
    assert same_value(written(default_experiment()), default_experiment())


def everything():
    """An experiment with one of each thing it can hold."""
    moved = RunPlan(optimizers.get("momentum"), {"learning_rate": 0.1 + 0.2})
    branch = Branch(moved, 7, (Change(3, "learning_rate", 1e-3), Change(7, "momentum", 0.5)))
    twice = Branch(RunPlan(optimizers.get("momentum"), branch=branch), 12)
    schedule = schedules.get("multistep", milestones=(3, 9))
    runs = (
        RunPlan(optimizers.get("adam"), {"beta1": 0.123456789012345678}, start=(1 / 3, -0.0), color=5, visible=False),
        RunPlan(optimizers.get("rmsprop"), {"centered": True}, options=Options(0.1, 2.0, 3.0, 0.4, schedule)),
        RunPlan(optimizers.get("momentum"), branch=branch),
        RunPlan(optimizers.get("sign_sgd"), branch=twice),
        RunPlan(read_rules(TEMPLATE, "code").rules[0], {"beta": 0.7}),
    )
    limits = Limits(tolerance=None, max_steps=77, gradient_tolerance=5e-324, loss_tolerance=0.1, divergence=1e300)
    breakpoints = tuple(
        Breakpoint(kind, "loss > 2*previous.loss" if kind == "expression" else None, enabled=kind != "uphill")
        for kind in KINDS
    )
    return Experiment("himmelblau", runs, (0.1, math.pi), limits, 3, breakpoints)


def test_that_every_part_of_an_experiment_is_stored_to_the_bit():
    experiment = everything()
    for again in (written(experiment), pickle.loads(pickle.dumps(experiment))):
        assert same_value(again, experiment)
        assert again.to_dict() == experiment.to_dict()
        assert math.copysign(1, again.runs[0].start[1]) == -1
        for one, other in zip(experiment.run(), again.run(), strict=True):
            assert one.trace.loss.tobytes() == other.trace.loss.tobytes()
            assert one.trace.x.tobytes() == other.trace.x.tobytes()


@pytest.mark.parametrize("name", optimizers.names())
def test_that_a_rule_is_read_from_its_text_as_executing_it_gives_it(name):
    text = duplicate(optimizers.get(name))
    executed = read_rules(text, "code").rules[-1]
    read = read_rule(text, executed.name)
    assert same_value(read, executed)
    for attribute in ("title", "summary", "source", "counts_steps", "broadcasts", "needs"):
        assert getattr(read, attribute) == getattr(executed, attribute)
    assert repr(dict(read.state)) == repr(dict(executed.state))
    declared = [{n: (p, vars(p)) for n, p in rule.hyperparameters.items()} for rule in (read, executed)]
    assert declared[0] == declared[1]


def test_that_nothing_of_a_rule_is_executed_before_a_run_is_built_and_stepped():
    text = TEMPLATE + "\nraise SystemError('executed')\n"
    stored = Experiment("sphere", [read_rules(TEMPLATE, "code").rules[0]]).to_dict()
    stored["runs"][0]["optimizer"]["text"] = text
    experiment = Experiment.from_dict(stored)
    assert experiment == pickle.loads(pickle.dumps(experiment))
    assert experiment.to_dict() == stored
    with pytest.raises(SystemError, match="executed"):
        experiment.run()


def test_that_a_plain_function_goes_by_its_source_and_runs_to_the_same_bits():
    experiment = Experiment(bowl, [plain_rule, "adam"], start=[1, 2])
    for again in (written(experiment), pickle.loads(pickle.dumps(experiment))):
        assert same_value(again, experiment)
        assert [r.trace.x.tobytes() for r in again.run()] == [r.trace.x.tobytes() for r in experiment.run()]


def test_that_functions_that_need_more_than_numpy_are_named():
    with pytest.raises(ValueError, match=r"problem\.fun: calls_another uses bowl"):
        Experiment(calls_another, start=1).to_dict()
    offset = 2.0

    def user_rule(x, f, *, learning_rate=0.1):
        return x - learning_rate * (f.gradient(x) + offset)

    with pytest.raises(ValueError, match=r"runs\[1\]\.optimizer: user_rule uses offset"):
        Experiment("sphere", ["adam", user_rule]).to_dict()


@pytest.mark.parametrize(
    ("path", "value", "reported"),
    [
        (
            ("runs", 1, "hyperparameters", "beta1"),
            1.2,
            r"runs\[1\]\.hyperparameters\.beta1 must be in \[0, 1\); got 1.2",
        ),
        (("runs", 1, "hyperparameters", "beta1"), "0.5", r"runs\[1\]\.hyperparameters\.beta1 must be a number"),
        (("runs", 1, "hyperparameters", "bet1"), 0.5, r"runs\[1\]\.hyperparameters\.bet1 is not a field; did you mean"),
        (("runs", 0, "optimizer"), "adm", r"runs\[0\]\.optimizer: there is no optimizer 'adm'; did you mean 'adam'"),
        (("runs", 0, "optimizer"), {"text": "x = ", "name": "f"}, r"runs\[0\]\.optimizer: .* is not valid Python"),
        (("runs", 0, "start"), [1.0], r"runs\[0\]\.start must be 2 finite numbers"),
        (("runs", 0, "start"), [1.0, "inf"], r"runs\[0\]\.start must be 2 finite numbers"),
        (("runs", 0, "color"), -1, r"runs\[0\]\.color must be 0 or more"),
        (("runs", 0, "visible"), 1, r"runs\[0\]\.visible must be true or false"),
        (("runs", 0, "options", "noise"), -1, r"runs\[0\]\.options\.noise must be in \[0, 1e\+06\]; got -1"),
        (
            ("runs", 0, "options", "schedule"),
            {"name": "stp"},
            r"runs\[0\]\.options\.schedule\.name: there is no schedule",
        ),
        (("runs", 0, "branch"), {"plan": {}, "step": 1}, r"runs\[0\]\.branch\.plan\.optimizer is missing"),
        (
            ("runs", 0, "branch"),
            {
                "plan": {"optimizer": "adam"},
                "step": 5,
                "changes": [{"step": 6, "name": "learning_rate", "value": 0.1}],
            },
            r"runs\[0\]\.branch\.changes\[0\]\.step must be at most 5",
        ),
        (("runs",), {}, "runs must be a list"),
        (("start",), [1, None], "start must be numbers"),
        (("limits", "max_steps"), 1.5, "limits.max_steps must be a whole number"),
        (("limits", "max_steps"), None, "limits.max_steps"),
        (("limits", "tolerence"), 1, "limits.tolerence is not a field; did you mean 'tolerance'"),
        (("seed",), -1, "seed must be 0 or more"),
        (("seed",), True, "seed must be a whole number"),
        (("breakpoints",), [{"kind": "stepp"}], r"breakpoints\[0\]: there is no breakpoint 'stepp'"),
        (("breakpoints",), [{"kind": "expression", "value": "loss >"}], r"breakpoints\[0\]: "),
        (("problem", "name"), "himelblau", "problem.name: there is no problem 'himelblau'; did you mean 'himmelblau'"),
        (("problem", "values"), {"a": 1}, "problem.values.a is not a field"),
        (("problem",), {"formula": "x +"}, "problem.formula: "),
        (("problem",), {"formula": "a*x", "values": {"a": 1e9}}, r"problem\.values\.a must be in"),
        (("problem",), {"samples": [1, "nan"]}, "problem.samples: sample 2 is not a finite number"),
        (("problem",), {}, "problem must have one of the fields"),
        (("problem", "data"), {}, "problem.data is not a field"),
        (("extra",), 1, "extra is not a field"),
        (("format",), 2, "format 2 is newer"),
    ],
)
def test_that_a_wrong_field_is_named_by_its_path(path, value, reported):
    stored = default_experiment().to_dict()
    *way, last = path
    position = stored
    for step in way:
        position = position[step]
    position[last] = value
    with pytest.raises(ValueError, match=reported):
        Experiment.from_dict(stored)


def test_that_results_are_those_of_minimize_to_the_bit():
    experiment = Experiment("rosenbrock", ["adam", {"optimizer": "momentum", "learning_rate": 1e-4}], [-1.2, 1])
    found = experiment.run()
    expected = [
        gdviewer.minimize("rosenbrock", [-1.2, 1], "adam"),
        gdviewer.minimize("rosenbrock", [-1.2, 1], "momentum", options={"learning_rate": 1e-4}),
    ]
    for one, other in zip(found, expected, strict=True):
        assert one.trace.x.tobytes() == other.trace.x.tobytes()
        assert one.message == other.message
    assert found[0].nit > 0


def test_that_the_shorthand_is_that_of_show_and_its_errors_are_reported():
    experiment = gdviewer.Experiment("himmelblau", ["adam", plain_rule, {"optimizer": "rmsprop", "start": [1, 2]}])
    assert experiment.start == tuple(problems.get("himmelblau").start)
    assert [plan.color for plan in experiment.runs] == [0, 1, 2]
    assert experiment.runs[2].start == (1.0, 2.0)
    for wrong in ({"runs": ["adm"]}, {"start": [1, 2, 3]}, {"problem": "himelblau"}):
        with pytest.raises(ValueError, match=r"did you mean|must have shape"):
            gdviewer.Experiment(**({"problem": "himmelblau"} | wrong))


def test_that_a_branch_takes_the_record_of_the_run_there_is_and_else_executes_it_again():
    calls = []

    def counted(x):
        calls.append(1)
        return float(x[0] ** 2)

    experiment = Experiment(counted, ["adam"], [3.0], Limits(max_steps=20))
    original = experiment.build(experiment.runs[0])
    original.advance(20)
    plan = experiment.runs[0].continued(original, 10)
    records = Records()
    records.add(plan.branch, original)
    before = len(calls)
    quick, slow = experiment.build(plan, records), experiment.build(plan)
    quick.begin()
    assert len(calls) == before
    slow.begin()
    assert len(calls) > before
    assert quick.trace.x.tobytes() == slow.trace.x.tobytes() == original.trace.x[:11].tobytes()


def scaled(factor):
    def scaled_bowl(x, factor=factor):
        return factor * float(np.sum(x**2))

    return scaled_bowl


IN_A_LOOP = []
for height in (1.0, 2.0):
    IN_A_LOOP.append(lambda x, height=height: height * float(x @ x))


def test_that_functions_of_one_text_and_other_defaults_are_not_equal():
    one, other = (Experiment(scaled(factor), start=1) for factor in (1.0, 2.0))
    assert one != other
    assert one.problem != other.problem
    assert Experiment(IN_A_LOOP[0], start=1) != Experiment(IN_A_LOOP[1], start=1)
    with pytest.raises(ValueError, match=r"problem\.fun: <lambda> has defaults that its source does not give"):
        Experiment(IN_A_LOOP[0], start=1).to_dict()


def test_that_a_function_is_read_with_the_numbers_of_its_module_as_they_are_now(monkeypatch):
    before = Experiment(bowl, start=1).to_dict()
    monkeypatch.setitem(globals(), "STEEPNESS", 2.5)
    now = Experiment(bowl, start=1).to_dict()
    assert "STEEPNESS = 1.5\n" in before["problem"]["fun"]["text"]
    assert "STEEPNESS = 2.5\n" in now["problem"]["fun"]["text"]


def uses_more_of_numpy(x):
    return norm(x) if x[0] < inf else 0.0


def calls_what_is_not_there(x):
    return nowhere(x)  # noqa: F821


def indented():
    def with_text(x):
        text = """
  less indented than the function
"""
        return len(text) * float(x @ x)

    return with_text


def test_that_a_function_may_use_all_of_numpy_and_numbers_that_are_not_finite():
    again = written(Experiment(uses_more_of_numpy, start=[3.0, 4.0]))
    assert again.problem.value(again.problem.start) == 5.0


@pytest.mark.parametrize("function", [calls_what_is_not_there, indented()])
def test_that_a_function_that_its_text_alone_does_not_give_is_not_stored(function):
    with pytest.raises(ValueError, match=r"problem\.fun: .*(is not defined|can't be separated)"):
        Experiment(function, start=1).to_dict()


def test_that_a_function_whose_file_was_changed_is_not_stored(tmp_path, monkeypatch):
    file = tmp_path / "changed_since.py"
    file.write_text("def f(x):\n    return x[0] ** 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("changed_since")
    file.write_text("def f(x):\n    return x[0] ** 4 + 1\n")
    with pytest.raises(ValueError, match=r"problem\.fun: the source of f can't be found"):
        Experiment(module.f, start=1).to_dict()


def test_that_a_function_is_stored_under_the_name_in_its_source():
    def renamed(x):
        return float(x @ x)

    renamed.__name__ = "another"
    assert written(Experiment(renamed, start=[3.0])).problem.value([3.0]) == 9.0


@optimizer("My descent", needs=("hessian",))
def declared_rule(x, f, *, learning_rate=rate(0.1)):
    return x - learning_rate * f.gradient(x)


def test_that_a_declared_rule_is_stored_with_its_title_and_whether_it_broadcasts():
    experiment = Experiment("sphere", [declared_rule, optimizer("Another title")(plain_rule)])
    assert same_value(written(experiment), experiment)
    assert [plan.optimizer.title for plan in written(experiment).runs] == ["My descent", "Another title"]
    assert [plan.optimizer.broadcasts for plan in written(experiment).runs] == [True, True]
    with pytest.raises(ValueError, match=r"runs\[0\]\.optimizer: plain_rule is not declared as in its source"):
        Experiment("sphere", [optimizer("T", needs=("hessian",))(plain_rule)]).to_dict()


@functools.wraps(optimizers.get("adam").function)
def around_adam(x, f, *, learning_rate=rate(0.1)):
    return x - learning_rate * f.gradient(x)


def test_that_a_rule_that_looks_like_one_of_the_catalogue_is_not_taken_for_it():
    experiment = Experiment("sphere", [around_adam])
    assert not experiment.runs[0].optimizer.built_in
    assert experiment != Experiment("sphere", ["adam"])
    with pytest.raises(ValueError, match=r"runs\[0\]\.optimizer: "):
        experiment.to_dict()


@schedule("My schedule")
def own_schedule(t, learning_rate):
    return learning_rate / (t + 1)


def test_that_a_schedule_that_is_not_in_the_catalogue_is_named():
    experiment = Experiment("sphere", [RunPlan(optimizers.get("adam"), options=Options(schedule=own_schedule))])
    with pytest.raises(ValueError, match="the schedule 'My schedule' is not in the catalogue"):
        experiment.to_dict()


def test_that_a_class_of_the_users_is_not_stored_as_the_one_it_is_made_of():
    class Doubled(FunctionProblem):
        def value(self, x):
            return 2 * super().value(x)

    with pytest.raises(ValueError, match="the class of the problem 'bowl' is not part of gdviewer"):
        Experiment(Doubled(bowl, [1.0])).to_dict()


def test_that_numbers_of_numpy_become_plain_ones():
    experiment = Experiment("sphere", [RunPlan(optimizers.get("adam"), color=np.int64(2))], seed=np.int64(3))
    assert same_value(written(experiment), experiment)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("from gdviewer.engine.rules.parameter import rate as speed\n", "speed(0.3)"),
        ("from gdviewer.engine.parameter import rate\n", "rate(0.3)"),
        ("import numpy\n", "numpy.pi"),
        ("from math import pi as half_turn\n", "half_turn"),
        ("A: float = 2**3\n", "+A"),
    ],
)
def test_that_a_rule_is_read_with_names_as_they_are_imported_and_set(text, value):
    text = f"{text}def own(x, f, v=np.zeros(2, dtype=float), *, eta={value}):\n    return x, v\n"
    executed = read_rules(text, "code").rules[0]
    again = written(Experiment("sphere", [executed])).runs[0].optimizer
    assert same_value(again, executed)
    assert again.hyperparameters == executed.hyperparameters
    assert vars(again.hyperparameters["eta"]) == vars(executed.hyperparameters["eta"])


@pytest.mark.parametrize(
    "text",
    [
        "A = 1.0\nA += 1\n",
        "A = 1.0\nfor A in (2.0, 3.0):\n    pass\n",
        "A = 1.0\nif True:\n    A = 3.0\n",
        "A = 1.0\nglobals()['A'] = 2.0\n",
        "A = 1.0\ndef rate(x):\n    return 0.7\n",
    ],
)
def test_that_a_rule_that_reading_gives_otherwise_than_executing_is_not_stored(text):
    rule = read_rules(f"{text}def own(x, f, *, eta=rate(A)):\n    return x\n", "code").rules[-1]
    with pytest.raises(ValueError, match=r"runs\[0\]\.optimizer: .*(without executing|not declared as in its source)"):
        Experiment("sphere", [rule]).to_dict()


RULE = "def own(x, f, v={0}, *, eta=0.1):\n    return x, v\n"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            ("runs", [{"optimizer": {"text": RULE.format(default), "name": "own"}}])
            for default in ("a+" * 400 + "1", "1.0+" * 2000 + "1", "a" + ".b" * 900, "-" * 10**5 + "1", "9**9**9**9")
        ),
        ("runs", [{"optimizer": {"text": RULE.format("np.ones(9999, 'U99999999')"), "name": "own"}}]),
        ("runs", [{"optimizer": {"text": "@optimizer(3)\n" + RULE.format("1.0"), "name": "own"}}]),
        ("problem", {"samples": ["a" * 10**6] + [1] * 10**6}),
        ("problem", {"fun": {"text": "(", "name": "f"}, "start": [1.0]}),
        ("problem", {"fun": {"text": "g = 1", "name": "f"}, "start": [1.0]}),
        ("problem", {"fun": {"text": "def f(x): pass", "name": "f"}, "start": ["nan"]}),
        ("problem", {"fun": {"text": "def f(x): pass", "name": "f"}, "start": [1.0], "hess": True}),
        ("problem", {"fun": {"text": "def f(x): pass", "name": "f"}, "start": [1.0], "domain": [[1, 1]]}),
        ("problem", {"fun": {"text": "def f(x): pass", "name": "f"}, "start": [1.0], "domain": [[0, 1], [0, 1]]}),
    ],
)
def test_that_what_can_not_be_read_is_a_value_error_at_its_path(field, value):
    with pytest.raises(ValueError, match="^" + field):
        Experiment.from_dict(default_experiment().to_dict() | {field: value})
