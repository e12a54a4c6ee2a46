"""The six steps of a network's training in the panel *Step*."""

from __future__ import annotations

import numpy as np

from gdviewer import optimizers, problems
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.ui.inspector.cell import matrix_of
from gdviewer.ui.inspector.panel import StepPanel
from tests.ui.helpers import dock_of

RNG = np.random.default_rng(0)


def test_that_the_panel_follows_an_example_and_shows_the_parts(open_window, qtbot):
    problem = problems.get("network")
    plan = RunPlan(optimizers.get("adam"), {"learning_rate": 0.01})
    limits = Limits(tolerance=None, max_steps=20)
    window = open_window(Experiment(problem, (plan,), tuple(problem.start.tolist()), limits))
    window.session.player.finish()
    dock_of(window, "step").raise_()
    qtbot.waitUntil(lambda: bool(window.findChildren(StepPanel)))
    panel = window.findChildren(StepPanel)[0]
    qtbot.waitUntil(lambda: panel.report is not None and len(panel.lines.rows) == 6)
    assert panel.example.isVisible()
    assert panel.example.maximum() == 32
    panel.example.setValue(4)
    qtbot.waitUntil(lambda: "Followed here and in" in panel.notes.text())
    row = int(problem.batches.at(20, window.session.runs[0].seed)[3])
    assert f"row {row + 1:,} of the training data" in panel.notes.text()
    example = window.main_view.plot.example
    assert example.chosen == (row, "train")  # the pages show it, too
    example.choose(2, "test")  # until another is chosen there
    panel.hide()
    panel.show()
    qtbot.waitUntil(lambda: panel.report is not None)
    assert example.chosen == (2, "test")
    window.session.cursor.look_at(19)
    row = int(problem.batches.at(19, window.session.runs[0].seed)[3])
    qtbot.waitUntil(lambda: example.chosen == (row, "train"))
    shapes = next(row for top in panel.lines.rows for row in top.walk() if row.text == "input").amount.shape
    assert shapes == (2,)


def test_that_images_are_drawn_as_pictures_beside_each_other():
    image = np.arange(64.0).reshape(8, 8)
    assert np.array_equal(matrix_of(image[..., None]), image)  # as it is seen, not a column of its pixels
    channels = RNG.normal(size=(4, 4, 3))
    board = matrix_of(channels)
    assert np.array_equal(board[:, :4], channels[..., 0])
    assert np.isnan(board[:, 4]).all()
    assert np.array_equal(board[:, 5:9], channels[..., 1])
    batch = RNG.normal(size=(100, 8, 8, 1))
    assert np.array_equal(matrix_of(batch)[:8, 9:17], batch[1, :, :, 0])
    filters = RNG.normal(size=(3, 3, 1, 8))
    assert np.array_equal(matrix_of(filters, filters=True)[:3, 4:7], filters[:, :, 0, 1])
    assert np.array_equal(matrix_of(filters[:, :, 0, 0]), filters[:, :, 0, 0])
    assert matrix_of(RNG.normal(size=(1, 1, 1))).shape == (1, 1)
