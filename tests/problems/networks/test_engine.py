"""A network is a problem like any other: what the engine does with one, it does with a network."""

import itertools

import numpy as np
import pytest

from gdviewer import optimizers, problems, schedules
from gdviewer.engine.breakpoints.breakpoint import Breakpoint
from gdviewer.engine.record import trace
from gdviewer.engine.rules.options import Options
from gdviewer.engine.run.run import Origin, Run
from gdviewer.engine.run.stop import Limits, Reason
from tests.kinds import family, representatives

STEPS = 24
LEFT = 9  # the step after which branches leave
XOR = problems.get("xor_network", samples=40, layers="3", batch_size=8)


def run_of(name="adam", options=None, network=XOR, steps=STEPS, **others):
    return Run(network, optimizers.get(name), network.start, {}, Limits(None, steps), 5, options, **others)


def finished(run):
    run.advance(run.limits.max_steps)
    return run


@pytest.fixture
def small(monkeypatch):
    """So little room that only some of the steps of a run are kept."""
    monkeypatch.setattr(trace, "ROW_BYTES", 1500)
    monkeypatch.setattr(trace, "STATE_BYTES", 1500)


def assert_same(run, whole):
    """A run has the losses, and step by step the points and gradients, of another; each step can be executed again."""
    assert run.step == whole.step
    assert run.trace.loss.tobytes() == whole.trace.loss.tobytes()
    assert run.trace.rate.tobytes() == whole.trace.rate.tobytes()
    for step in range(1, run.step + 1):
        assert run.point(step).tobytes() == whole.trace.x[step].tobytes() == run.replay(step)[0].tobytes()
        assert run.recorded_gradient(step).tobytes() == whole.trace.gradient[step].tobytes()


@pytest.mark.parametrize(
    ("name", "options"),
    representatives(
        itertools.product(optimizers.names(), [Options(), Options(l2=0.1, noise=0.1, clip_norm=0.5)]),
        lambda name, _: name,
        lambda name, options: (family(name), str(options)),
    ),
    ids=str,
)
def test_that_every_optimizer_trains_replays_and_branches_to_the_same_bits(name, options, request):
    whole = finished(run_of(name, options))
    if lacks := optimizers.get(name).lacks(XOR):
        assert whole.stop.reason is Reason.UNFIT
        assert lacks in whole.stop.message
        return
    assert whole.step == STEPS
    assert (whole.point(STEPS) != whole.start).any()
    request.getfixturevalue("small")
    thinned = finished(run_of(name, options))
    assert thinned.trace.row_stride > 1
    assert_same(thinned, whole)
    assert_same(finished(run_of(name, options, origin=Origin(thinned, LEFT))), whole)


@pytest.mark.parametrize("name", schedules.names())
def test_that_every_schedule_sets_the_rate_of_each_step_and_is_the_same_again(name, request):
    schedule = schedules.get(name)
    whole = finished(run_of("momentum", Options(schedule=schedule)))
    if not schedule.follows_loss:
        full = whole.hyperparameters["learning_rate"]
        assert whole.trace.rate[1:].tolist() == [schedule.at(t, full, 0.0, ())[0] for t in range(STEPS)]
    request.getfixturevalue("small")
    thinned = finished(run_of("momentum", Options(schedule=schedule)))
    assert_same(thinned, whole)
    assert_same(finished(run_of("momentum", Options(schedule=schedule), origin=Origin(thinned, LEFT))), whole)


@pytest.mark.parametrize(("options", "order"), [(Options(clip_norm=1e-3), 2), (Options(clip_value=1e-3), np.inf)])
def test_that_a_step_sees_the_gradient_of_its_batch_clipped(options, order):
    run = finished(run_of("gradient_descent", options))
    moves = np.linalg.norm(np.diff(run.trace.x, axis=0), ord=order, axis=1)
    assert moves == pytest.approx(1e-3 * run.hyperparameters["learning_rate"], rel=1e-4)
    assert run.trace.gradient_norm.min() > 1e-3  # the record holds it as it is


@pytest.mark.parametrize(
    "watched",
    [Breakpoint("loss_rises"), Breakpoint("expression", "norm(g) < 0.2"), Breakpoint("gradient_below", 0.2)],
    ids=lambda watched: watched.kind,
)
def test_that_a_breakpoint_pauses_training_which_then_goes_on_as_if_it_had_not(watched, small):
    run = finished(run_of(breakpoints=[watched]))
    assert run.stop.reason is Reason.BREAKPOINT
    while run.at_breakpoint:
        run.resume()
        run.advance(STEPS)
    assert 1 <= len(run.trace.hits) < STEPS
    whole = finished(run_of())
    assert [run.point(step).tobytes() for step in range(STEPS)] == [whole.point(t).tobytes() for t in range(STEPS)]


def test_that_a_large_record_stays_within_its_budget_and_has_every_step(monkeypatch):
    network = problems.get("xor_network", samples=40, layers="40, 40")
    whole = finished(run_of(network=network, steps=150))
    monkeypatch.setattr(trace, "ROW_BYTES", 2**17)
    monkeypatch.setattr(trace, "STATE_BYTES", 2**17)
    thinned = finished(run_of(network=network, steps=150))
    assert thinned.trace.row_stride > whole.trace.row_stride
    assert thinned.trace.nbytes - thinned.trace.scalar_bytes <= thinned.trace.budget == 2**18
    for step in (1, 77, 149, 150):
        assert thinned.point(step).tobytes() == whole.point(step).tobytes()
