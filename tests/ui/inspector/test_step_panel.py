"""The step at the cursor, from inside, as a person reads it."""

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QPointF, Qt
from PySide6.QtGui import QGuiApplication

from gdviewer import optimizers, problems
from gdviewer.engine.notation.notation import formulas
from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.options import Options
from gdviewer.engine.rules.parameter import rate
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits, Reason
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.inspection import step_report
from gdviewer.inspection.step_report import Reporter
from gdviewer.problems.function import FunctionProblem
from gdviewer.ui.inspector.cell import broken
from gdviewer.ui.inspector.panel import StepPanel
from gdviewer.ui.session.pins import MAX_SAMPLES, Samples
from tests.kinds import family, representatives
from tests.ui.helpers import dock_of


def on(problem, *rules, steps=200, options=Options(), **declared):
    """An experiment with runs of these rules, from the problem's own start."""
    problem = problems.get(problem) if isinstance(problem, str) else problem
    rules = [optimizers.get(rule) if isinstance(rule, str) else rule for rule in rules]
    plans = tuple(RunPlan(rule, declared, color=i, options=options) for i, rule in enumerate(rules))
    return Experiment(problem, plans, tuple(problem.start.tolist()), Limits(max_steps=steps))


@pytest.fixture
def look_into(open_window, qtbot):
    """Open a window on an experiment, run it to its end, and look into a step."""

    def look(experiment, step=None):
        window = open_window(experiment)
        window.session.player.finish()
        if step is not None:
            window.session.cursor.look_at(step)
        dock = dock_of(window, "step")
        dock.raise_()
        qtbot.waitUntil(lambda: window.findChild(StepPanel) is not None)
        panel = window.findChild(StepPanel)
        shown(panel, qtbot, step)
        return window, panel

    return look


def shown(panel, qtbot, step=None):
    """Wait for a step to be shown."""
    qtbot.waitUntil(lambda: panel.report is not None and step in (None, panel.report.step))


def walk(panel):
    return [row for top in panel.lines.rows for row in top.walk()]


def row_of(panel, name):
    """The last line of the rule that set a name."""
    return [row for row in walk(panel) if row.name == name and row.of_rule and not row.executed.returns][-1]


def reported(panel):
    model = panel.lines.model()
    return [model.index(position, 0).data() for position in range(model.rowCount())]


def test_that_the_lines_are_shown_in_order_with_the_values_they_produced(look_into):
    window, panel = look_into(on("rosenbrock", "adam"), 137)
    adam, trace = optimizers.get("adam"), window.session.runs[0].trace
    assert panel.title.text() == "Step 137"
    assert reported(panel)[:-1] == formulas(adam.function)
    assert row_of(panel, "x").amount.tobytes() == trace.x[137].tobytes()
    for name in ("m", "v"):
        assert row_of(panel, name).amount.tobytes() == trace.state[name][137].tobytes()
    assert row_of(panel, "g").amount.tobytes() == trace.gradient[136].tobytes()
    assert "0.9·(" in row_of(panel, "m").numbers


@pytest.mark.display
def test_that_the_lines_follow_the_cursor(look_into, qtbot):
    window, panel = look_into(on("rosenbrock", "adam"), 137)
    window.session.cursor.look_at(7)
    shown(panel, qtbot, 7)
    assert row_of(panel, "x").amount.tobytes() == window.session.runs[0].trace.x[7].tobytes()
    panel.lines.setFocus()
    qtbot.keyClick(panel.lines, Qt.Key.Key_Home)
    window.session.cursor.look_at(0)
    shown(panel, qtbot, 1)  # at the start, the step that leads away from it


def test_that_the_step_of_the_selected_run_is_shown(look_into, qtbot):
    window, panel = look_into(on("rosenbrock", "adam", "gradient_descent", learning_rate=1e-3), 5)
    window.session.select(1)
    qtbot.waitUntil(lambda: panel.report.run is window.session.runs[1])
    assert reported(panel)[0] == "x ← x − η·∇f(x)" or "∇f" in reported(panel)[0]


