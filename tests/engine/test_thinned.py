"""Runs that do not store every step: each step is still available, to the same bits."""

from threading import Thread

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.breakpoints.breakpoint import Breakpoint
from gdviewer.engine.record import columns, trace
from gdviewer.engine.rules.options import Options
from gdviewer.engine.run import replay
from gdviewer.engine.run.replay_check import check_replay
from gdviewer.engine.run.run import Origin, Run
from gdviewer.engine.run.stop import Limits, Reason
from gdviewer.engine.tracing.tracer import inspect_step, local_values
from gdviewer.experiment.minimize import minimize
from gdviewer.problems.function import FunctionProblem

STEPS = 300
ROSENBROCK = problems.get("rosenbrock")


@pytest.fixture
def small(monkeypatch):
    """So little room that of a few hundred rows in two dimensions only some are kept."""
    monkeypatch.setattr(trace, "ROW_BYTES", 2000)
    monkeypatch.setattr(trace, "STATE_BYTES", 1000)


def run_of(name="adam", problem=ROSENBROCK, start=(-1.2, 1.0), steps=STEPS, options=None, **others):
    limits = Limits(tolerance=None, max_steps=steps)
    return Run(problem, optimizers.get(name), start, {}, limits, 5, options, **others)


@pytest.fixture
def pair(monkeypatch):
    """A function that gives a run of which all is kept, and the same thinned."""

    def make(*arguments, **named):
        whole = run_of(*arguments, **named)
        whole.advance(STEPS)
        monkeypatch.setattr(trace, "ROW_BYTES", 2000)
        monkeypatch.setattr(trace, "STATE_BYTES", 1000)
        thinned = run_of(*arguments, **named)
        for size in (1, 7, 40, STEPS):
            thinned.advance(size)
        assert whole.trace.row_stride == 1
        assert thinned.trace.row_stride >= 4
        return whole, thinned

    return make


def test_that_the_rows_kept_are_those_of_the_whole_record(pair):
    whole, thinned = pair()
    kept = thinned.trace.kept
    assert np.array_equal(kept, np.arange(0, STEPS + 1, thinned.trace.row_stride))
    assert np.array_equal(thinned.trace.x, whole.trace.x[kept])
    assert np.array_equal(thinned.trace.gradient, whole.trace.gradient[kept])
    assert np.array_equal(thinned.trace.last, whole.trace.x[-1])
    for name in ("loss", "rate", "gradient_norm"):
        assert np.array_equal(getattr(thinned.trace, name), getattr(whole.trace, name), equal_nan=True)
    stride, states = thinned.trace.states
    assert stride % thinned.trace.row_stride == 0
    assert np.array_equal(states["m"], whole.trace.state["m"][::stride])
    assert thinned.trace.x.nbytes + thinned.trace.gradient.nbytes <= 2000
    assert sum(part.nbytes for part in states.values()) <= 1000


@pytest.mark.parametrize("name", ["gradient_descent", "adam", "rprop", "l_bfgs", "trust_region"])
def test_that_every_point_gradient_and_state_is_had_to_the_same_bits(pair, name):
    whole, thinned = pair(name)
    for step in [*range(whole.step, -1, -1), *range(0, whole.step, 7)]:
        assert np.array_equal(thinned.point(step), whole.trace.x[step])
        assert np.array_equal(thinned.recorded_gradient(step), whole.trace.gradient[step])
        if step:
            x, state = thinned.replay(step)
            assert np.array_equal(x, whole.trace.x[step])
            for part, rows in zip(state.values(), whole.trace.state.values(), strict=True):
                assert np.array_equal(part, rows[step])
            assert check_replay(thinned, step) == ""
    assert thinned.stop == whole.stop


def test_that_noise_and_a_schedule_that_follows_the_loss_are_had_again_too(pair):
    from gdviewer.schedules import get

    whole, thinned = pair(options=Options(noise=0.3, schedule=get("reduce_on_plateau")))
    for step in range(1, STEPS + 1, 13):
        assert np.array_equal(thinned.replay(step)[0], whole.trace.x[step])


def test_that_the_inspector_shows_the_same_of_any_step(pair):
    whole, thinned = pair()
    for step in (1, 2, 33, 150, STEPS, STEPS + 1):
        mine, its = inspect_step(thinned, step), inspect_step(whole, step)
        assert np.array_equal(mine.x, its.x)
        assert len(mine.frame.executed) == len(its.frame.executed)
        assert np.array_equal(local_values(thinned, step, ["g"])["g"], local_values(whole, step, ["g"])["g"])


