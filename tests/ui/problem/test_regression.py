"""Regression in the window: the data beside the loss, tables of the user, scaling and batches."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from gdviewer import optimizers, problems
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.problems.made_data import GENERATORS
from gdviewer.problems.regression_problem import Regression
from gdviewer.ui.plots.data_plot import AGREEMENT, BOUNDARY, CURVE
from tests.kinds import representatives
from tests.ui.helpers import trigger

ENTRIES = [p.name for p in problems.catalogue().values() if isinstance(p, Regression)]
HOUSES = """size,rooms,city,price,sold
50,2,Rome,100,yes
80,3,Paris,180,no
120,5,Rome,260,yes
90,3,Oslo,190,no
60,2,Oslo,128,yes
"""


def entry_of(data):
    """The entry of the catalogue that has these samples."""
    return next(name for name in ENTRIES if data in problems.get(name).parameters["data"].words)


def fitted(open_window, problem, steps=50, **options):
    """A window whose runs on a problem have ended."""
    plans = tuple(
        RunPlan(optimizers.get(name), {"learning_rate": rate}, color=color)
        for color, (name, rate) in enumerate((("gradient_descent", 0.01), ("adam", 0.1)))
    )
    experiment = Experiment(problem, plans, tuple(problem.start.tolist()), Limits(max_steps=steps), **options)
    window = open_window(experiment)
    window.session.player.finish()
    return window


def curves(window):
    plot = window.beside.data.plot
    return [plot.drawing_of(run, plan.color).curve.getData()
            for run, plan in zip(window.session.runs, window.session.experiment.runs, strict=True)]  # fmt: skip


def choose(field, word):
    """Pick a word of a choice as a person does, which signals."""
    field.entry.setCurrentIndex(field.entry.findData(word))


def open_table(window, qtbot, tmp_path, text=HOUSES, name="houses.csv"):
    path = tmp_path / name
    path.write_text(text)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    before = window.session.experiment.problem
    action, button, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(400, 300), action, mime, button, none))
    entry = window.problem_panel.data
    qtbot.waitUntil(lambda: window.session.experiment.problem is not before or bool(entry.message.text()))
    return entry


def test_that_data_stand_beside_the_loss_only_where_there_are_some(window):
    assert not window.beside.data.isVisible()
    window.problem_panel.choose("linear_regression")
    assert window.beside.data.isVisible()
    assert window.beside.data.plot.width() > 200
    assert window.main_view.plot.width() > 200
    window.problem_panel.choose("sphere")
    assert not window.beside.data.isVisible()


def test_that_the_proportions_are_kept_while_another_problem_is_shown(window):
    window.problem_panel.choose("linear_regression")
    window.beside.arrange(0.7)
    shown = window.beside.sizes()
    window.problem_panel.choose("sphere")
    window.problem_panel.choose("linear_regression")
    assert window.beside.sizes() == shown
    trigger(window, "Reset layout")
    assert window.beside.sizes()[0] < shown[0]


@pytest.mark.parametrize("data", representatives(GENERATORS, entry_of))
def test_that_every_set_of_samples_is_drawn_with_a_fit_for_each_run(open_window, data):
    window = fitted(open_window, problems.get(entry_of(data), data=data))
    problem, plot = window.session.experiment.problem, window.beside.data.plot
    inputs = problem.data.inputs.shape[1]
    kind = CURVE if inputs == 1 else BOUNDARY if problem.data.classes else AGREEMENT
    drawn = [len(item.getData()[0]) for item in plot.points]
    assert sum(drawn) == (0 if kind == AGREEMENT else 50)
    if problem.data.classes:
        assert drawn[1] == problem.targets.sum()
    for run, plan in zip(window.session.runs, window.session.experiment.runs, strict=True):
        x = run.trace.x[-1]
        fit = plot.drawing_of(run, plan.color)
        if kind == CURVE:
            at, heights = fit.curve.getData()
            assert heights == pytest.approx(problem.predict(x, at[:, None]))
        elif kind == BOUNDARY:
            line = np.column_stack(fit.curve.getData())
            assert problem.predict(x, line) == pytest.approx([0.5, 0.5], abs=1e-9)
        else:
            actual, predicted = fit.points.getData()
            assert np.array_equal(actual, problem.targets)
            assert predicted == pytest.approx(problem.predict(x, problem.data.inputs))
    assert plot.getAxis("bottom").labelText
    assert plot.getAxis("left").labelText
    assert plot.shade.isVisible() == (kind == BOUNDARY)
    assert plot.diagonal.isVisible() == (kind == AGREEMENT)


def test_that_the_fit_the_model_and_the_loss_follow_the_cursor(open_window):
    window = fitted(open_window, problems.get("linear_regression", scaling="standardise"))
    session, view = window.session, window.beside.data
    problem, run = session.experiment.problem, session.runs[0]
    last = curves(window)[0][1].copy()
    assert view.model.text() == problem.model_text(run.trace.x[-1])
    session.cursor.look_at(3)
    assert not np.array_equal(curves(window)[0][1], last)
    assert view.model.text() == problem.model_text(run.trace.x[3])
    assert f"loss {run.trace.loss[3]:.6g}" in view.state.text()
    assert "standardised features" in view.state.text()
    assert "Features standardised: (x − " in view.state.toolTip()
    session.select(1)
    assert view.model.text() == problem.model_text(session.runs[1].trace.x[3])


def test_that_the_batch_of_the_step_at_the_cursor_is_ringed_and_the_epoch_reported(open_window):
    window = fitted(open_window, problems.get("linear_regression", batch_size=8), seed=3)
    session, plot = window.session, window.beside.data.plot
    problem = session.experiment.problem
    for step in (1, 7, 12):
        session.cursor.look_at(step)
        rows = problem.batch_rows(step, 3)
        x, y = plot.batch.getData()
        assert plot.batch.isVisible()
        assert np.array_equal(x, problem.data.inputs[rows, 0])
        assert np.array_equal(y, problem.data.targets[rows])
    assert "epoch 1.71" in window.beside.data.state.text()
    session.cursor.look_at(0)
    assert not plot.batch.isVisible()


def test_that_a_hidden_run_has_no_fit(open_window):
    window = fitted(open_window, problems.get("linear_regression"))
    plot, run = window.beside.data.plot, window.session.runs[0]
    assert plot.drawing_of(run, 0).curve.isVisible()
    window.runs_panel.toggle_visible()
    assert not plot.drawing_of(run, 0).curve.isVisible()


def test_that_a_diverging_run_is_drawn_without_complaint(open_window):
    problem = problems.get("polynomial_regression", scaling="none", degree=5)
    window = fitted(open_window, problem, steps=200)
    assert window.session.runs[0].stop.reason.value == "diverged"
    assert np.isfinite(curves(window)[0][1]).all()


@pytest.mark.display
def test_that_scaling_and_batches_are_controls_and_reported_in_words(window, qtbot):
    panel = window.problem_panel
    panel.choose("linear_regression")
    assert panel.data.notes.text() == "Features as they are, not scaled.\nEvery step sees all 50 rows."
    runs = window.session.experiment.runs
    choose(panel.fields["scaling"], "standardise")
    entry = panel.fields["batch_size"].entry
    entry.setFocus()
    entry.selectAll()
    qtbot.keyClicks(entry, "8")
    qtbot.keyClick(entry, Qt.Key.Key_Return)
    choose(panel.fields["data"], "outliers")
    problem = window.session.experiment.problem
    assert (problem.values["scaling"], problem.values["batch_size"], problem.values["data"]) == (
        "standardise", 8, "outliers",
    )  # fmt: skip
    assert "Features standardised" in panel.data.notes.text()
    assert "a batch of 8 of the 50 rows" in panel.data.notes.text()
    assert window.session.experiment.runs == runs
    assert panel.data.formula.text() == "f = mean (w₀ + w₁·x − y)²"
    assert not panel.formula.isVisible()
    assert all(window.main_view.plot.getAxis(side).labelText in ("w₀", "w₁") for side in ("bottom", "left"))


def test_that_a_start_is_kept_while_its_dimension_is(window):
    panel, session = window.problem_panel, window.session
    panel.choose("linear_regression")
    session.set_start((3.0, 1.0))
    choose(panel.fields["scaling"], "minmax")
    assert session.experiment.start == (3.0, 1.0)
    choose(panel.fields["data"], "three_features")
    assert session.experiment.start == (0.0,) * 4


def test_that_a_dropped_table_is_fitted_and_its_columns_are_chosen(window, qtbot, tmp_path):
    window.problem_panel.choose("linear_regression")
    entry = open_table(window, qtbot, tmp_path)
    problem = window.session.experiment.problem
    assert (problem.data.target_name, problem.data.input_names) == ("price", ("size", "rooms"))
    assert entry.origin.text() == "5 rows of houses.csv"
    assert "samples" not in window.problem_panel.fields
    item = entry.features.findItems("rooms", Qt.MatchFlag.MatchExactly)[0]
    item.setCheckState(Qt.CheckState.Unchecked)
    problem = window.session.experiment.problem
    assert problem.data.input_names == ("size",)
    assert problem.coefficients(problem.minima[0]) == pytest.approx(
        np.polyfit([50, 80, 120, 90, 60], [100, 180, 260, 190, 128], 1)[::-1]
    )
    assert window.beside.data.plot.getAxis("bottom").labelText == "size"
    entry.target.setCurrentText("rooms")
    assert window.session.experiment.problem.data.target_name == "rooms"


def test_that_a_table_stays_while_the_model_changes_and_can_be_left_and_come_back_to(window, qtbot, tmp_path):
    panel = window.problem_panel
    panel.choose("linear_regression")
    entry = open_table(window, qtbot, tmp_path)
    panel.choose("huber_regression")
    problem = window.session.experiment.problem
    assert (problem.name, problem.data.target_name, problem.has_generated_data) == ("huber_regression", "price", False)
    panel.choose("logistic_regression")
    problem = window.session.experiment.problem
    assert (problem.data.target_name, problem.data.classes) == ("sold", ("no", "yes"))
    entry.swap_button.click()
    assert window.session.experiment.problem.has_generated_data
    assert entry.swap_button.text() == "houses.csv"
    entry.swap_button.click()
    assert window.session.experiment.problem.data.target_name == "sold"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,2\n,4\n5,6\n", "column 'x' has no value in line 3"),
        ("x,y\n1,2\n3\n", "line 3 has 1 columns"),
        ("only\n1\n2\n", "houses.csv has 1 column"),
        ("a,b\nx,y\nz,w\n", "no column of numbers to predict"),
    ],
)
def test_that_what_is_wrong_with_a_table_is_reported_and_the_problem_stays(window, qtbot, tmp_path, text, message):
    window.problem_panel.choose("linear_regression")
    before = window.session.experiment.problem
    entry = open_table(window, qtbot, tmp_path, text)
    assert message in entry.message.text()
    assert entry.message.isVisible()
    assert window.session.experiment.problem is before


def test_that_a_target_of_text_is_reported_and_the_choice_stays_to_be_changed(window, qtbot, tmp_path):
    window.problem_panel.choose("linear_regression")
    entry = open_table(window, qtbot, tmp_path)
    entry.target.setCurrentText("city")
    assert "city is text with 3 values" in entry.message.text()
    assert entry.target.currentText() == "city"
    assert window.session.experiment.problem.data.target_name == "price"
    entry.target.setCurrentText("price")
    assert not entry.message.text()


def test_that_the_same_data_from_another_file_are_shown_as_that_file_s(window, qtbot, tmp_path):
    window.problem_panel.choose("linear_regression")
    entry = open_table(window, qtbot, tmp_path)
    (tmp_path / "copy.csv").write_text(HOUSES)
    entry.open_file(str(tmp_path / "copy.csv"))
    qtbot.waitUntil(lambda: "copy.csv" in entry.origin.text())


@pytest.mark.display
def test_that_a_degree_that_own_data_cannot_bear_is_reported(window, qtbot, tmp_path):
    window.problem_panel.choose("polynomial_regression")
    entry = open_table(window, qtbot, tmp_path, "x,y\n1e40,1\n2,2\n3,4\n5,5\n")
    panel = window.problem_panel
    panel.fields["degree"].entry.setFocus()
    panel.fields["degree"].entry.selectAll()
    qtbot.keyClicks(panel.fields["degree"].entry, "5")
    qtbot.keyClick(panel.fields["degree"].entry, Qt.Key.Key_Return)
    assert "x⁴ is too large" in entry.message.text()
    assert window.session.experiment.problem.values["degree"] == 3


def test_that_a_table_of_one_s_own_opens_as_samples_where_no_regression_is_shown(window, qtbot, tmp_path):
    open_table(window, qtbot, tmp_path, "1\n4\n2\n")
    assert window.session.experiment.problem.name == "samples"


def test_that_a_large_table_with_a_costly_loss_is_drawn_in_the_background(open_window, qtbot):
    window = open_window(Experiment(problems.get("logistic_regression", samples=3000), (), (0.0, 0.0)))
    plot = window.main_view.plot
    qtbot.waitUntil(lambda: plot.landscape is not None and plot.landscape.heights.shape[0] >= 64, timeout=20_000)
