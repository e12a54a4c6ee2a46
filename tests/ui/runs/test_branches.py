"""A run that leaves another, as a person makes one: chosen, drawn, changed, begun again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from gdviewer import optimizers, problems
from gdviewer.engine.rules.options import Options
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.ui.code.code_panel import CodePanel
from gdviewer.ui.plots.base import BRANCHED
from gdviewer.ui.timeline.marks import STOP, Marks
from tests.ui.helpers import drawing_of


def race(problem: str = "himmelblau", steps: int = 60) -> Experiment:
    chosen = problems.get(problem)
    plans = (
        RunPlan(optimizers.get("gradient_descent"), {"learning_rate": 0.001}),
        RunPlan(optimizers.get("adam"), {"learning_rate": 0.1}, color=1),
    )
    return Experiment(chosen, plans, tuple(chosen.start), Limits(tolerance=None, max_steps=steps))


@pytest.fixture
def raced(open_window):
    """A window whose two runs have done 60 steps; Adam is selected, and the cursor is at step 20."""
    window = open_window(race())
    window.session.player.finish()
    window.session.select(1)
    window.session.cursor.look_at(20)
    return window


def drawing(window, index, plot=None):
    plot = plot or window.main_view.plot
    return drawing_of(plot, window.session.runs[index])


def path_of(window, index):
    return np.column_stack(drawing(window, index).curve.getData())


@pytest.mark.display
def test_that_both_futures_stand_beside_each_other(raced, qtbot):
    session, original = raced.session, raced.session.runs[1]
    raced.runs_panel.branch.trigger()
    assert "step 20" in raced.runs_panel.branching.list.accessibleName()
    qtbot.keyClick(raced.runs_panel.branching.search, Qt.Key.Key_Return)  # the same rule is the first
    qtbot.waitUntil(lambda: not session.player.busy)
    assert (len(session.runs), session.selected, session.cursor.step) == (3, 2, 20)
    branch = session.runs[2]
    assert branch.step == 20
    item = raced.runs_panel.list.item(2)
    assert item.text() == "Adam   η = 0.1, from step 20"
    qtbot.waitUntil(lambda: item.toolTip().startswith("Adam   η = 0.1, from step 20\nstep 20"))
    raced.runs_panel.editor.fields["learning_rate"].slider.setValue(900)
    rate = session.experiment.runs[2].hyperparameters["learning_rate"]
    assert rate != 0.1
    session.player.finish()
    assert np.array_equal(branch.trace.x[:21], original.trace.x[:21])
    assert not np.array_equal(branch.trace.x[21], original.trace.x[21])
    assert [(c.step, c.value) for c in branch.trace.changes] == [(21, rate)]
    assert session.runs[1] is original
    assert original.step == branch.step == 60


def test_that_an_unchanged_branch_goes_the_same_way(raced):
    raced.runs_panel.branch_run("adam")
    raced.session.player.finish()
    assert np.array_equal(raced.session.runs[2].trace.x, raced.session.runs[1].trace.x)


def test_that_another_optimizer_continues_with_a_rate_that_suits_it(raced):
    point = raced.session.runs[1].trace.x[20].copy()
    raced.runs_panel.branch_run("momentum")
    plan = raced.session.experiment.runs[2]
    assert plan.optimizer.name == "momentum"
    assert plan.hyperparameters["learning_rate"] != 0.1
    raced.session.player.finish()
    assert np.array_equal(raced.session.runs[2].trace.x[20], point)
    assert raced.session.runs[2].trace.loss[-1] < raced.session.runs[2].trace.loss[20]


def test_that_your_own_rule_continues_a_run_and_is_not_taken_for_one_of_its_name(raced, qtbot):
    session = raced.session
    session.user_rules.apply(
        "def adam(x, f, *, learning_rate=rate(0.01)):\n    return x - learning_rate * f.gradient(x)\n"
    )
    qtbot.waitUntil(lambda: len(session.runs) == 3 and not session.player.busy)
    session.select(1)
    session.cursor.look_at(20)
    raced.runs_panel.choose_branch()
    found = raced.runs_panel.branching
    (mine,) = (choice for choice in found._choices.values() if choice.title == "Adam (yours)")
    found.close()
    raced.runs_panel.branch_run(mine.key)
    assert session.experiment.runs[3].optimizer is session.experiment.runs[2].optimizer
    session.player.finish()
    branch = session.runs[3]
    rate = branch.hyperparameters["learning_rate"]
    assert np.array_equal(branch.trace.x[21], branch.trace.x[20] - rate * branch.trace.gradient[20])
    session.cursor.look_at(30)
    raced.runs_panel.choose_branch()
    titles = [choice.title for choice in raced.runs_panel.branching._choices.values()]
    assert titles[0] == "Adam (yours), unchanged"
    assert "Adam (yours)" not in titles[1:]
    assert "Adam" in titles[1:]
    raced.runs_panel.branching.close()


def test_that_marks_and_paths_distinguish_a_branch_from_the_run_it_leaves(raced):
    raced.runs_panel.branch_run("adam")
    raced.session.player.finish()
    ends = [mark.text for mark in Marks(raced.session).events() if mark.kind == STOP]
    assert ends[1].endswith("Adam   η = 0.1")
    assert ends[2].endswith("Adam   η = 0.1, from step 20")


def test_that_your_own_rule_continues_from_the_step_looked_at(raced, qtbot):
    session = raced.session
    raced.code.raise_()
    qtbot.waitUntil(lambda: raced.findChild(CodePanel) is not None)
    code = raced.findChild(CodePanel)
    code.editor.setPlainText("def adam(x, f, *, learning_rate=0.01):\n    return x - learning_rate * f.gradient(x)\n")
    code.apply.trigger()
    qtbot.waitUntil(lambda: len(session.runs) == 3 and not session.player.busy)
    session.select(1)
    session.cursor.look_at(20)
    raced.runs_panel.branch.trigger()
    opened = raced.runs_panel.branching
    assert raced.geometry().contains(opened.geometry().center())  # the list of runs is behind the tab of the code
    assert opened.geometry().top() > raced.geometry().top()
    (mine,) = (choice for choice in opened._choices.values() if choice.group == "Your own")
    opened.chosen.emit(mine.key)
    opened.close()
    assert not session.experiment.runs[-1].optimizer.built_in
    session.player.finish()
    branch = session.runs[-1]
    assert np.array_equal(branch.trace.x[:21], session.runs[1].trace.x[:21])
    step = branch.trace.x[20] - branch.hyperparameters["learning_rate"] * branch.trace.gradient[20]
    assert np.array_equal(branch.trace.x[21], step)


def test_that_a_branch_is_drawn_from_where_it_leaves_and_what_it_left_paler(raced):
    raced.runs_panel.branch_run("adam")
    raced.runs_panel.editor.fields["learning_rate"].slider.setValue(900)
    raced.session.player.finish()
    session = raced.session
    branch = session.runs[2]
    assert np.array_equal(path_of(raced, 2)[0], branch.trace.x[20])
    assert np.array_equal(path_of(raced, 1)[0], session.runs[1].trace.x[0])
    ring = drawing(raced, 2).ring
    assert ring.isVisible()
    assert (ring.pos().x(), ring.pos().y()) == pytest.approx(tuple(branch.trace.x[20]))
    assert not drawing(raced, 1).ring.isVisible()
    opacities = [drawing(raced, i).curve.opacity() for i in range(3)]
    assert opacities == [1, pytest.approx(BRANCHED), 1]
    steps = drawing(raced, 2, raced.history.plot)
    assert steps.series[0].curve.getData()[0][0] == 20
    assert steps.ring.isVisible()
    raced.runs_panel.hide_action.trigger()  # a branch that is not seen leaves nothing
    assert drawing(raced, 1).curve.opacity() == 1


def test_that_a_branch_stands_alone_where_what_it_left_is_gone(raced):
    raced.runs_panel.branch_run("adam")
    raced.session.player.finish()
    raced.session.select(1)
    raced.runs_panel.remove_run()
    branch = raced.session.runs[1]
    assert np.array_equal(path_of(raced, 1)[0], branch.trace.x[0])
    assert np.array_equal(branch.replay(7)[0], branch.trace.x[7])
    raced.session.reset()
    raced.session.player.finish()
    assert np.array_equal(raced.session.runs[1].trace.x, branch.trace.x)


def test_that_reset_takes_a_branch_back_to_where_it_leaves(raced, qtbot):
    raced.runs_panel.branch_run("adam")
    raced.session.player.finish()
    raced.session.reset()
    qtbot.waitUntil(lambda: not raced.session.player.busy)
    assert [run.step for run in raced.session.runs] == [0, 0, 20]


def test_that_a_branch_of_a_branch_is_made_at_the_cursor(raced, qtbot):
    raced.runs_panel.branch_run("momentum")
    raced.session.player.finish()
    raced.session.cursor.look_at(40)
    raced.runs_panel.branch_run("rmsprop")
    raced.session.player.finish()
    run = raced.session.runs[3]
    assert [run.owner(t).optimizer.name for t in (20, 21, 40, 41)] == ["adam", "momentum", "momentum", "rmsprop"]
    raced.session.cursor.look_at(10)  # before it left: that step is of the first rule
    raced.runs_panel.choose_branch()
    assert raced.runs_panel.branching.list.currentItem().text().strip() == "Adam, unchanged"
    raced.runs_panel.branching.close()


def test_that_live_the_branch_leaves_the_newest_step(open_window, qtbot):
    window = open_window(race(steps=10**6))
    window.session.player.play()
    qtbot.waitUntil(lambda: window.session.cursor.newest > 20)
    window.runs_panel.branch_run("gradient_descent")
    assert window.session.player.playing
    branch = window.session.runs[2]
    qtbot.waitUntil(lambda: branch.begun and branch.step > branch.branch_step > 20)
    window.session.player.pause()


def test_that_a_branch_follows_the_common_start_and_the_problem(raced):
    raced.runs_panel.branch_run("adam")
    raced.session.set_start((1.0, 1.5))
    raced.session.player.finish()
    first, branch = raced.session.runs[1:]
    assert branch.branch_step == 20
    assert tuple(branch.trace.x[0]) == (1.0, 1.5)
    assert np.array_equal(first.trace.x, branch.trace.x)
    raced.problem_panel.choose("booth")
    assert raced.session.experiment.runs[2].branch is None


def test_that_options_of_a_branch_hold_from_where_it_leaves(raced):
    raced.runs_panel.branch_run("adam")
    raced.session.change_run(2, options=Options(noise=0.5))
    raced.session.player.finish()
    original, branch = raced.session.runs[1:]
    assert np.array_equal(branch.trace.x[:21], original.trace.x[:21])
    assert not np.array_equal(branch.trace.x[21], original.trace.x[21])


def test_that_a_branch_has_no_start_of_its_own_to_set(raced):
    assert raced.runs_panel.editor.own_start.isVisibleTo(raced)
    raced.runs_panel.branch_run("adam")
    assert not raced.runs_panel.editor.own_start.isVisibleTo(raced)


@pytest.mark.parametrize("name", ["cubic", "rosenbrock_nd"])
def test_that_branches_are_drawn_on_curves_and_planes_too(open_window, name):
    known = problems.catalogue()
    problem = known.get(name) or next(p for p in known.values() if p.dimension == (1 if name == "cubic" else 10))
    window = open_window(replace(race(), problem=problem, start=tuple(problem.start)))
    window.session.player.finish()
    window.session.select(1)
    window.session.cursor.look_at(min(20, window.session.runs[1].step - 1))
    window.runs_panel.branch_run("adam")
    window.session.player.finish()
    assert drawing(window, 2).ring.isVisible()
