"""User rules that raise, loop, block, print or cheat: it is reported, the window responds, other runs continue."""

from __future__ import annotations

import threading
from time import perf_counter

import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.run.stop import Limits, Reason
from gdviewer.engine.worker import watchdog
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.ui.session import user_rules
from gdviewer.ui.session.user_rules import PANEL


@pytest.fixture
def endless(open_window):
    """A window on a descent that goes on."""
    problem = problems.get("rosenbrock")
    plans = (RunPlan(optimizers.get("adam"), {"learning_rate": 1e-3}),)
    return open_window(Experiment(problem, plans, tuple(problem.start), Limits(tolerance=None, max_steps=10**9)))


def join(window, qtbot, text):
    rules = window.session.user_rules
    rules.apply(text)
    qtbot.waitUntil(lambda: not rules.sources[PANEL].task, timeout=10_000)
    assert not rules.sources[PANEL].error, rules.sources[PANEL].error
    return window.session.runs[-1]


def goes_on(window, qtbot, by=500):
    run = window.session.runs[0]
    at = run.step
    qtbot.waitUntil(lambda: run.step > at + by, timeout=20_000)


def code_panel(window, qtbot):
    window.code.raise_()
    qtbot.waitUntil(lambda: window.code.widget().panel is not None and window.code.widget().panel.isVisible())
    return window.code.widget().panel


def play(window):
    window.session.player.pace.set_speed(float("inf"))
    window.session.player.play()


