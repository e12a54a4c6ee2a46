import threading
from contextlib import suppress
from time import perf_counter

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.breakpoints.breakpoint import Breakpoint
from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.parameter import rate
from gdviewer.engine.run.run import LARGEST_BLOCK, Run
from gdviewer.engine.run.stop import STOPPED_BY_USER, Limits, Reason
from gdviewer.engine.worker.worker import Late, Worker, burst, catch_up
from gdviewer.problems.function import FunctionProblem


def new_run(name="himmelblau", rule="adam", **limits):
    problem = problems.get(name)
    rule = optimizers.get(rule) if isinstance(rule, str) else rule
    return Run(problem, rule, problem.start, {}, Limits(**({"tolerance": None, "max_steps": 10**7} | limits)))


def worker_threads():
    return [thread for thread in threading.enumerate() if thread.name == "gdviewer worker"]


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    worker.close()
    assert not worker_threads()


def test_that_a_burst_runs_exactly_the_steps_it_is_given():
    runs = [new_run(), new_run("rosenbrock", "momentum"), new_run("parabola")]
    burst(runs, seconds=60, steps=777)
    assert [run.step for run in runs] == [777, 777, 777]


def test_that_a_burst_limited_by_time_runs_all_runs_the_same_number_of_steps():
    runs = [new_run(), new_run("peaks", "nesterov"), new_run("ackley", "rmsprop"), new_run("absolute")]
    burst(runs, seconds=0.05)
    assert len({run.step for run in runs}) == 1
    assert runs[0].step > 1


def test_that_a_burst_of_no_time_does_one_step():
    run = new_run()
    burst([run], seconds=0)
    assert run.step == 1


def test_that_a_burst_of_no_steps_evaluates_the_starts_only():
    run = new_run()
    burst([run], seconds=1, steps=0)
    assert run.begun
    assert run.step == 0


def test_that_a_run_that_has_stopped_does_not_hold_up_the_others():
    short, long = new_run(max_steps=10), new_run()
    burst([short, long], seconds=60, steps=300)
    assert (short.step, short.stop.reason, long.step) == (10, Reason.STEP_LIMIT, 300)


def test_that_a_burst_ends_when_all_runs_have_stopped():
    began = perf_counter()
    burst([new_run(max_steps=10), new_run(max_steps=20)], seconds=60)
    assert perf_counter() - began < 30


def test_that_a_burst_keeps_to_its_time():
    run = new_run()
    burst([run], 0.01)
    began = perf_counter()
    burst([run], 0.02)
    assert perf_counter() - began < 0.5


def test_that_granted_bursts_make_the_trace_that_one_call_makes(worker):
    granted, direct = new_run(max_steps=2000), new_run(max_steps=2000)
    while not granted.stop:
        worker.grant([granted], seconds=0.002)
        assert worker.wait(30)
    direct.advance(2000)
    assert np.array_equal(granted.trace.x, direct.trace.x)


def test_that_a_grant_while_a_burst_is_under_way_changes_nothing(worker):
    entered, leave = threading.Event(), threading.Event()

    def waiting(x):
        entered.set()
        leave.wait(30)
        return 0.0

    slow, other = Run(FunctionProblem(waiting, [1.0], lambda x: x), optimizers.get("adam"), [1.0]), new_run()
    worker.grant([slow], seconds=0, steps=1)
    assert entered.wait(30)
    assert worker.busy
    worker.grant([other], seconds=0, steps=1)
    leave.set()
    assert worker.wait(30)
    assert not other.begun


def looping_for_ever():
    entered = threading.Event()

    @optimizer("looping")
    def looping(x, f, t, *, learning_rate=rate(0.1)):
        if t == 4:
            entered.set()
            while True:
                pass
        return x - learning_rate * f.gradient(x)

    return looping, entered


def test_that_a_rule_that_loops_for_ever_can_be_abandoned_and_the_worker_goes_on(worker):
    rule, entered = looping_for_ever()
    stuck = new_run(rule=rule)
    worker.grant([stuck], seconds=1, steps=1)
    assert worker.wait(30)
    worker.grant([stuck], seconds=10, steps=30)
    assert entered.wait(30)
    (thread,) = worker_threads()
    worker.abandon()
    thread.join(30)
    assert not thread.is_alive()
    assert not worker.busy
    fine = new_run(max_steps=50)
    worker.grant([fine], seconds=10)
    assert worker.wait(30)
    assert fine.step == 50
    assert stuck.step < 4
    assert len(stuck.trace.x) == stuck.step + 1


