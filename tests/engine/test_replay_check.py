"""Steps executed again: those of the catalogue are the same, bit by bit; a rule that cheats is noticed."""

import itertools
import random

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.rules.optimizer import undeclared
from gdviewer.engine.rules.options import Options
from gdviewer.engine.run.replay_check import check_replay
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits
from tests.kinds import family, representatives


def run_of(rule, problem, options, steps=40):
    run = Run(problem, rule, problem.start, {}, Limits(max_steps=steps, tolerance=None), 3, options)
    run.advance(steps)
    return run


@pytest.mark.parametrize(
    ("name", "options"),
    representatives(
        itertools.product(optimizers.names(), [Options(), Options(noise=0.1, clip_norm=1.0), Options(l2=0.01)]),
        lambda name, _: name,
        lambda name, options: (family(name), str(options)),
    ),
    ids=str,
)
def test_that_no_optimizer_of_the_catalogue_is_reported_to_differ(name, options):
    batches = next(p for p in problems.catalogue().values() if isinstance(p, problems.Regression))
    for problem in (problems.get("himmelblau"), batches.replace(batch_size=8)):
        run = run_of(optimizers.get(name), problem, options)
        if run.begun:
            assert [check_replay(run, step) for step in range(1, run.step + 1)] == [""] * run.step


def drawing_elsewhere(x, f, *, learning_rate=0.01):
    return x - learning_rate * (f.gradient(x) + random.random())


def drawing_from_f(x, f, *, learning_rate=0.01):
    return x - learning_rate * (f.gradient(x) + f.rng.standard_normal(x.shape))


counter = itertools.count()


def counting_outside(x, f, v=0.0):
    return x - 0.001 * f.gradient(x), next(counter)


steps_seen = set()


def raising_the_second_time(x, f, t):
    if t in steps_seen and t == 7:
        raise RuntimeError
    steps_seen.add(t)
    return x - 0.001 * f.gradient(x)


@pytest.mark.parametrize(
    ("rule", "reported"),
    [
        (drawing_elsewhere, "Step 7 gives another x"),
        (counting_outside, "Step 7 gives another v"),
        (raising_the_second_time, "Step 7 raises RuntimeError"),
        (drawing_from_f, ""),
    ],
)
def test_that_what_a_rule_keeps_or_draws_outside_is_noticed(rule, reported):
    run = run_of(undeclared(rule), problems.get("himmelblau"), Options(), steps=20)
    assert run.step == 20
    before = np.array(run.trace.x)
    sentence = check_replay(run, 7)
    assert sentence.startswith(reported)
    assert bool(sentence) == bool(reported)
    assert np.array_equal(before, run.trace.x)
