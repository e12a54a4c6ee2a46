"""A new kind of layer is one class in one file: it is read, trained, built, drawn and inspected from then on."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits
from gdviewer.inspection.step_report import Reporter
from gdviewer.problems.networks import layers
from gdviewer.problems.networks.layer import LayerShapeError
from gdviewer.problems.networks.notation import layers_of, text_of
from gdviewer.problems.problem import central_difference
from gdviewer.ui.network.diagram_page import DiagramPage
from gdviewer.ui.network.filters_page import FiltersPage

FILE = """
from dataclasses import dataclass, field

from gdviewer.problems.networks.layer import Layer, Weight, entry


@dataclass(frozen=True)
class Scaling(Layer):
    title = "Scaling"
    word = "scale"
    example = "scale 2"
    meaning = "Multiplies each unit by a number of its own."

    start: float = field(default=1.0, metadata=entry("start", "Where the numbers begin.", low=0, high=10))

    @classmethod
    def read(cls, words):
        return cls(float(words.pop(0)))

    def __str__(self):
        return f"scale {self.start:g}"

    def weights(self, shape):
        return {"s": Weight((shape[-1],), start=self.start, title="scale")}

    def forward(self, a, w):
        (s,) = w
        return a * s, a

    def backward(self, delta, w, kept, gradient, first):
        (s,) = w
        (s_gradient,) = gradient
        s_gradient[...] = (delta * kept).reshape(-1, len(s)).sum(axis=0)
        return delta * s
"""


@pytest.fixture(autouse=True)
def scaling(tmp_path, monkeypatch):
    """A file beside those of the other layers."""
    (tmp_path / "scaling.py").write_text(FILE)
    monkeypatch.setattr(layers, "__path__", [*layers.__path__, str(tmp_path)])
    layers.catalogue.cache_clear()
    yield layers.catalogue()["scale"]
    layers.catalogue.cache_clear()
    sys.modules.pop("gdviewer.problems.networks.layers.scaling", None)
    vars(layers).pop("scaling", None)


def test_that_it_is_read_and_written(scaling):
    assert layers_of("8, Scale 2")[1] == scaling(2.0)
    assert text_of(layers_of("8, scale 2")) == "8, scale 2"
    with pytest.raises(LayerShapeError, match="did you mean 'scale'"):
        layers_of("scal 2")
    with pytest.raises(LayerShapeError, match="write it as scale 2"):
        layers_of("scale")


@pytest.mark.parametrize(
    ("name", "text"),
    [("network", "8, scale 2"), ("convolutional_network", "conv 4 3x3, scale 2, flatten"),
     ("recurrent_network", "scale 2, rnn 4 every")],
)  # fmt: skip
def test_that_it_is_trained(name, text):
    network = problems.get(name, layers=text, activation="tanh", batch_size=0)  # without kinks
    s = network.parameters(network.start)["scale 1"]["s"]
    assert set(s) == {2.0}
    some = network.of_rows(range(20))
    assert some.gradient(network.start) == pytest.approx(central_difference(some.value, network.start), abs=1e-7)
    run = Run(network, optimizers.get("adam"), network.start, {"learning_rate": 0.01}, Limits(None, 20))
    run.advance(20)
    assert run.trace.loss[-1] < run.trace.loss[0]
    assert (network.parameters(run.point(20))["scale 1"]["s"] != s).all()


def test_that_the_builder_offers_it_and_its_fields(open_inside):
    window, _ = open_inside(DiagramPage, steps=1)
    panel = window.problem_panel
    panel.builder.setCurrentIndex(1)
    builder = panel.builder.layers
    assert "scale 2" in builder.entry.toolTip()
    builder.tree.setCurrentItem(builder.tree.topLevelItem(0))
    action = next(a for a in builder.add_button.menu().actions() if a.text() == "Scaling")
    assert action.toolTip() == "Multiplies each unit by a number of its own."
    action.trigger()
    assert window.session.experiment.problem.values["layers"] == "8, scale 1, 8"
    assert [builder.tree.topLevelItem(1).text(column) for column in range(3)] == ["Scaling 1", "8", "8"]
    field = builder.fields.fields["start"]
    assert (field.minimum(), field.maximum(), field.accessibleName()) == (0, 10, "start")
    field.setValue(3.0)
    assert window.session.experiment.problem.values["layers"] == "8, scale 3, 8"


def test_that_the_diagram_draws_it_unit_by_unit(open_inside):
    window, page = open_inside(DiagramPage, layers="8, scale 2", steps=3)
    layout = page.diagram.layout_
    column = layout.columns[2]
    assert column.part.title == "scale 1: scale 2, output 8"
    problem, x = window.session.experiment.problem, window.session.runs[0].point(3)
    s = problem.parameters(x)["scale 1"]["s"]
    before, after = layout.columns[1].nodes, column.nodes
    assert [f"scale {value:.4g}, gradient" in node.text for value, node in zip(s, after, strict=True)] == [True] * 8
    ends = [(a.rect.center().y(), b.rect.center().y()) for a, b in zip(before, after, strict=True)]
    assert [(y0, y1) for _, y0, _, y1 in layout.links] == ends
    assert len(layout.lines) == 2  # of the two dense layers


@pytest.mark.display
def test_that_every_page_on_what_is_inside_shows_it(open_inside, qtbot):
    window, page = open_inside(FiltersPage, "convolutional_network", layers="conv 4 3x3, scale 2, flatten, 5", steps=3)
    assert len(page.filters.maps["scale 1"]) == 4
    assert list(page.filters.filters) == ["conv 1"]
    tabs = window.main_view.plot.inside
    for i in filter(tabs.isTabVisible, range(tabs.count())):
        tabs.setCurrentIndex(i)
        qtbot.waitUntil(lambda: tabs.page.isVisible() and not tabs.page.computing, timeout=20_000)
        assert not tabs.page.grab().isNull()
    weights = next(page for page in tabs.opened if page.title == "Weights")
    assert [strip.layer for strip in weights.ridges.strips] == ["conv 1", "scale 1", "dense 1", "dense 2"]


def test_that_the_step_inspector_follows_an_example_through_it():
    network = problems.get("network", layers="8, scale 2", batch_size=8)  # as many units as rows
    run = Run(network, optimizers.get("adam"), network.start, {}, Limits(None, 5))
    run.advance(5)
    report = Reporter().report(run, 3, example=2)
    assert not report.faults
    rows = [row for top in report.rows for row in top.walk()]
    s = network.parameters(run.point(2))["scale 1"]["s"]
    lines = [row.executed for row in rows if row.executed and "s" in row.executed.writes]
    assert lines
    assert all(np.array_equal(line.writes["s"], s) for line in lines)
    assert next(row for row in rows if row.text == "scale 1").amount.shape == (8,)
