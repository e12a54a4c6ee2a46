"""Weights, gradients and activations of each layer over the steps, and what is sick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout

from gdviewer.engine.run.run import Run
from gdviewer.inspection.distributions import ACTIVATIONS, GRADIENTS, WEIGHTS, DistributionHistory, KnownDistributions
from gdviewer.problems.networks.network import Network
from gdviewer.text import tr
from gdviewer.ui.network.choice_bar import ChoiceBar
from gdviewer.ui.network.distribution_plot import Ridges
from gdviewer.ui.network.page import Page
from gdviewer.ui.network.selected_example import SelectedExample
from gdviewer.ui.session.session import Session

_SECONDS = 0.03  # for one picture while the runs are played, and what is missing comes with the next
_AT_REST = 0.3
VANISHES, EXPLODES = 1e-2, 1e2  # of the gradient of the first layer against that of the last


class SpreadsPage(Page):
    """How the numbers of each layer are spread, step by step; and in words what keeps a network from learning."""

    title = tr("Weights")

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self._history: DistributionHistory | None = None
        self.choice = ChoiceBar(
            {
                WEIGHTS: (tr("Weights"), tr("The weights of each layer, but for the biases")),
                GRADIENTS: (
                    tr("Gradients"),
                    tr("The gradient by each weight, of the batch that the next step sees; but for the biases"),
                ),
                ACTIVATIONS: (
                    tr("Activations"),
                    tr("What comes out of each layer for up to 256 rows that it is trained on"),
                ),
            }
        )
        self.choice.changed.connect(self.renew)
        self.ridges = Ridges()
        self.ridges.hovered.connect(self.hovered)
        self.ridges.pointed.connect(session.cursor.look_at)
        self.words = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText, alignment=Qt.AlignmentFlag.AlignTop)
        self.words.setMinimumHeight(3 * self.words.fontMetrics().lineSpacing())
        scroll = QScrollArea(widgetResizable=True, horizontalScrollBarPolicy=Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.ridges)
        layout = QVBoxLayout(self, spacing=2)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.choice)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.words)

    def key(self) -> tuple[Any, ...]:
        return self.choice.chosen, self.run.step if self.run else 0, self.session.player.playing

    def computation(self, network: Network, run: Run, step: int) -> Callable[[], KnownDistributions]:
        if self._history is None or self._history.run is not run or self._history.network is not network:
            self._history = DistributionHistory(network, run)
        history, kind, rests = self._history, self.choice.chosen, not self.session.player.playing
        return lambda: history.known(kind, step, _AT_REST if rests else _SECONDS, fine=rests)

    def show_result(self, result: KnownDistributions) -> None:
        self.ridges.show_grown(result, self.session.cursor.is_live)
        self.words.setText("\n".join(findings(result)))
        if not result.complete:
            self._shown = ()  # there is more to come

    def restyle(self) -> None:
        self.ridges.arrange()


def findings(grown: KnownDistributions) -> list[str]:
    """What is to be said of a network, a sentence each; where nothing is wrong, that."""
    told = []
    rows = tr("all {n} examples") if grown.of_all else tr("{n} examples looked at")
    rows = rows.format(n=grown.examples)
    for layer in grown.health:
        if layer.dead:
            told.append(
                tr("{layer}: {n} of {all} units are dead: 0 for {rows}.", layer=layer.layer, n=layer.dead,
                   all=layer.units, rows=rows)
            )  # fmt: skip
        if layer.saturated:
            told.append(
                tr("{layer}: {n} of {all} units are saturated: flat for nine in ten of {rows}.", layer=layer.layer,
                   n=layer.saturated, all=layer.units, rows=rows)
            )  # fmt: skip
    if not told:
        told.append(tr("No unit is dead or saturated."))
    return [*told, *_gradient_words(grown.norms)]


def _gradient_words(norms: dict[str, float]) -> list[str]:
    """How the gradient of the first layer compares with that of the last, where there are two."""
    if not np.isfinite([*norms.values()]).all():
        return [tr("The gradient is not finite: a smaller learning rate, or clipping, may help.")]
    (first, size), (last, most) = next(iter(norms.items())), list(norms.items())[-1]
    if most == 0:
        return [tr("The gradient of {last} is zero but for its biases.", last=last)]
    if first == last:
        return []
    ratio = size / most
    means = tr("it neither vanishes nor explodes")
    if ratio < VANISHES:
        means = tr("it vanishes on the way back")
    elif ratio > EXPLODES:
        means = tr("it explodes on the way back")
    compared = tr("The gradient of {first} is {ratio} times that of {last} (root mean square): {means}.")
    return [compared.format(first=first, last=last, ratio=f"{ratio:.2g}", means=means)]
