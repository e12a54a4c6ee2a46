"""The code panel: an optimizer of one's own, typed, applied, and mended where it fails."""

from __future__ import annotations

from html import escape
from time import perf_counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QToolButton, QVBoxLayout, QWidget

from gdviewer import optimizers
from gdviewer.engine.run.stop import Reason
from gdviewer.experiment.user_rule import TEMPLATE, duplicate
from gdviewer.text import tr
from gdviewer.ui.code.code_editor import CodeEditor
from gdviewer.ui.session.session import Session
from gdviewer.ui.session.user_rules import PANEL, UserRules
from gdviewer.ui.widgets.keys import keys_by_tab

if TYPE_CHECKING:
    from gdviewer.ui.catalogue.choice_list import ChoiceList

_KEPT = "code"  # the text's name among the settings
_KEEP_MS = 500
_REFRESH_SECONDS = 0.2
_TEMPLATE = "template"
_SHOWN_LINES = 6


class CodePanel(QWidget):
    """An editor whose text becomes optimizers; what is wrong with it, and what it prints, is told below.

    The text is kept over a restart, and executed only when it is applied.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._own: UserRules = session.user_rules
        self._refreshed = 0.0
        self._printed = 0
        self._anew = False  # whether the text was begun anew since it was last applied
        self.starting: ChoiceList | None = None
        self.editor = CodeEditor()
        self.editor.setAccessibleName(tr("Code"))
        self.editor.setToolTip(tr("Your own optimizer, as Python. Ctrl+Enter applies it; Esc leaves the editor."))
        self.apply = QAction(tr("Apply"), self, triggered=self.apply_text)
        self.apply.setShortcuts([QKeySequence("Ctrl+Return"), QKeySequence("Ctrl+Enter")])
        self.apply.setToolTip(tr("Apply: put the rules of this text into the race (Ctrl+Enter)"))
        self.start_from = QAction(tr("Start from…"), self, triggered=self.choose_start)
        self.start_from.setToolTip(tr("Start from the source of an optimizer; Ctrl+Z brings your text back"))
        self.addAction(self.apply)
        buttons = QHBoxLayout(spacing=4)
        for action in (self.apply, self.start_from):
            button = QToolButton()
            button.setDefaultAction(action)
            keys_by_tab(button)
            buttons.addWidget(button)
        buttons.itemAt(0).widget().setObjectName("primary")
        self.state = QLabel()
        self.state.setProperty("role", "muted")
        buttons.addWidget(self.state, 1)
        self.message = QLabel(wordWrap=True, visible=False, textFormat=Qt.TextFormat.RichText)
        self.message.setProperty("role", "error")
        self.message.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
            | Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self.message.linkActivated.connect(lambda line: self.editor.go_to(int(line)))
        self.output = QPlainTextEdit(readOnly=True, visible=False)
        self.output.setAccessibleName(tr("Printed"))
        self.output.setToolTip(tr("What your code has printed: its last {n} lines", n=1000))
        self.output.setFont(self.editor.font())
        layout = QVBoxLayout(self, spacing=6)
        layout.addLayout(buttons)
        layout.addWidget(self.editor, 1)
        layout.addWidget(self.message)
        layout.addWidget(self.output)
        kept = str(QSettings().value(_KEPT, ""))
        self.editor.setPlainText(kept if kept.strip() else TEMPLATE)
        self._keep = QTimer(self, interval=_KEEP_MS, singleShot=True)
        self._keep.timeout.connect(self.keep)
        self.editor.textChanged.connect(self._edited)
        self._own.changed.connect(self.refresh)
        session.frame.connect(self._refresh_sometimes)
        session.runs_changed.connect(self.refresh)
        session.player.playing_changed.connect(self.refresh)
        self.refresh()

    @property
    def text(self) -> str:
        """The text in the editor."""
        return self.editor.toPlainText()

    def apply_text(self) -> None:
        """Execute the text, and put its rules into the race."""
        self.keep()
        self._own.apply(self.text, anew=self._anew)
        self._anew = False
        self.refresh()

    def keep(self) -> None:
        """Keep the text over a restart."""
        self._keep.stop()
        QSettings().setValue(_KEPT, self.text)

    def choose_start(self) -> None:
        """Open the list of what the text can start from."""
        from gdviewer.ui.catalogue.choice_list import ChoiceList, ListEntry
        from gdviewer.ui.catalogue.choices import optimizer_choices

        template = ListEntry(
            _TEMPLATE, tr("Template"), tr("Empty page"), tr("Gradient descent with momentum, explained.")
        )
        entries = [template, *optimizer_choices(self._session.experiment.problem)]
        self.starting = ChoiceList(entries, tr("Start from"), self, current="adam")
        self.starting.chosen.connect(self.start_with)
        self.starting.open_at(self)

    def start_with(self, name: str) -> None:
        """Put the template, or the source of an optimizer of the catalogue, in the place of the text."""
        if name == _TEMPLATE:
            text = TEMPLATE
        else:
            taken = {rule.name for rule in self._own.rules}
            number = next(n for n in range(2, 1000) if f"{name}_{n}" not in taken)
            text = duplicate(optimizers.get(name), number)
        self.editor.replace_text(text)
        self._anew = True
        self.editor.setFocus()

    def _edited(self) -> None:
        self._keep.start()
        self.refresh()

    def _refresh_sometimes(self) -> None:
        now = not self._session.player.playing or perf_counter() - self._refreshed > _REFRESH_SECONDS
        if self.isVisible() and now:
            self.refresh()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Tell again what has become of the text."""
        self._refreshed = perf_counter()
        line, told = self._trouble()
        source = self._own.sources.get(PANEL)
        tried = source is not None and source.text == self.text
        if source is not None and source.attempt:
            state = tr("reading …")
        elif tried and not source.error:
            racing = [rule for rule in source.rules if any(rule == run.optimizer for run in self._session.runs)]
            names = ", ".join(rule.title for rule in racing)
            state = tr("in the race: {names}", names=names) if racing else tr("applied, and in no run")
        else:
            state = tr("Ctrl+Enter applies it")
        if self.state.text() != state:
            self.state.setText(state)
        link = f'<a href="{line}">{escape(tr("Line {line}", line=line))}</a>: ' if line else ""
        text = link + escape(told).replace("\n", "<br>")
        if self.message.text() != text:
            self.message.setText(text)
            self.message.setVisible(bool(told))
        self.editor.mark(line if tried else None)
        self._show_printed()

    def _trouble(self) -> tuple[int | None, str]:
        """What is wrong with the text, or with a run of its rules, and at which line."""
        source = self._own.sources.get(PANEL)
        if source is None:
            return None, ""
        if source.error:
            kept = tr("The last version that worked stays in force.") if source.versions else ""
            return source.error.line, f"{source.error}.\n{kept}".strip()
        for run in self._session.runs:
            if run.optimizer not in source.rules:
                continue
            if run.stop and run.stop.reason is Reason.ERROR:
                location = run.stop.location
                files = [version.file for version in source.versions if run.optimizer in version.rules]
                inside = location if location and location.file in files else None
                told = tr("{title}, after step {step}", title=run.optimizer.title, step=f"{run.step:,}")
                return inside.line if inside else None, f"{told}: {run.stop.message}"
            if warning := self._own.warning(run):
                return None, f"{run.optimizer.title}: {warning}"
        return None, ""

    def _show_printed(self) -> None:
        printed = self._own.printed
        if printed.count == self._printed:
            return
        self._printed = printed.count
        self.output.setPlainText("\n".join(printed.lines()))
        self.output.verticalScrollBar().setValue(self.output.verticalScrollBar().maximum())
        self.output.setFixedHeight(_SHOWN_LINES * self.output.fontMetrics().lineSpacing() + 14)
        self.output.setVisible(bool(printed.count))