@pytest.mark.parametrize("step", [0, 1, 37, 64, STEPS - 1, STEPS])
def test_that_a_branch_goes_on_from_any_step(pair, step):
    whole, thinned = pair()
    for name in ("adam", "momentum"):
        branches = [
            Run(run.problem, optimizers.get(name), run.start, {}, Limits(tolerance=None, max_steps=STEPS + 60), 5,
                origin=Origin(run, step))
            for run in (whole, thinned)
        ]  # fmt: skip
        for branch in branches:
            branch.advance(STEPS + 60)
        kept, thin = branches
        assert np.array_equal(thin.trace.loss, kept.trace.loss)
        for t in range(0, STEPS + 61, 11):
            assert np.array_equal(thin.point(t), kept.point(t))
            assert np.array_equal(thin.recorded_gradient(t), kept.recorded_gradient(t))
            assert np.array_equal(thin.replay(t + 1)[0], kept.replay(t + 1)[0])
        twig = Run(ROSENBROCK, thin.optimizer, thin.start, {}, thin.limits, 5, origin=Origin(thin, step + 20))
        twig.advance(STEPS + 60)
        assert np.array_equal(twig.trace.loss, kept.trace.loss)
        assert np.array_equal(twig.point(step + 10), kept.point(step + 10))


def hits_of(run):
    while not run.stop or run.at_breakpoint:
        run.resume()
        run.advance(STEPS)
    return [(hit.step, hit.breakpoint.kind, hit.message) for hit in run.trace.hits]


def test_that_breakpoints_hit_at_the_same_steps(monkeypatch):
    watched = [
        Breakpoint("turns", 60.0), Breakpoint("loss_rises"), Breakpoint("changes_sign", "move"),
        Breakpoint("expression", "norm(m) < 0.5 * norm(previous.m)"),
    ]  # fmt: skip
    noisy = {"options": Options(noise=300), "breakpoints": watched}
    hits = hits_of(run_of(**noisy))
    assert {kind for _, kind, _ in hits} == {watch.kind for watch in watched}
    monkeypatch.setattr(trace, "ROW_BYTES", 2000)
    thinned = run_of(**noisy)
    assert hits_of(thinned) == hits
    assert thinned.trace.row_stride == 8


def test_that_a_step_is_executed_again_once_for_those_that_look_at_it_one_after_another(small):
    calls = []

    def bowl(x):
        calls.append(1)
        return float(x @ x)

    run = run_of("momentum", FunctionProblem(bowl, [3.0, 1.0], lambda x: 2 * x), [3.0, 1.0])
    run.advance(STEPS)
    stride = run.trace.stride
    assert stride >= 8
    last = 5 * stride - 1
    points = [run.point(step).tolist() for step in range(last, last - stride + 1, -1)]
    executed = []
    run._replayer._execute = lambda *a: executed.append(a)
    assert [run.point(step).tolist() for step in range(last, last - stride + 1, -1)] == points
    assert not executed


def test_that_a_point_to_come_is_not_made_up(small):
    run = run_of()
    run.advance(STEPS)
    for look in (run.point, run.nearest_point, run.recorded_gradient):
        for step in (-1, STEPS + 1, STEPS + 40):
            with pytest.raises(IndexError, match=f"step must be in 0 … {STEPS}; got {step}"):
                look(step)


def test_that_what_is_remembered_of_steps_executed_again_is_bounded(small, monkeypatch):
    monkeypatch.setattr(replay, "CACHE_BYTES", 10 * (2 + 2 + 2) * 8)
    run = run_of()
    run.advance(STEPS)
    for step in range(STEPS, 0, -1):
        run.point(step)
    assert 0 < len(run._replayer._cached) <= 10


