"""The page with the distributions of weights, gradients and activations of each layer, and a diagnosis."""

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
from gdviewer.ui.network.distribution_plot import DistributionPlot
from gdviewer.ui.network.page import Page
from gdviewer.ui.network.selected_example import SelectedExample
from gdviewer.ui.session.session import Session

_SECONDS = 0.03  # of computation for a picture while the runs are played; the next picture continues
_SECONDS_AT_REST = 0.3
VANISHES, EXPLODES = 1e-2, 1e2  # limits for the ratio of the gradients of the first and the last layer


class DistributionsPage(Page):
    """The distribution of the numbers of each layer over the steps, and sentences on the health of the network."""

    title = tr("Weights")

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self._history: DistributionHistory | None = None
        self.choice = ChoiceBar(
            {
                WEIGHTS: (tr("Weights"), tr("The weights of each layer without the biases")),
                GRADIENTS: (
                    tr("Gradients"),
                    tr("The gradient with respect to the weights without the biases, for the batch of the next step"),
                ),
                ACTIVATIONS: (
                    tr("Activations"),
                    tr("The output of each layer for up to 256 rows of the training data"),
                ),
            }
        )
        self.choice.changed.connect(self.renew)
        self.ridges = DistributionPlot()
        self.ridges.hovered.connect(self.hovered)
        self.ridges.pointed.connect(session.cursor.look_at)
        self.words = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText, alignment=Qt.AlignmentFlag.AlignTop)
        self.words.setMinimumHeight(3 * self.words.fontMetrics().lineSpacing())
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.ridges)
        layout = QVBoxLayout(self)
        layout.setSpacing(2)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.choice)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.words)

    def key(self) -> tuple[Any, ...]:
        return self.choice.chosen, self.run.step if self.run else 0, self.session.player.playing

    def computation(self, network: Network, run: Run, step: int) -> Callable[[], KnownDistributions]:
        if self._history is None or self._history.run is not run or self._history.network is not network:
            self._history = DistributionHistory(network, run)
        history, kind, at_rest = self._history, self.choice.chosen, not self.session.player.playing
        return lambda: history.known(kind, step, _SECONDS_AT_REST if at_rest else _SECONDS, fine=at_rest)

    def show_result(self, result: KnownDistributions) -> None:
        self.ridges.show_distributions(result, self.session.cursor.is_live)
        self.words.setText("\n".join(findings(result)))
        if not result.complete:
            self._shown = ()  # so that the next picture computes the missing steps

    def restyle(self) -> None:
        self.ridges.arrange()


def findings(known: KnownDistributions) -> list[str]:
    """Return sentences on dead and saturated units and on the gradient; also if there is no problem."""
    texts = []
    rows = tr("all {n} examples") if known.of_all else tr("{n} sampled examples")
    rows = rows.format(n=known.examples)
    for layer in known.health:
        if layer.dead:
            texts.append(
                tr("{layer}: {n} of {all} units are dead: 0 for {rows}.", layer=layer.layer, n=layer.dead,
                   all=layer.units, rows=rows)
            )  # fmt: skip
        if layer.saturated:
            texts.append(
                tr("{layer}: {n} of {all} units are saturated: flat for at least 90 % of {rows}.", layer=layer.layer,
                   n=layer.saturated, all=layer.units, rows=rows)
            )  # fmt: skip
    if not texts:
        texts.append(tr("No unit is dead or saturated."))
    return [*texts, *_gradient_findings(known.norms)]


def _gradient_findings(norms: dict[str, float]) -> list[str]:
    """Return a sentence that compares the gradients of the first and the last layer; none for a single layer."""
    if not np.isfinite([*norms.values()]).all():
        return [tr("The gradient is not finite. Try a smaller learning rate or gradient clipping.")]
    (first, first_norm), (last, last_norm) = next(iter(norms.items())), list(norms.items())[-1]
    if last_norm == 0:
        return [tr("The gradient of {last} without its biases is zero.", last=last)]
    if first == last:
        return []
    ratio = first_norm / last_norm
    conclusion = tr("it neither vanishes nor explodes")
    if ratio < VANISHES:
        conclusion = tr("it vanishes in the backward pass")
    elif ratio > EXPLODES:
        conclusion = tr("it explodes in the backward pass")
    text = tr("The gradient of {first} is {ratio} times that of {last} (root mean square): {conclusion}.")
    return [text.format(first=first, last=last, ratio=f"{ratio:.2g}", conclusion=conclusion)]