@pytest.mark.display
def test_that_lines_are_shown_as_code_where_that_is_chosen_and_that_this_is_remembered(look_into, open_window, qtbot):
    _, panel = look_into(on("rosenbrock", "adam"), 3)
    qtbot.mouseClick(panel.code, Qt.MouseButton.LeftButton)
    assert "m = beta1 * m + (1 - beta1) * g" in reported(panel)
    _, again = look_into(on("rosenbrock", "adam"), 3)
    assert again.code.isChecked()
    qtbot.mouseClick(again.math, Qt.MouseButton.LeftButton)
    assert "m ← β₁·m + (1 − β₁)·g" in reported(again)


@pytest.mark.display
def test_that_arrow_down_shows_the_next_line_as_an_arrow_at_the_point(look_into, qtbot):
    window, panel = look_into(on("rosenbrock", "adam"), 20)
    trace = window.session.runs[0].trace
    panel.lines.choose(row_of(panel, "g"))
    panel.lines.setFocus()
    qtbot.keyClick(panel.lines, Qt.Key.Key_Down)
    assert panel.lines.current.name == "m"
    (arrow,) = window.session.arrows.shown
    assert np.array_equal(arrow.at, trace.x[19])
    assert np.array_equal(arrow.vector, trace.state["m"][20])
    assert arrow.label == "m"
    qtbot.keyClick(panel.lines, Qt.Key.Key_Down)
    qtbot.keyClick(panel.lines, Qt.Key.Key_Down)
    assert window.session.arrows.shown[0].label == "m̂"
    panel.lines.choose(row_of(panel, "x"))  # a point: the arrow leads to it
    assert window.session.arrows.shown[0].vector == pytest.approx(trace.x[20] - trace.x[19])
    qtbot.waitUntil(lambda: any(label == "x" for _, label in window.main_view.plot.arrows.drawn))
    line = next(line for line, label in window.main_view.plot.arrows.drawn if label == "x")
    position = window.main_view.plot.getPlotItem().vb.mapViewToScene(QPointF(*trace.x[19]))
    assert (line.x1(), line.y1()) == pytest.approx((position.x(), position.y()), abs=1)


@pytest.mark.display
def test_that_the_line_looked_at_stays_the_same_from_step_to_step(look_into, qtbot):
    window, panel = look_into(on("rosenbrock", "adam"), 20)
    panel.lines.setFocus()
    panel.lines.choose(row_of(panel, "v"))
    window.session.cursor.look_at(21)
    shown(panel, qtbot, 21)
    assert panel.lines.current.name == "v"
    assert np.array_equal(window.session.arrows.shown[0].vector, window.session.runs[0].trace.state["v"][21])


@pytest.mark.display
def test_that_the_gradient_opens_into_the_lines_of_its_formula(look_into, qtbot):
    _, panel = look_into(on("rosenbrock", "adam"), 20)
    row = row_of(panel, "g")
    index = panel.lines._rows.index_of(row)
    assert not panel.lines.isExpanded(index)
    panel.lines.setFocus()
    panel.lines.choose(row)
    qtbot.keyClick(panel.lines, Qt.Key.Key_Return)
    assert panel.lines.isExpanded(index)
    assert row.children[0].text.startswith("gradient(x = ")
    assert np.array_equal(row.children[-1].vector, row.vector)
    qtbot.keyClick(panel.lines, Qt.Key.Key_Return)
    assert not panel.lines.isExpanded(index)


