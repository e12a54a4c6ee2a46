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
    """Return the help as HTML; the table of keys is made from the actions."""
    rows = "".join(
        f"<tr><td><b>{action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)}</b>&nbsp;&nbsp;</td>"
        f"<td>{action.toolTip().rpartition(' (')[0] or action.toolTip()}</td></tr>"
        for action in actions
        if not action.shortcut().isEmpty()
    )
    paragraphs = [
        (
            tr("First steps"),
            tr(
                "Press <b>Space</b>: the runs descend from the same start. Press it again to pause, <b>←</b> and "
                "<b>→</b> to step back and forward, <b>R</b> to restart. Everything can be changed while they run, and "
                "every edit can be undone."
            ),
        ),
        (
            tr("Choose a problem"),
            tr(
                "On the left, choose a problem, type a formula of x and y over the one shown (other names become "
                "sliders, ∇f shows its exact gradient), or use samples: typed, pasted, opened, or dropped as a file. "
                "A regression fits a model to generated samples or to a CSV file, with batches and scaled features if "
                "you like; the fit is drawn over the data. Problems of many dimensions are drawn on a plane: of two "
                "coordinates, or of the principal components of the path. The bar above shows how much of the path "
                "lies in the plane. A hollow star is a minimum outside the plane."
            ),
        ),
        (
            tr("Train a network"),
            tr(
                "Choose a neural network and build it on the left: data, layers (Alt+↑ and Alt+↓ move a layer, Delete "
                "removes it, Ctrl+Z undoes layers that do not fit), loss and batches. The left tabs show its results, "
                "the right tabs its inside, for the run whose colour the dot beside the tabs has. A click on a point, "
                "picture or row selects the example that the other pages show; a click on the confusion matrix lists "
                "its rows; a click on a curve over the epochs moves the cursor there. Blue is positive, orange "
                "negative. A unit is dead if it is 0 for every row, and saturated if its slope is below 2 % for nine "
                "rows in ten. The loss and gradient of a step are those of its batch; Measures shows those of all rows."
            ),
        ),
        (
            tr("Sweeps"),
            tr(
                "<b>Sweep…</b> (Ctrl+E) runs the selected run with many values of one setting and several seeds: "
                "learning rate, batch size, scaling, initialisation. Lines are medians, bands quartiles; the sentence "
                "below gives the result in numbers. <b>Take this value</b> puts a value into the experiment."
            ),
        ),
        (
            tr("Set the start"),
            tr("Click in the plot, drag the ring, or type the numbers. A run can have its own start."),
        ),
        (
            tr("Choose optimizers"),
            tr(
                "On the right, <b>Add…</b> opens the list of optimizers with the lines of each rule: tick some, and "
                "Enter adds a run of each, with a suitable learning rate. Set the hyperparameters with the sliders, or "
                "type exact numbers. A change during a run applies from the next step and is marked in its trace. "
                "<b>Options</b> apply to any optimizer: weight decay in the loss, clipping, noise, and a schedule of "
                "the learning rate, which is one of the curves below."
            ),
        ),
        (
            tr("Stop reasons"),
            tr(
                "By the classic rule, a run stops when no component of the next move exceeds the tolerance. Other "
                "reasons are the step limit, a gradient or loss tolerance, divergence, or a point outside the domain. "
                "The panel on the right gives the reason and a remedy."
            ),
        ),
        (
            tr("The plots"),
            tr(
                "Colours and contour lines show the loss, stars its known minima, the dot the point of the run. The "
                "wheel zooms, dragging moves the view, Ctrl+0 shows all. Below: loss, norm of the gradient, learning "
                "rate, components or pinned values over the steps, with a triangle where a hyperparameter was changed."
            ),
        ),
        (
            tr("Go back in time"),
            tr(
                "The bar at the bottom is the timeline: drag it, type the number of a step, or click a path or a "
                "curve. Later steps are drawn pale. Going back changes nothing; Run continues from the newest step. "
                "Marks: ■ a run has ended, ▲ a hyperparameter was changed, ● a breakpoint was hit, red lines: the loss "
                "rose."
            ),
        ),
        (
            tr("Inside a step"),
            tr(
                "<b>Step</b> shows the lines of the rule as they were executed, each with its numbers and its value; a "
                "triangle opens what a line called: the gradient of the formula, a line search. ↑ and ↓ go from line "
                "to line, and the plot shows the value of the line as an arrow; P pins it as an arrow and as a curve. "
                "A hollow triangle marks the value that changed most since the step before. For a network it shows the "
                "six steps of training; a number in <b>example</b> follows one example of the batch through all of "
                "them."
            ),
        ),
        (
            tr("Curvature"),
            tr(
                "<b>Curvature</b> shows the kind of point, the curvature of the loss (λ₁ is the largest eigenvalue of "
                "the Hessian, bars are by powers of ten), whether the learning rate is too large for it, and the loss "
                "along the step: α = 0 is the point before the step, α = 1 the point after it."
            ),
        ),
        (
            tr("Breakpoints"),
            tr(
                "Tick the events that pause the runs, or write a condition: <code>loss &gt; 2*previous.loss"
                "</code>, <code>norm(m) &gt; 1 and t &gt; 10</code>. A condition can use t, loss, x, gradient, move, "
                "learning_rate, the state of the rule and its hyperparameters, and all of these in the step before."
            ),
        ),
        (
            tr("Branches and What if"),
            tr(
                "<b>Ctrl+B</b> continues the selected run from the step at the cursor as a new run: change its "
                "hyperparameters or choose another optimizer; Reset takes it back to that step. With <b>What if</b> "
                "(W) on, an edit recomputes the whole run while you drag; the previous path stays as a pale ghost."
            ),
        ),
        (
            tr("Write an optimizer"),
            tr(
                "<b>Code</b> opens with a rule to change; Ctrl+Enter applies it, Esc leaves the editor. It is added to "
                "the runs and is stepped like any other optimizer. Start from… copies a built-in one; File, Open "
                "optimizer… reads a file, and reads it again when it is saved. Draw random numbers from f.rng, so that "
                "a step can be executed again."
            ),
        ),
    ]
    body = "".join(f"<h3>{title}</h3><p>{text}</p>" for title, text in paragraphs)
    return f"{body}<h3>{tr('Keys')}</h3><table>{rows}</table>"


class HelpDialog(QDialog):
    """The dialog with the help page."""

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
    """Open the About box and return it."""
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