def test_that_closing_ends_a_burst_that_would_never_end():
    rule, entered = looping_for_ever()
    worker = Worker()
    worker.grant([new_run(rule=rule)], seconds=10)
    assert entered.wait(30)
    worker.close(seconds=0.05)
    for thread in worker_threads():
        thread.join(30)
    assert not worker_threads()


def test_that_an_error_in_the_function_stops_its_run_and_not_the_worker(worker):
    def raising(x):
        raise ZeroDivisionError

    bad = Run(FunctionProblem(raising, [1.0], lambda x: x), optimizers.get("adam"), [1.0])
    good = new_run(max_steps=20)
    worker.grant([bad, good], seconds=10)
    assert worker.wait(30)
    assert (bad.stop.reason, good.stop.reason) == (Reason.ERROR, Reason.STEP_LIMIT)


def test_that_200_quick_starts_and_stops_leave_no_thread():
    for i in range(200):
        worker = Worker()
        worker.grant([new_run("parabola")], seconds=0.0005)
        if i % 2:
            worker.grant([new_run("parabola")], seconds=0.0005)
        worker.close()
        assert not worker.busy
    assert not worker_threads()


def test_that_closing_twice_or_unused_does_nothing():
    worker = Worker()
    worker.close()
    worker.grant([new_run()], seconds=0)
    worker.close()
    worker.close()
    assert worker.wait(0)


def test_that_a_rule_that_catches_every_exception_is_reported_to_end_until_it_does(worker):
    entered = threading.Event()

    @optimizer("stubborn")
    def stubborn(x, f, t):
        while t == 3:
            entered.set()
            with suppress(BaseException):
                np.add(x, 1)
        return x - 0.001 * f.gradient(x)

    stuck, fine = new_run(rule=stubborn), new_run(max_steps=50)
    worker.grant([stuck, fine], seconds=10)
    assert entered.wait(30)
    (thread,) = worker_threads()
    assert worker.run is stuck
    assert worker.location.function == "stubborn"
    stuck.halt(STOPPED_BY_USER)
    worker.abandon()
    worker.grant([fine], seconds=10)
    assert worker.wait(30)
    assert fine.step == 50
    while worker.chase():
        thread.join(0.005)
    assert not thread.is_alive()


def test_that_a_thread_that_was_given_up_steps_no_other_run(worker):
    entered, leave = threading.Event(), threading.Event()

    @optimizer("late")
    def late(x, f):
        entered.set()
        try:
            while not leave.wait(0.01):
                pass
        except BaseException:
            pass
        return x * 0.5

    slow, other = new_run(rule=late), new_run()
    worker.grant([slow, other], seconds=10, steps=1)
    assert entered.wait(30)
    slow.halt(STOPPED_BY_USER)
    (thread,) = worker_threads()
    worker.abandon()
    leave.set()
    while thread.is_alive():
        thread.join(0.01)
    assert (slow.step, other.step) == (0, 0)


def test_that_a_block_can_be_cut_short_and_goes_on_where_it_was():
    @optimizer("cutting")
    def cutting(x, f, t):
        if t in (20, 21):
            run.cut()
        return x - 0.001 * f.gradient(x)

    run, whole = new_run(rule=cutting), new_run(rule="gradient_descent")
    steps = []
    for _ in range(4):
        run.advance(200)
        steps.append(run.step)
    assert steps == [20, 21, 221, 421]
    whole.advance(421)
    assert np.array_equal(run.trace.x, whole.trace.x)


@pytest.mark.parametrize("first", [0, 1])
def test_that_a_burst_ends_where_a_run_is_at_a_breakpoint(first):
    runs = [new_run(), new_run("rosenbrock", "momentum")]
    runs[first].breakpoints = (Breakpoint("step", 137),)
    burst(runs, seconds=60, steps=1000)
    assert runs[first].step == 137
    assert runs[first].at_breakpoint
    assert runs[1 - first].stop is None
    assert 137 <= runs[1 - first].step < (138 if first == 0 else 137 + LARGEST_BLOCK)
    runs[first].resume()
    burst(runs, seconds=60, steps=100)
    assert runs[first].step == 237


def test_that_a_run_that_catches_up_passes_its_breakpoints_and_keeps_their_hits():
    run = new_run()
    run.breakpoints = (Breakpoint("step", 40), Breakpoint("step", 90), Breakpoint("step", 150))
    catch_up([Late(run, 100)], seconds=60)
    assert run.step >= 100
    assert [hit.step for hit in run.trace.hits] == [40, 90]
    assert run.stop is None
