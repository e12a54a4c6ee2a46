"""The rules that search, solve or look ahead, on every problem of the catalogue and under every option."""

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.rules.options import Options
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits, Reason
from tests.kinds import problem_kind, representatives

RULES = [name for name, rule in optimizers.catalogue().items() if not rule.broadcasts]
each_rule = pytest.mark.parametrize("optimizer", RULES)


@pytest.mark.parametrize("problem", representatives(problems.names(), problem_kind))
def test_that_every_rule_ends_on_every_problem_with_finite_numbers_and_bounded_searches(problem):
    for optimizer in RULES:
        rule, chosen = optimizers.get(optimizer), problems.get(problem)
        if rule.lacks(chosen):
            continue
        steps = 60 if chosen.dimension <= 1000 else 5  # a matrix of n × n is dear there
        run = Run(chosen, rule, chosen.start, {}, Limits(max_steps=steps))
        run.advance(steps)
        assert run.stop is not None
        assert run.stop.reason not in (Reason.ERROR, Reason.FULL), f"{optimizer}: {run.stop.message}"
        assert np.isfinite(run.trace.x).all()
        assert np.isfinite(run.trace.loss).all()
        assert all(np.isfinite(column[1:]).all() for column in run.trace.state.values()), optimizer
        assert max(run.evaluations) <= 110 * (run.step + 1), optimizer


@each_rule
@pytest.mark.parametrize(
    "options", [Options(noise=0.5), Options(clip_norm=0.3), Options(clip_value=0.3), Options(l2=0.1)], ids=str
)
def test_that_options_around_a_rule_lead_to_no_error_and_replay(optimizer, options):
    chosen, rule = problems.get("himmelblau"), optimizers.get(optimizer)
    if options.l2 and "lowest" in rule.needs:
        return
    run = Run(chosen, rule, chosen.start, {}, Limits(max_steps=25, tolerance=None), 3, options)
    run.advance(25)
    assert run.stop.reason is not Reason.ERROR
    for step in range(1, run.step + 1):
        assert np.array_equal(run.replay(step)[0], run.trace.x[step])