@pytest.mark.parametrize(
    ("line", "reported"),
    [
        ("x = x / 0j", "returned a point of type complex128"),
        ("raise SystemExit", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("x = [1, 2, 3]", "returned a point of shape (3,)"),
        ("import sys; sys.setrecursionlimit(150); mine(x, f, t)", "RecursionError"),
    ],
)
def test_that_a_rule_that_fails_ends_alone(endless, qtbot, line, reported):
    if "recursion" in line:
        line = "mine(x, f, t)"
    run = join(endless, qtbot, f"def mine(x, f, t):\n    if t > 40:\n        {line}\n    return x\n")
    panel = code_panel(endless, qtbot)
    play(endless)
    qtbot.waitUntil(lambda: run.stop is not None, timeout=20_000)
    assert run.stop.reason is Reason.ERROR
    assert reported in run.stop.message
    assert run.stop.location.line in (3, 4)
    qtbot.waitUntil(lambda: reported in panel.message.text())
    goes_on(endless, qtbot)
    endless.session.select(1)
    qtbot.waitUntil(lambda: reported in endless.runs_panel.editor.message.text())


@pytest.mark.parametrize("started", [True, False], ids=["in the race", "at the first step"])
def test_that_a_rule_that_loops_for_ever_is_given_up_at_its_line(endless, qtbot, monkeypatch, started):
    monkeypatch.setattr(watchdog, "BLOCKED_SECONDS", 0.3)
    at = 300 if started else 0
    text = f"def mine(x, f, t):\n    while t > {at}:\n        x = x + 0\n    return x - 1e-4 * f.gradient(x)\n"
    run = join(endless, qtbot, text)
    panel = code_panel(endless, qtbot)
    play(endless)
    qtbot.waitUntil(lambda: run.stop is not None, timeout=20_000)
    assert "has not returned for 0.3 seconds (line " in run.stop.message
    assert run.stop.location.line in (2, 3)
    qtbot.waitUntil(lambda: panel.editor.marked in (None, 2, 3) and "has not returned" in panel.message.text())
    goes_on(endless, qtbot)
    threads = [thread for thread in threading.enumerate() if thread.name == "gdviewer worker"]
    qtbot.waitUntil(lambda: sum(thread.is_alive() for thread in threads) == 1)
    corrected = join(endless, qtbot, text.replace("while t >", "while t < -"))
    qtbot.waitUntil(lambda: corrected.step > 400, timeout=20_000)


def test_that_a_rule_that_catches_every_exception_in_its_loop_is_ended(endless, qtbot, monkeypatch):
    monkeypatch.setattr(watchdog, "BLOCKED_SECONDS", 0.3)
    monkeypatch.setattr(watchdog, "CHASE_SECONDS", 60.0)
    body = "        try:\n            np.add(x, 1)\n        except:\n            pass\n"
    run = join(endless, qtbot, f"def mine(x, f, t):\n    while t > 50:\n{body}    return x * 0.999\n")
    play(endless)
    qtbot.waitUntil(lambda: run.stop is not None, timeout=20_000)
    goes_on(endless, qtbot)
    qtbot.waitUntil(lambda: not endless.session.player._watchdog.chasing, timeout=20_000)
    assert "continues in the background" not in run.stop.message
    assert len([thread for thread in threading.enumerate() if thread.name == "gdviewer worker"]) == 1


def test_that_a_rule_that_waits_where_it_cannot_be_reached_is_asked_to_go_on(endless, qtbot, monkeypatch):
    monkeypatch.setattr(watchdog, "BLOCKED_SECONDS", 0.2)
    monkeypatch.setattr(watchdog, "CHASE_SECONDS", 0.3)
    run = join(
        endless, qtbot, "def mine(x, f, t):\n    if t > 9:\n        import time; time.sleep(1.5)\n    return x * 0.9\n"
    )
    play(endless)
    qtbot.waitUntil(lambda: run.stop is not None and "continues in the background" in run.stop.message, timeout=20_000)
    assert "(line 3 of mine" in run.stop.message
    goes_on(endless, qtbot)


def test_that_a_rule_that_is_merely_slow_is_not_given_up(endless, qtbot, monkeypatch):
    monkeypatch.setattr(watchdog, "BLOCKED_SECONDS", 2.0)
    monkeypatch.setattr(watchdog, "SLOW_SECONDS", 0.05)
    text = "import time\ndef mine(x, f, t):\n    if t > 300:\n        time.sleep(0.05)\n    return x * 0.9999\n"
    run = join(endless, qtbot, text)
    play(endless)
    qtbot.waitUntil(lambda: run.step > 310, timeout=30_000)  # some 256 steps of 0.05 s would be one block
    assert run.stop is None
    began = perf_counter()
    endless.session.player.pause()
    qtbot.waitUntil(lambda: not endless.session.player.busy, timeout=20_000)
    assert perf_counter() - began < 5


def test_that_a_rule_that_blocks_does_not_hold_up_its_next_version(endless, qtbot):
    loop = "def mine(x, f, t):\n    while t == 3:\n        pass\n    return x * 0.99\n"
    join(endless, qtbot, loop)
    play(endless)
    qtbot.waitUntil(lambda: endless.session.runs[-1].step_under_way == 3, timeout=20_000)
    corrected = join(endless, qtbot, loop.replace("== 3", "== -3"))
    play(endless)
    qtbot.waitUntil(lambda: corrected.step > 100, timeout=20_000)


def test_that_a_text_that_loops_when_it_is_applied_is_given_up(endless, qtbot, monkeypatch):
    monkeypatch.setattr(user_rules, "READ_SECONDS", 0.3)
    panel = code_panel(endless, qtbot)
    play(endless)
    panel.editor.replace_text("x = 1\nwhile True:\n    x = -x\n")
    panel.apply.trigger()
    assert panel.state.text() == "reading …"
    goes_on(endless, qtbot)
    qtbot.waitUntil(lambda: "has not ended within 0.3 seconds" in panel.message.text())
    assert panel.editor.marked in (2, 3)


def test_that_printing_a_lot_costs_little_and_is_bounded(endless, qtbot):
    panel = code_panel(endless, qtbot)
    run = join(
        endless, qtbot, "def mine(x, f, t):\n    for i in range(100):\n        print(t, i)\n    return x * 0.9999\n"
    )
    play(endless)
    frames = []
    endless.session.frame.connect(lambda: frames.append(1))
    began = perf_counter()
    qtbot.waitUntil(lambda: run.step > 500, timeout=60_000)
    assert len(frames) > 3 * (perf_counter() - began)
    endless.session.player.pause()
    qtbot.waitUntil(lambda: panel.output.isVisible() and "99" in panel.output.toPlainText())
    assert panel.output.document().blockCount() <= 1000


CHEATS = {
    "draws": "import random\ndef mine(x, f):\n    return x * random.uniform(0.99, 1)\n",
    "keeps": "n = 0\ndef mine(x, f):\n    global n\n    n += 1\n    return x * (1 - 0.1 / n)\n",
}
HONEST = "def mine(x, f, v=0.0):\n    v = f.rng.normal(0.99, 0.01)\n    return x * v, v\n"


@pytest.mark.display
@pytest.mark.parametrize("cheat", CHEATS)
def test_that_a_rule_that_cheats_is_reported_at_a_pause(endless, qtbot, cheat):
    panel = code_panel(endless, qtbot)
    run = join(endless, qtbot, CHEATS[cheat])
    play(endless)
    qtbot.waitUntil(lambda: run.step > 50, timeout=20_000)
    endless.session.player.pause()
    qtbot.waitUntil(lambda: "when it is executed again" in panel.message.text(), timeout=20_000)
    endless.session.select(1)
    assert "Draw random numbers from f.rng" in endless.runs_panel.editor.warning.text()
    join(endless, qtbot, HONEST)
    qtbot.waitUntil(lambda: not panel.message.isVisible())


def test_that_a_rule_that_draws_from_f_is_not_reported_to_cheat(endless, qtbot):
    run = join(endless, qtbot, HONEST)
    play(endless)
    qtbot.waitUntil(lambda: run.step > 50, timeout=20_000)
    endless.session.player.pause()
    rules = endless.session.user_rules
    qtbot.waitUntil(lambda: rules._checked.get(run) == run.step and not rules._check, timeout=20_000)
    assert rules.warning(run) == ""