@pytest.mark.display
def test_that_a_line_is_copied_with_its_key_and_other_keys_do_nothing(look_into, qtbot):
    _, panel = look_into(on("rosenbrock", "adam"), 30)
    panel.lines.setFocus()
    qtbot.keyClick(panel.lines, Qt.Key.Key_Q)
    panel.lines.choose(row_of(panel, "m"))
    qtbot.keyClick(panel.lines, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().startswith("m ← β₁·m + (1 − β₁)·g = 0.9·(")


def test_that_the_calls_of_central_differences_look_different():
    def bowl(x):
        return x @ x

    run = Run(FunctionProblem(bowl, (2.0, 1.0)), optimizers.get("gradient_descent"), (2.0, 1.0))
    run.advance(3)
    (gradient, *_) = Reporter().report(run, 2).rows
    assert len({call.text for call in gradient.children}) == 4


def test_that_a_vector_too_long_for_a_line_is_broken_between_its_numbers(qapp):
    lines = broken("= (−0.1309, −1.088, −0.7339, −0.08089)", qapp.font(), 150, 4)
    assert len(lines) > 1
    assert all(line.endswith((",", ")")) for line in lines)


def test_that_the_trials_of_a_line_search_are_reported_and_drawn(look_into):
    window, panel = look_into(on("rosenbrock", "armijo"), 9)
    run, trials = window.session.runs[0], panel.report.trials
    direction = -run.trace.gradient[8]
    assert [trial.alpha for trial in trials] == [0.5**k for k in range(len(trials))]
    for trial in trials:
        assert np.allclose(trial.point, run.trace.x[8] + trial.alpha * direction)
        assert trial.value == pytest.approx(run.problem.value(trial.point))
    assert [trial.taken for trial in trials] == [False] * (len(trials) - 1) + [True]
    drawn = [arrow for arrow in window.session.arrows.shown if not np.any(arrow.vector)]
    assert [arrow.at.tobytes() for arrow in drawn] == [trial.point.tobytes() for trial in trials]
    passes = [row for row in walk(panel) if row.summary]
    assert [row.summary for row in passes] == [trial.text for trial in trials]
    assert [row.unfolded for row in passes] == [False] * (len(passes) - 1) + [True]


def test_that_branches_show_which_way_they_went(look_into):
    def branching(x, f, t, *, learning_rate=rate(1e-3)):
        if t % 2:  # noqa: SIM108 - the test is about branches
            d = f.gradient(x)
        else:
            d = 2 * f.gradient(x)
        for scale in (1.0, 0.5):
            d = scale * d
        return x - learning_rate * d

    _, panel = look_into(on("rosenbrock", optimizer("Branching")(branching), steps=8), 4)
    head, otherwise, *passes, end, _ = panel.lines.rows
    assert (head.value, otherwise.text) == ("false", "else:")
    assert [child.name for child in otherwise.children] == ["d"]
    assert [row.value for row in passes] == ["pass 1: scale = 1", "pass 2: scale = 0.5"]
    assert end.value == "ends"


def test_that_lines_after_an_error_that_was_caught_stand_where_they_belong():
    def careful(x, f):
        try:
            g = f.gradient(x)
            raise ValueError("caught")
        except ValueError:
            g = 0.5 * g
        finally:
            d = 1e-4 * g
        return x - d

    experiment = on("rosenbrock", optimizer("Careful")(careful), steps=4)
    run = experiment.build(experiment.runs[0])
    run.advance(4)
    attempt, handler, last, _ = Reporter().report(run, 2).rows
    assert [row.name for row in attempt.children] == ["g", ""]
    assert attempt.children[1].error == "ValueError: caught"
    assert [row.name for row in handler.children] == ["g"]
    assert (last.text, [row.name for row in last.children]) == ("finally:", ["d"])


def test_that_what_changed_most_is_marked_with_by_how_much(look_into):
    def jumping(x, f, t, *, learning_rate=rate(1e-4)):
        g = f.gradient(x)
        scale = 12.0 if t == 6 else 1.0
        return x - learning_rate * scale * g

    _, panel = look_into(on("rosenbrock", optimizer("Jumping")(jumping), steps=8), 6)
    assert {row.name: row.change for row in walk(panel) if row.change} == {"scale": "12 times that of step 5"}


def test_that_nothing_is_executed_while_the_panel_is_hidden(look_into, qtbot, monkeypatch):
    window, panel = look_into(on("rosenbrock", "adam", steps=20), 4)
    dock_of(window, "runs").raise_()
    qtbot.waitUntil(lambda: not panel.isVisible())
    assert window.session.arrows.shown == ()
    reported = []
    inspected = step_report.inspect_step

    def counted(run, step, **how):
        reported.append(step)
        return inspected(run, step, **how)

    monkeypatch.setattr(step_report, "inspect_step", counted)
    for step in (5, 9, 7):
        window.session.cursor.look_at(step)
    QCoreApplication.processEvents()
    dock_of(window, "step").raise_()
    shown(panel, qtbot, 7)
    assert reported == [7, 6]  # it, and the one before, which it is compared with


def test_that_a_step_that_failed_is_shown_with_its_error_at_its_line(look_into, qtbot):
    def failing(x, f, t):
        g = f.gradient(x)
        inverse = 1 / (5 - t)
        return x - 1e-4 * inverse * g

    window, panel = look_into(on("rosenbrock", optimizer("Failing")(failing), steps=20))
    assert window.session.runs[0].stop.reason is Reason.ERROR
    shown(panel, qtbot, 5)
    assert panel.following.isChecked()
    assert panel.lines.current.error == "ZeroDivisionError: division by zero"
    assert "not executed" in panel.about.text()
    window.session.cursor.look_at(2)
    shown(panel, qtbot, 2)
    assert not any(row.error for row in walk(panel))


def test_that_a_loss_that_fails_at_the_end_of_a_step_is_reported_there(look_into, qtbot):
    def bounded(x):
        if x[0] < 1:
            raise ValueError("too small")
        return float(x @ x)

    window, panel = look_into(on(FunctionProblem(bounded, (3.0, 2.0)), "gradient_descent", learning_rate=0.1))
    run = window.session.runs[0]
    shown(panel, qtbot, run.step + 1)
    assert not any(row.error for row in walk(panel))
    assert "too small" in panel.faults.text()


@pytest.mark.display
def test_that_the_step_a_stop_left_untaken_can_be_looked_at(look_into, qtbot):
    window, panel = look_into(on("rosenbrock", "adam", steps=30))
    shown(panel, qtbot, 30)
    qtbot.mouseClick(panel.following, Qt.MouseButton.LeftButton)
    shown(panel, qtbot, 31)
    assert panel.report.after is None
    assert np.array_equal(panel.report.start, window.session.runs[0].trace.x[30])


@pytest.mark.display
def test_that_the_step_to_come_has_the_hyperparameters_it_will_be_taken_with(look_into, qtbot):
    window, panel = look_into(on("rosenbrock", "gradient_descent", steps=30, learning_rate=1e-3), 30)
    qtbot.mouseClick(panel.following, Qt.MouseButton.LeftButton)
    shown(panel, qtbot, 31)
    trace = window.session.runs[0].trace
    window.session.change_run(0, hyperparameters={"learning_rate": 5e-4})
    qtbot.waitUntil(
        lambda: np.array_equal(row_of(panel, "x").amount, trace.x[30] - 5e-4 * trace.gradient[30]), timeout=3000
    )


@pytest.mark.display
def test_that_a_rule_without_source_shows_what_goes_in_and_out(look_into):
    space = {"rate": rate}
    source = """
def typed(x, f, m=0.0, *, learning_rate=rate(1e-3)):
    m = f.gradient(x)
    return x - learning_rate * m, m
"""
    exec(source, space)
    window, panel = look_into(on("rosenbrock", optimizer("Typed")(space["typed"]), steps=10), 4)
    trace = window.session.runs[0].trace
    assert "source of this rule is not available" in panel.notes.text()
    assert [row.name for row in panel.lines.rows] == ["x", "m"]
    assert np.array_equal(panel.lines.rows[0].amount, trace.x[4])
    assert np.array_equal(panel.lines.rows[1].amount, trace.state["m"][4])


def test_that_a_rule_with_a_memory_of_its_own_is_reported_of(look_into):
    kept = []

    def remembering(x, f, *, learning_rate=rate(1e-3)):
        kept.append(1)
        return x - learning_rate / len(kept) * f.gradient(x)

    _, panel = look_into(on("rosenbrock", optimizer("Remembering")(remembering), steps=10), 4)
    assert "gives another x" in panel.faults.text()


def test_that_a_run_that_never_began_says_why(open_window, qtbot):
    experiment = on("linear_regression", "polyak_step", steps=10)
    window = open_window(experiment)
    dock_of(window, "step").raise_()
    qtbot.waitUntil(lambda: window.findChild(StepPanel) is not None)
    panel = window.findChild(StepPanel)
    if not window.session.runs[0].begun:
        assert panel.notes.text()
    window.session.edit(Experiment(experiment.problem, (), experiment.start))
    assert "no run" in panel.notes.text()
    assert panel.lines.rows == []


@pytest.mark.display
def test_that_a_large_array_is_reported_by_its_amounts_and_opens_as_a_table(look_into, qtbot):
    _, panel = look_into(on(problems.get("rosenbrock_nd", n=50), "bfgs", steps=30), 12)
    row = next(row for row in walk(panel) if row.name == "H" and row.of_rule and row.is_large)
    assert row.value.startswith("50 × 50: norm ")
    table = panel.show_table(row)
    model = table.view.model()
    assert (model.rowCount(), model.columnCount()) == (50, 50)
    table.view.selectRow(3)
    table.copy()
    copied = [float(part) for part in QGuiApplication.clipboard().text().split("\t")]
    assert np.array_equal(copied, row.amount[3])
    table.close()


@pytest.mark.display
def test_that_keys_beyond_the_lines_stay_with_the_window(look_into, qtbot):
    window, panel = look_into(on("rosenbrock", "adam", steps=30))
    window.session.reset()
    qtbot.waitUntil(lambda: not window.session.player.busy)
    panel.lines.setFocus()
    qtbot.keyClick(panel.lines, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: window.session.cursor.newest == 1)


@pytest.mark.parametrize("name", representatives(optimizers.names(), family))
def test_that_every_optimizer_can_be_looked_into(name):
    rule, reporter = optimizers.get(name), Reporter()
    for problem in ("rotated_quadratic", "linear_regression"):
        experiment = on(problem, name, steps=40)
        run = experiment.build(experiment.runs[0])
        run.advance(40)
        if not run.begun or rule.lacks(run.objective):
            continue
        for step in {1, 2, run.step // 2, run.step} & set(range(1, run.step + 1)):
            read = reporter.report(run, step)
            assert read.faults == []
            rows = [row for top in read.rows for row in top.walk()]
            moved = [row for row in rows if row.of_rule and row.leads is not None and row.is_point]
            assert np.array_equal(moved[-1].vector, run.trace.x[step]) or name == "asgd"


# Pinned values


@pytest.mark.display
def test_that_a_pinned_value_stays_as_an_arrow_wherever_the_cursor_goes(look_into, qtbot):
    window, panel = look_into(on("rosenbrock", "adam"), 20)
    session, trace = window.session, window.session.runs[0].trace
    panel.lines.choose(row_of(panel, "m"))
    panel.lines.setFocus()
    qtbot.keyClick(panel.lines, Qt.Key.Key_P)
    panel.pin(row_of(panel, "g"))
    assert [button.text() for button in panel.bar.buttons] == ["m  ✕", "g  ✕"]
    dock_of(window, "runs").raise_()
    qtbot.waitUntil(lambda: not panel.isVisible())
    for step in (33, 150):
        session.cursor.look_at(step)
        qtbot.waitUntil(
            lambda step=step: [a.at.tobytes() for a in session.arrows.shown] == [trace.x[step - 1].tobytes()] * 2
        )
        momentum, gradient = session.arrows.shown
        assert (momentum.label, gradient.label) == ("m", "g")
        assert np.array_equal(momentum.vector, trace.state["m"][step])
        assert np.array_equal(gradient.vector, trace.gradient[step - 1])
    panel.bar.true_length.click()
    qtbot.waitUntil(lambda: all(arrow.normalised for arrow in session.arrows.shown))
    panel.bar.buttons[0].click()
    panel.bar.buttons[0].click()
    qtbot.waitUntil(lambda: session.arrows.shown == ())


def test_that_pinned_values_are_curves_over_the_steps_equal_to_what_was_recorded(look_into, qtbot):
    window, panel = look_into(on("rosenbrock", "adam", steps=150), 20)
    run, plot = window.session.runs[0], window.history.plot
    panel.pin(row_of(panel, "m"))
    assert window.history.quantity.currentText() == "Pinned values"
    window.history.log_values.setChecked(False)
    curves = plot.drawing_of(run, 0)
    for component, series in enumerate(curves.series):
        steps, values = series.curve.getData()
        assert np.array_equal(steps, np.arange(151))
        assert np.array_equal(values, run.trace.state["m"][:, component])
    panel.pin(row_of(panel, "g"))  # not recorded under that name, so it is executed again
    name = "g[y]"
    qtbot.waitUntil(lambda: len(plot.drawing_of(run, 0).series) == 4)
    series = plot.drawing_of(run, 0).series[3]
    assert series.label.toPlainText() == name
    qtbot.waitUntil(lambda: len(series.curve.getData()[0]) == 150, timeout=10_000)
    steps, values = series.curve.getData()
    assert np.array_equal(values, run.trace.gradient[steps.astype(int) - 1, 1])


def test_that_a_line_that_is_pinned_and_looked_at_has_one_arrow(look_into, qtbot):
    window, panel = look_into(on("rosenbrock", "adam"), 30)
    row = row_of(panel, "m")
    panel.lines.choose(row)
    panel.pin(row)
    qtbot.waitUntil(lambda: "pins" in window.session.arrows._by_owner)
    assert [arrow.label for arrow in window.session.arrows.shown if arrow.label == "m"] == ["m"]


@pytest.mark.display
def test_that_pinned_curves_have_no_ring_at_nothing(look_into, qtbot):
    window, panel = look_into(on("rosenbrock", "adam"), 30)
    panel.pin(row_of(panel, "m"))
    window.history.quantity.setCurrentIndex(window.history.quantity.count() - 1)
    window.grab()
    assert not window.history.plot.drawing_of(window.session.runs[0], 0).ring.isVisible()


def test_that_a_number_is_pinned_as_a_curve_only(look_into, qtbot):
    window, panel = look_into(on("rosenbrock", "radam", steps=60), 20)
    panel.pin(row_of(panel, "rho"))
    run, plot = window.session.runs[0], window.history.plot
    (series,) = plot.drawing_of(run, 0).series
    assert series.label.toPlainText() == "ρ"
    qtbot.waitUntil(lambda: series.curve.getData()[0] is not None and len(series.curve.getData()[0]) == 60)
    panel.lines.choose(row_of(panel, "rho"))
    assert window.session.arrows.shown == ()


def test_that_a_long_curve_is_computed_at_a_thinned_set_of_steps():
    samples = Samples(["g"])
    wanted = samples.wanted(1_000_000)
    assert len(wanted) <= MAX_SAMPLES + 2
    assert {1, 1_000_000} <= set(wanted)
    samples.add({step: {"g": np.array([float(step), 0.0])} for step in wanted})
    assert samples.wanted(1_000_000) == []
    steps, values = samples.curve("g", 0)
    assert np.array_equal(steps, values)
    assert np.array_equal(samples.curve("g", None)[1], values)


def test_that_points_are_distinguished_from_directions():
    def walking(x, f, t, mean=0.0, m=0.0, *, learning_rate=rate(1e-3)):
        if t == 1:
            mean = x
        y = x - 0.5 * learning_rate * m
        g = f.gradient(y)
        m = 0.9 * m + 0.1 * g
        half = 0.5 * x + 0.5 * y  # noqa: F841 - the test is about its line
        gap = x - y  # noqa: F841
        x = x - learning_rate * m
        mean = mean + (x - mean) / max(2, t)
        return x, mean, m

    experiment = on("rosenbrock", optimizer("Walking")(walking), steps=20)
    run = experiment.build(experiment.runs[0])
    run.advance(20)
    rows = [row for top in Reporter().report(run, 12).rows for row in top.walk() if row.vector is not None]
    assert {row.name for row in rows if row.is_point} == {"x", "y", "half", "mean"}
    assert {row.name for row in rows if row.of_rule and not row.is_point} == {"g", "m", "gap"}


def test_that_a_run_and_its_branch_have_one_arrow_where_they_are_one(look_into, qtbot):
    window, panel = look_into(on("rosenbrock", "adam"), 30)
    panel.pin(row_of(panel, "m"))
    window.runs_panel.branch_run("adam")
    qtbot.waitUntil(lambda: not window.session.player.busy)
    window.session.cursor.look_at(20)
    start = window.session.runs[0].trace.x[19]

    def drawn():
        pinned = window.session.arrows._by_owner.get("pins", ())
        return [arrow for arrow in pinned if np.array_equal(arrow.at, start)]

    qtbot.waitUntil(lambda: bool(drawn()))
    assert len(drawn()) == 1
