import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.record.trace import Trace, norms
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits


def block(start, length):
    x = np.arange(start, start + length, dtype=float)[:, None] * [1, 10]
    return x, x[:, 0], x + 0.5, x[:, 0] / 4, [x * 2]


def test_that_rows_appended_in_blocks_are_all_there():
    trace = Trace(np.zeros(2), 0.0, np.full(2, 0.5), {"m": np.zeros(2)})
    start = 1
    for length in (1, 62, 1, 500, 3):
        trace.append(*block(start, length))
        start += length
    x, loss, gradient, rate, (m,) = block(0, start)
    assert len(trace) == start
    assert np.array_equal(trace.x, x)
    assert np.array_equal(trace.loss, loss)
    assert np.array_equal(trace.gradient, gradient)
    assert np.array_equal(trace.rate[1:], rate[1:])
    assert trace.rate[0] == rate[1]
    assert np.array_equal(trace.state["m"], m)
    assert np.array_equal(trace.gradient_norm, np.linalg.norm(gradient, axis=1))


def test_that_an_append_cut_short_leaves_no_row_and_does_not_shift_the_next():
    trace = Trace(np.zeros(2), 0.0, np.full(2, 0.5), {"m": np.zeros(2)})
    x, loss, gradient, rate, state = block(1, 3)
    with pytest.raises(ValueError, match="could not broadcast"):
        trace.append(x, loss, np.zeros((3, 5)), rate, state)
    assert len(trace) == len(trace.loss) == 1
    trace.append(x, loss, gradient, rate, state)
    assert np.array_equal(trace.x[1:], x)
    assert np.array_equal(trace.loss[1:], loss)
    assert np.array_equal(trace.state["m"][1:], state[0])


def test_that_views_handed_out_stay_as_they_were_while_the_trace_grows():
    trace = Trace(np.zeros(2), 0.0, np.full(2, 0.5), {})
    trace.append(*block(1, 5)[:4], [])
    early = trace.x
    before = early.copy()
    trace.append(*block(6, 5000)[:4], [])
    assert np.array_equal(early, before)


def test_that_a_step_of_adam_in_two_dimensions_takes_at_most_120_bytes():
    problem = problems.get("rosenbrock")
    run = Run(problem, optimizers.get("adam"), problem.start, {}, Limits(tolerance=None, max_steps=20_000))
    run.advance(20_000)
    assert run.step == 20_000
    assert run.trace.nbytes / len(run.trace) <= 120


def test_that_norms_are_those_of_the_rows_whatever_their_size():
    rows = np.array([[3.0, 4.0], [3e200, -4e200], [0.0, 0.0], [np.inf, 1e200], [np.nan, 1.0]])
    assert norms(rows) == pytest.approx([5.0, 5e200, 0.0, np.inf, np.nan], nan_ok=True)