def test_that_points_are_had_in_any_thread_while_the_run_goes_on(small):
    whole = run_of(steps=4000)
    points = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "ROW_BYTES", 2**28)
        patch.setattr(trace, "STATE_BYTES", 2**28)
        whole.advance(4000)
    run = run_of(steps=4000)
    run.advance(10)

    def look():
        rng = np.random.default_rng(1)
        while run.step < 4000:
            step = int(rng.integers(run.step + 1))
            points.append((step, run.point(step)))
            rows = run.trace.rows
            points.extend(zip(rows.steps[-1:].tolist(), rows.x[-1:], strict=True))

    threads = [Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    while run.step < 4000:
        run.advance(8)
    for thread in threads:
        thread.join()
    assert points
    assert all(np.array_equal(x, whole.trace.x[step]) for step, x in points)


def test_that_a_point_that_would_take_long_is_reported_from_the_nearest_row_kept(small):
    run = run_of()
    run.advance(STEPS)
    step = 5 * run.trace.row_stride + 1
    run.pace = 1e-5
    assert run.nearest_point(step)[0] == step
    run = run_of()
    run.advance(STEPS)
    run.pace = 1.0
    near, x = run.nearest_point(step)
    assert near == 5 * run.trace.row_stride
    assert np.array_equal(x, run.trace.x[5])
    assert run.nearest_point(run.step)[0] == run.step


@pytest.mark.parametrize("name", ["gradient_descent", "adam"])
def test_that_long_rows_are_kept_sparsely_from_the_beginning_and_are_the_same(monkeypatch, name):
    problem = problems.get("rosenbrock_nd", n=700)
    thinned = run_of(name, problem, problem.start, 60)
    thinned.advance(60)
    assert thinned.trace.row_stride == 8
    monkeypatch.setattr(columns, "LONG", 2**20)
    whole = run_of(name, problem, problem.start, 60)
    whole.advance(60)
    assert whole.trace.row_stride == 1
    assert np.array_equal(thinned.trace.loss, whole.trace.loss)
    assert np.array_equal(thinned.trace.x, whole.trace.x[::8])
    assert thinned.trace.gradient_norm == pytest.approx(whole.trace.gradient_norm, rel=1e-13)
    for step in range(1, 61):
        assert np.array_equal(thinned.point(step), whole.trace.x[step])
        assert np.array_equal(thinned.replay(step)[0], whole.trace.x[step])


def ends_of(limits, monkeypatch, rule="gradient_descent", **hyperparameters):
    problem = problems.get("sphere_nd", n=700)
    found = []
    for long in (2**12, 2**20):
        monkeypatch.setattr(columns, "LONG", long)
        start = np.linspace(0, 2, 700)  # some components are zero, or nearly
        run = Run(problem, optimizers.get(rule), start, hyperparameters, limits)
        run.advance(10_000)
        found.append((run.step, run.stop, run.trace.last.tolist()))
    return found


@pytest.mark.parametrize(
    ("limits", "hyperparameters"),
    [
        ({"tolerance": 1e-3}, {"learning_rate": 0.01}),
        ({"tolerance": None, "gradient_tolerance": 1e-2}, {"learning_rate": 0.01}),
        ({"tolerance": None, "loss_tolerance": 1e-3}, {"learning_rate": 0.01}),
        ({"tolerance": None, "divergence": 1e6}, {"learning_rate": 1.5}),
        ({"tolerance": None, "divergence": 1e300}, {"learning_rate": 10.0}),
        ({"tolerance": None, "max_steps": 77}, {"learning_rate": 0.01}),
        ({"tolerance": 1e-3}, {"learning_rate": 0.5}),
    ],
)
def test_that_long_rows_end_a_run_where_short_ones_do(monkeypatch, limits, hyperparameters):
    mine, its = ends_of(Limits(**limits), monkeypatch, **hyperparameters)
    assert mine == its


def test_that_a_record_of_many_dimensions_stays_within_its_budget_and_does_not_end_the_run(monkeypatch):
    monkeypatch.setattr(trace, "ROW_BYTES", 2**22)
    n = 5000
    run = run_of("gradient_descent", FunctionProblem(lambda x: x @ x, np.ones(n), lambda x: 2 * x), np.ones(n), 500)
    run.advance(500)
    assert (run.step, run.stop.reason) == (500, Reason.STEP_LIMIT)
    assert run.trace.nbytes < 2**22 + 2**17
    assert run.trace.row_stride == 32
    assert run.trace.budget == 2**22
    assert np.array_equal(run.point(77), run.replay(77)[0])


def test_that_a_result_and_its_table_have_the_last_point(small, tmp_path):
    from gdviewer.experiment.report import write_csv

    result = minimize(ROSENBROCK, method="adam", tol=None, options={"maxiter": STEPS})
    whole = run_of(start=ROSENBROCK.start)
    whole.advance(STEPS)
    assert np.array_equal(result.x, whole.point(STEPS))
    write_csv(result, tmp_path / "trace.csv", ROSENBROCK)
    table = np.loadtxt(tmp_path / "trace.csv", delimiter=",", skiprows=1)
    assert table[:, 0].tolist() == [*[t for t in result.trace.kept.tolist() if t < STEPS], STEPS]
    for row in table:
        assert np.array_equal(row[1:3], whole.point(int(row[0])))
        assert row[3] == whole.trace.loss[int(row[0])]
