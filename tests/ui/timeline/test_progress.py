"""Epochs as limits, the progress of training, and its speed."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.ui.helpers import type_into


@pytest.mark.display
def test_that_epochs_and_max_steps_are_one_limit(window, qtbot):
    panel = window.limits_panel
    assert not panel.epochs.isVisible()
    window.problem_panel.choose("network")  # 10 batches an epoch
    assert panel.epochs.isVisible()
    assert panel.epochs.value == 100
    type_into(qtbot, panel.epochs.entry, "7")
    assert window.session.experiment.limits.max_steps == 70
    assert panel.fields["max_steps"].value == 70
    type_into(qtbot, panel.fields["max_steps"].entry, "25")
    assert panel.epochs.value == 2.5
    window.problem_panel.choose("sphere")
    assert not panel.epochs.isVisible()


@pytest.mark.display
def test_that_the_epochs_follow_the_size_of_the_batches(window, qtbot):
    window.problem_panel.choose("network")
    type_into(qtbot, window.problem_panel.fields["batch_size"].entry, "16")
    assert window.session.experiment.limits.max_steps == 1000
    assert window.limits_panel.epochs.value == 50


@pytest.mark.display
def test_that_a_regression_has_epochs_where_it_has_batches(window, qtbot):
    window.problem_panel.choose("linear_regression")
    assert not window.limits_panel.epochs.isVisible()
    assert not window.progress.isVisible()
    type_into(qtbot, window.problem_panel.fields["batch_size"].entry, "10")
    assert window.limits_panel.epochs.value == 200
    assert window.progress.epoch.text() == "epoch 0.0 of 200"


def test_that_progress_shows_epoch_time_left_and_examples_without_moving(window, qtbot):
    window.problem_panel.choose("network")
    session, progress = window.session, window.progress
    session.edit(replace(session.experiment, limits=replace(session.experiment.limits, max_steps=10_000_000)))
    before = progress.geometry()
    session.player.play()
    qtbot.waitUntil(lambda: bool(progress.pace.text()), timeout=10_000)
    assert re.fullmatch(r"epoch [\d,]+\.\d of 1,000,000", progress.epoch.text())
    assert re.fullmatch(r"[\d:]+ (s|min|h) left", progress.left.text())
    reported = float(progress.pace.text().removesuffix(" examples/s").replace(",", ""))
    assert reported > 320
    assert progress.geometry() == before
    session.player.pause()
    qtbot.waitUntil(lambda: not session.player.busy)
    session.frame.emit()
    assert progress.epoch.text() == f"epoch {session.cursor.newest / 10:,.1f} of 1,000,000"
    assert (progress.left.text(), progress.pace.text()) == ("", "")


def test_that_progress_is_hidden_where_there_are_no_epochs(window):
    assert not window.progress.isVisible()
    window.problem_panel.choose("xor_network")
    assert window.progress.isVisible()
    assert 0 < window.progress.bar.height() <= 8
    window.session.player.finish()
    assert window.progress.bar.share == 1
    window.problem_panel.choose("sphere")
    assert not window.progress.isVisible()


def test_that_networks_are_trained_as_fast_as_it_goes_and_other_speeds_come_back(window):
    timeline, pace = window.timeline, window.session.player.pace
    timeline.speed.setValue(20)
    slow = pace.speed
    window.problem_panel.choose("network")
    assert pace.speed == float("inf")
    assert timeline.speed_text.text() == "full speed"
    window.problem_panel.choose("digits_network")
    timeline.speed.setValue(50)  # a speed chosen for networks stays while these are trained
    window.problem_panel.choose("xor_network")
    assert timeline.speed.value() == 50
    window.problem_panel.choose("sphere")
    assert pace.speed == slow
