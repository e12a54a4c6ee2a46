"""The one-page help and About."""

from __future__ import annotations

import sys

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QMessageBox, QTextBrowser, QVBoxLayout, QWidget

from gdviewer.text import tr
from gdviewer.version import __version__


def help_page(actions: list[QAction]) -> str:
    """The help as HTML; the table of shortcuts is made from the actions themselves."""
    rows = "".join(
        f"<tr><td><b>{action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)}</b>&nbsp;&nbsp;</td>"
        f"<td>{action.toolTip().rpartition(' (')[0] or action.toolTip()}</td></tr>"
        for action in actions
        if not action.shortcut().isEmpty()
    )
    paragraphs = [
        (
            tr("In a minute"),
            tr(
                "Press <b>Space</b>: the runs descend side by side from the same start. Press it again to pause, "
                "<b>←</b> and <b>→</b> to go back and forth in time, <b>R</b> to begin again. Everything can be "
                "changed while they run, and every edit undone."
            ),
        ),
        (
            tr("What to minimise"),
            tr(
                "On the left, choose a problem, type a formula of x and y over the one shown (other names become "
                "sliders, ∇f shows its exact gradient), or take samples: typed, pasted, opened, or dropped as a file. "
                "Regression fits a model to made samples or to a CSV, in batches and with scaled features if you like; "
                "the fit is drawn over the data. Problems of many dimensions are drawn on a plane: of two coordinates, "
                "or of the path's principal components; it says how much of the path lies in it. A hollow star is a "
                "minimum off the plane."
            ),
        ),
        (
            tr("Training a network"),
            tr(
                "Choose a neural network, and put it together on the left: its data, its layers (Alt+↑ and Alt+↓ move "
                "one, Delete removes it, Ctrl+Z takes back layers that do not fit), its loss and batches. The left "
                "tabs show what it does, the right ones what is inside, of the run whose colour the dot beside the "
                "tabs has. A click on a point, picture or row chooses the example that the others follow, one on the "
                "confusion matrix lists its rows, one on a curve over the epochs goes there in time. Blue is positive, "
                "orange negative. A unit is dead where it gives 0 for every row looked at, saturated where its slope "
                "is below 2 % for nine rows in ten. The loss and gradient of a step are those of its batch; Measures "
                "tells those of all rows."
            ),
        ),
        (
            tr("Sweeps"),
            tr(
                "<b>Sweep…</b> (Ctrl+E) varies one setting of the selected run over values and seeds: learning rate, "
                "batch size, scaling, initialisation. Lines are medians, bands quartiles, and the sentence below says "
                "in numbers what came of it. <b>Take this value</b> puts it into the experiment."
            ),
        ),
        (
            tr("Where to start"),
            tr("Click in the plot, drag the ring, or type the numbers. A run may have a start of its own."),
        ),
        (
            tr("How it moves"),
            tr(
                "On the right, <b>Add…</b> opens the list of optimizers with the lines of each rule: tick some, and "
                "Enter adds a run of each, with a learning rate found for it. Give it its hyperparameters: slide, or "
                "type the exact number. A change during a run holds from the next step and is marked in its trace. "
                "<b>Options</b> hold for any optimizer: weight decay in the loss, clipping, noise, and a schedule of "
                "the learning rate, which is one of the curves below."
            ),
        ),
        (
            tr("When it stops"),
            tr(
                "By the classic rule: when no component of the next move exceeds the tolerance. Or at the step limit, "
                "by a gradient or loss tolerance, or because it diverged or left the domain. The right side says why, "
                "and what to do."
            ),
        ),
        (
            tr("What you see"),
            tr(
                "Heat and contour lines are the loss, stars its known minima, the dot where the run is. Wheel and drag "
                "zoom and move; Ctrl+0 shows all. Below: loss, norm of the gradient, learning rate, components or "
                "pinned values over the steps, with a triangle where a hyperparameter was moved."
            ),
        ),
        (
            tr("Back and forth in time"),
            tr(
                "The bar at the bottom is the timeline: drag it, type the number of a step, click a path or a curve. "
                "What comes after the step looked at is drawn pale. Looking back changes nothing; Run goes on from the "
                "newest step. Marks: ■ a run has ended, ▲ a hyperparameter was moved, ● a breakpoint was hit, red "
                "lines: the loss rose."
            ),
        ),
        (
            tr("Inside the step"),
            tr(
                "<b>Step</b> shows the lines of the rule as they ran, each with its numbers and its value; a triangle "
                "opens what a line called: the formula's gradient, a line search. ↑ and ↓ go from line to line, and "
                "the plot shows what the line made as an arrow; P pins it, to stay as an arrow and as a curve. A "
                "hollow triangle marks what changed most since the step before. Of a network it tells the six steps of "
                "training; a number in <b>example</b> follows one example of the batch through all of them."
            ),
        ),
        (
            tr("Where it is, and why"),
            tr(
                "<b>Here</b> tells what kind of point the run is at, how the loss curves there (λ₁ is the largest "
                "eigenvalue of the Hessian, bars are by powers of ten), whether the learning rate is too large for "
                "that, and shows the loss along the step: α = 0 is where it began, α = 1 where it landed."
            ),
        ),
        (
            tr("Breakpoints"),
            tr(
                "Tick what is to pause the runs, or write a condition of your own: <code>loss &gt; 2*previous.loss"
                "</code>, <code>norm(m) &gt; 1 and t &gt; 10</code>. It knows t, loss, x, gradient, move, "
                "learning_rate, what the rule carries and its hyperparameters, and all of these in the step before."
            ),
        ),
        (
            tr("Another future"),
            tr(
                "<b>Ctrl+B</b> continues the selected run from the step looked at as a run of its own: move its "
                "hyperparameters or take another optimizer; Reset takes it back to where it left. With <b>What if</b> "
                "(W) on, an edit recomputes the whole run while you drag; the path before stays as a pale ghost."
            ),
        ),
        (
            tr("A rule of your own"),
            tr(
                "<b>Code</b> opens on a rule to change; Ctrl+Enter applies it, Esc leaves the editor. It joins the "
                "race and is stepped through like any other. Start from… copies a built-in one; File, Open optimizer… "
                "takes a file, and takes it up anew when it is saved. Draw random numbers from f.rng, so that a step "
                "can be executed again."
            ),
        ),
    ]
    body = "".join(f"<h3>{title}</h3><p>{text}</p>" for title, text in paragraphs)
    return f"{body}<h3>{tr('Keys')}</h3><table>{rows}</table>"


class HelpDialog(QDialog):
    """F1: one page."""

    def __init__(self, actions: list[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("gdviewer: help"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.page = QTextBrowser(openExternalLinks=True)
        self.page.setHtml(help_page(actions))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.addWidget(self.page)
        layout.addWidget(buttons)
        self.resize(620, 640)


def about(parent: QWidget) -> QMessageBox:
    """The About box, opened."""
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle(tr("About gdviewer"))
    box.setText(f"<b>gdviewer {__version__}</b>")
    versions = f"Python {sys.version.split()[0]}, NumPy {np.__version__}, Qt {qVersion()}, pyqtgraph {pg.__version__}"
    words = tr("A debugger for optimizers: see how gradient descent and its relatives move. MIT licence.")
    box.setInformativeText(f"{words}\n\n{versions}")
    box.setStandardButtons(QMessageBox.StandardButton.Ok)
    box.open()
    return box
