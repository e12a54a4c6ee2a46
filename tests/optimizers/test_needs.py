"""Needs of a rule that not every problem meets: as declared, as used, and the message if they are not met."""

from dataclasses import replace

import numpy as np
import pytest

import gdviewer
from gdviewer import optimizers, problems
from gdviewer.cli.main import main
from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.options import Options
from gdviewer.engine.rules.oracle import Oracle
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits, Reason
from gdviewer.engine.worker.worker import burst
from gdviewer.experiment.user_rule import read_rules

QUADRATIC = ("rotated_quadratic", "sphere", "linear_regression")
OTHERS = ("himmelblau", "rosenbrock", "log_cosh", "absolute", "ackley", "logistic_regression")
NETWORK = problems.get("network", layers="3")  # it has neither a Hessian nor a known lowest loss
RULE = """
def curious(x, f, t, *, learning_rate=0.01):
    H = slopes_of(f, x, t)
    return x - learning_rate * f.gradient(x)


def slopes_of(f, x, t):
    return {asks} if t >= {t} else None
"""


class Recording(Oracle):
    """An oracle that notes for what a rule asks that not every problem has."""

    def __init__(self, problem):
        super().__init__(problem)
        self.noted = set()

    def hessian(self, x):
        self.noted.add("hessian")
        return super().hessian(x)

    @property
    def lowest(self):
        self.noted.add("lowest")
        return super().lowest


def asked_by(rule, problem, steps=20):
    oracle, x, state = Recording(problem), problem.start, tuple(rule.state.values())
    with np.errstate(all="ignore"):
        for t in range(1, steps + 1):
            oracle.t = t
            result = rule(x, oracle, *((t,) if rule.counts_steps else ()), *state)
            x, *state = result if isinstance(result, tuple) else (result,)
    return oracle.noted


@pytest.mark.parametrize("name", optimizers.names())
def test_that_what_an_optimizer_declares_to_need_is_what_it_asks_for(name):
    rule = optimizers.get(name)
    for problem in map(problems.get, OTHERS):
        assert asked_by(rule, problem) == set(rule.needs), problem.name
    for problem in map(problems.get, QUADRATIC):  # where a rule may ask `if f.quadratic`
        assert set(rule.needs) <= asked_by(rule, problem) <= {*rule.needs, "hessian"}, problem.name
    if not rule.needs:
        assert asked_by(rule, NETWORK, steps=3) == set()


def run_of(rule, problem=NETWORK, steps=5, **options):
    run = Run(problem, rule, problem.start, {}, Limits(max_steps=steps, tolerance=None), options=Options(**options))
    burst([run], 10.0, steps)
    return run


@pytest.mark.parametrize("name", [name for name in optimizers.names() if optimizers.get(name).needs])
@pytest.mark.parametrize("options", [{}, {"noise": 0.1}], ids=["plain", "noisy"])
def test_that_a_rule_which_does_not_declare_what_it_needs_ends_with_the_same_words(name, options):
    declared = optimizers.get(name)
    refused, ended = run_of(declared, **options), run_of(replace(declared, needs=()), **options)
    assert not refused.begun
    assert (ended.begun, ended.step) == (True, 0)
    assert ended.stop == refused.stop
    assert refused.stop.reason is Reason.UNFIT
    assert refused.stop.message.startswith(f"{declared.title} needs the ")
    assert refused.stop.message.endswith("which this problem does not have.")


@pytest.mark.parametrize(("asks", "words"), [("f.hessian(x)", "the Hessian"), ("f.lowest", "the lowest loss f*")])
@pytest.mark.parametrize("batches", [{}, {"batch_size": 5}], ids=["whole", "batches"])
def test_that_a_typed_rule_ends_where_it_asks_in_vain_and_keeps_the_steps_before(asks, words, batches):
    (rule,) = read_rules(RULE.format(asks=asks, t=3), "typed").rules
    run = run_of(rule, NETWORK.replace(**batches))
    assert (run.step, run.stop.reason) == (2, Reason.UNFIT)
    assert run.stop.message.startswith(f"Curious needs {words}")
    assert rule.lacks(NETWORK) == ""
    assert run_of(rule, problems.get("himmelblau"), 10).step == 10


def test_that_a_rule_of_the_users_may_declare_what_it_needs():
    text = "@optimizer('Mine', needs=('hessian',))\ndef mine(x, f):\n    return x - f.gradient(x)\n"
    (rule,) = read_rules(text, "typed").rules
    assert rule.lacks(NETWORK) == "needs the Hessian, which this problem does not have"
    with pytest.raises(TypeError, match="needs must be among hessian, lowest; got 'gradient'"):
        optimizer("Mine", needs=("gradient",))


def test_that_minimize_and_the_command_say_so_without_a_traceback(tmp_path, capsys):
    def curious(x, f, *, learning_rate=0.01):
        return x - learning_rate * (f.value(x) - f.lowest) * f.gradient(x)

    with pytest.raises(ValueError, match=r"^Curious needs the lowest loss f\*, known beforehand, which this problem"):
        gdviewer.minimize("saddle", method=curious)
    file = tmp_path / "curious.py"
    file.write_text(RULE.format(asks="f.lowest", t=2))
    assert main(["run", "saddle", "--optimizer", str(file)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "gdviewer: Curious needs the lowest loss f*, known beforehand, which this problem does not have.\n"
    )
