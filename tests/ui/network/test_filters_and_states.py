"""Filters with their feature maps, and hidden states over time."""

from __future__ import annotations

import numpy as np
import pytest

from gdviewer import problems
from gdviewer.ui.network.filters_page import FiltersPage
from gdviewer.ui.network.states_page import StatesPage
from gdviewer.ui.network.tiles import colors_of
from gdviewer.ui.widgets.theme import THEMES


def settle(qtbot, page):
    qtbot.waitUntil(lambda: not page.computing, timeout=20_000)


def shown_titles(window):
    tabs = window.main_view.plot.inside
    return {tabs.tabText(i) for i in range(tabs.count()) if tabs.isTabVisible(i)}


@pytest.mark.display
def test_that_filters_and_feature_maps_are_those_of_the_network(open_inside, qtbot, reported_at):
    layers = "conv 4 3x3, maxpool 2, conv 6 2x2 tanh, flatten"
    window, page = open_inside(FiltersPage, "convolutional_network", steps=4, layers=layers)
    problem, run = window.session.experiment.problem, window.session.runs[0]
    for step, row in ((4, 0), (1, 5)):
        window.session.cursor.look_at(step)
        page.example.choose(row)
        settle(qtbot, page)
        x = run.point(step)
        activations = problem.activations(x, problem.train.inputs[row : row + 1])
        stages = [stage.name for stage in problem.architecture.stages]
        for name, number in (("conv 1", 1), ("maxpool 1", 2), ("conv 2", 4)):
            assert stages[number].endswith(name)
            maps = np.stack([tile.values for tile in page.filters.maps[name]], axis=-1)
            assert maps == pytest.approx(activations[number][0])
        for name in ("conv 1", "conv 2"):
            weights = np.stack([[t.values for t in tiles] for tiles in page.filters.filters[name]])
            assert np.array_equal(weights.transpose(2, 3, 1, 0), problem.parameters(x)[name]["W"])
    tile = page.filters.filters["conv 2"][3][1]
    weight = problem.parameters(x)["conv 2"]["W"][1, 0, 1, 3]
    assert f"conv 2 W[1, 0, 1, 3] = {weight:.4g}, gradient" in tile.text_at(tile.center_of(1, 0))
    tile = page.filters.maps["conv 1"][2]
    reported = reported_at(page, page.filters, tile.center_of(2, 3))
    assert reported == f"conv 1 filter 2 at [2, 3]: {tile.values[2, 3]:.4g}"


@pytest.mark.display
def test_that_hidden_states_are_those_of_elmans_recurrence(open_inside, qtbot, reported_at):
    window, page = open_inside(StatesPage, "recurrent_network", steps=4, layers="rnn 3 every, rnn 2 every")
    problem, run = window.session.experiment.problem, window.session.runs[0]
    window.session.cursor.look_at(2)
    page.example.choose(9, "test")
    settle(qtbot, page)
    x = run.point(2)
    inputs = problem.scaling.apply(problem.test.inputs[9:10])[0]
    for name in ("rnn 1", "rnn 2"):
        w = problem.parameters(x)[name]
        h, states = np.zeros(len(w["b"])), []
        for row in inputs:
            h = np.tanh(row @ w["W"] + h @ w["U"] + w["b"])
            states.append(h)
        inputs = np.array(states)
        block = next(block for block in page.states.blocks if block.title.startswith(name))
        assert block.values == pytest.approx(inputs.T)
    last = page.states.blocks[-1]
    assert last.values == pytest.approx(problem.predict(x, problem.test.inputs[9:10])[0].T)
    assert np.array_equal(last.marks, problem.test.targets[9])
    reported = reported_at(page, page.states, block.tile.center_of(1, 6))
    assert reported == f"rnn 2: hidden state: 1 at time step 7: {states[6][1]:.4g}"


@pytest.mark.parametrize(("data", "said"), [("parity", "with a probability of"), ("noisy_sine", "predicted: ")])
def test_that_states_of_a_layer_that_gives_only_the_last_are_shown_too(open_inside, data, said):
    window, page = open_inside(StatesPage, problems.get("network", data=data, layers="rnn 5"), steps=3)
    problem, x = window.session.experiment.problem, window.session.runs[0].point(3)
    states = page.states.blocks[1].values
    assert states.shape == (5, problem.train.inputs.shape[1])
    assert states[:, -1] == pytest.approx(problem.activations(x, problem.train.inputs[:1])[0][0])
    assert said in page.states._note


def test_that_pages_are_shown_for_the_networks_they_suit(open_inside):
    assert {"Filters"} <= shown_titles(open_inside(FiltersPage, "convolutional_network", steps=1)[0])
    shown = shown_titles(open_inside(StatesPage, "recurrent_network", steps=1)[0])
    assert "Filters" not in shown
    assert "Hidden state" in shown


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_that_signs_differ_in_colour_and_zero_is_the_ground(theme):
    low, zero, high, wrong = colors_of(np.array([-1.0, 0.0, 1.0, np.nan]), 1.0, theme)[:, :3].astype(int)
    background = [int(theme.plot[i : i + 2], 16) for i in (1, 3, 5)]
    assert np.abs(zero - background).max() <= 1
    assert high[2] - high[0] > 60  # blue
    assert low[0] - low[2] > 60  # orange
    assert np.abs(wrong - low).sum() > 40


@pytest.mark.display
@pytest.mark.parametrize("size", [1e200, 1e308])
def test_that_weights_of_any_size_are_shown(open_inside, qtbot, size):
    problem = problems.get("recurrent_network", layers="rnn 3 every, 4 relu")
    window, _ = open_inside(StatesPage, problem, steps=1)
    window.session.set_start(tuple((size * np.sign(problem.start)).tolist()))
    tabs = window.main_view.plot.inside
    qtbot.waitUntil(lambda: not window.session.player.busy, timeout=20_000)
    for i in (tabs.currentIndex(), 0, 1):
        tabs.setCurrentIndex(i)
        choice = getattr(tabs.page, "choice", None)
        for name in choice.buttons if choice else ("",):
            if choice:
                choice.buttons[name].click()
            tabs.page.renew()
            qtbot.waitUntil(lambda: tabs.page.isVisible() and not tabs.page.computing, timeout=20_000)
            assert not tabs.page.grab().isNull()
    assert np.abs(window.session.runs[0].point(0)).max() == size
    assert [len(strip.counts) for strip in tabs.page.ridges.strips] == [40, 40, 40]
    assert "The gradient is not finite" in tabs.page.words.text()
