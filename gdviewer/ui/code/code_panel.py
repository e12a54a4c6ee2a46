"""The code panel: the source of a user rule, which is edited and applied."""

from __future__ import annotations

from html import escape
from time import perf_counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtGui import QAction, QKeySequence, QShowEvent
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

_SETTING = "code"  # the name of the text in the settings
_SAVE_MS = 500
_REFRESH_SECONDS = 0.2
_TEMPLATE = "template"
_OUTPUT_LINES = 6


class CodePanel(QWidget):
    """An editor of user rules, with their errors and their printed output below.

    The text is saved in the settings. It is executed only when it is applied.

    Attributes:
        editor: the editor; message: the error of the text or of a run; output: the printed output.
        state: a label with the state of the text.
        apply, start_from: the actions; starting: the last opened list of sources.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._rules: UserRules = session.user_rules
        self._refreshed = 0.0
        self._lines_shown = 0
        self._is_new = False  # True if the text was replaced since it was last applied
        self.starting: ChoiceList | None = None
        self.editor = CodeEditor()
        self.editor.setAccessibleName(tr("Code"))
        self.editor.setToolTip(tr("Your own optimizer, as Python. Ctrl+Enter applies it; Esc leaves the editor."))
        self.apply = QAction(tr("Apply"), self)
        self.apply.triggered.connect(lambda: self.apply_text())
        self.apply.setShortcuts([QKeySequence("Ctrl+Return"), QKeySequence("Ctrl+Enter")])
        self.apply.setToolTip(tr("Apply: add runs of the rules of this text (Ctrl+Enter)"))
        self.start_from = QAction(tr("Start from…"), self)
        self.start_from.triggered.connect(lambda: self.choose_start())
        self.start_from.setToolTip(tr("Start from the source of an optimizer; Ctrl+Z restores your text"))
        self.addAction(self.apply)
        self.state = QLabel()
        self.state.setProperty("role", "muted")
        self.message = QLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
        self.message.hide()
        self.message.setProperty("role", "error")
        self.message.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
            | Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self.message.linkActivated.connect(lambda line: self.editor.go_to(int(line)))
        self.output = QPlainTextEdit(readOnly=True)
        self.output.hide()
        self.output.setAccessibleName(tr("Printed output"))
        self.output.setToolTip(tr("The printed output of your code: the last {n} lines", n=1000))
        self.output.setFont(self.editor.font())
        self._lay_out()
        saved = str(QSettings().value(_SETTING, ""))
        self.editor.setPlainText(saved if saved.strip() else TEMPLATE)
        self._save_timer = QTimer(self, interval=_SAVE_MS, singleShot=True)
        self._save_timer.timeout.connect(self.save)
        self.editor.textChanged.connect(self._edited)
        self._rules.changed.connect(self.refresh)
        session.frame.connect(self._refresh_sometimes)
        session.runs_changed.connect(self.refresh)
        session.player.playing_changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(4)
        for action in (self.apply, self.start_from):
            button = QToolButton()
            button.setDefaultAction(action)
            keys_by_tab(button)
            line.addWidget(button)
            if action is self.apply:
                button.setObjectName("primary")
        line.addWidget(self.state, 1)
        layout = QVBoxLayout(self)
        layout.setSpacing(6)
        layout.addLayout(line)
        layout.addWidget(self.editor, 1)
        layout.addWidget(self.message)
        layout.addWidget(self.output)

    @property
    def text(self) -> str:
        """The text in the editor."""
        return self.editor.toPlainText()

    def apply_text(self) -> None:
        """Execute the text and add runs of its rules."""
        self.save()
        self._rules.apply(self.text, is_new=self._is_new)
        self._is_new = False
        self.refresh()

    def save(self) -> None:
        """Save the text in the settings."""
        self._save_timer.stop()
        QSettings().setValue(_SETTING, self.text)

    def choose_start(self) -> None:
        """Open the list of sources from which the text can start."""
        from gdviewer.ui.catalogue.choice_list import ChoiceList, ListEntry
        from gdviewer.ui.catalogue.choices import optimizer_choices

        template = ListEntry(
            _TEMPLATE, tr("Template"), tr("Empty page"), tr("Gradient descent with momentum, with comments.")
        )
        entries = [template, *optimizer_choices(self._session.experiment.problem)]
        self.starting = ChoiceList(entries, tr("Start from"), self, current="adam")
        self.starting.chosen.connect(self.start_with)
        self.starting.open_at(self)

    def start_with(self, name: str) -> None:
        """Replace the text by the template or by the source of an optimizer of the catalogue."""
        if name == _TEMPLATE:
            text = TEMPLATE
        else:
            used = {rule.name for rule in self._rules.rules}
            number = next(n for n in range(2, 1000) if f"{name}_{n}" not in used)
            text = duplicate(optimizers.get(name), number)
        self.editor.replace_text(text)
        self._is_new = True
        self.editor.setFocus()

    def _edited(self) -> None:
        self._save_timer.start()
        self.refresh()

    def _refresh_sometimes(self) -> None:
        now = not self._session.player.playing or perf_counter() - self._refreshed > _REFRESH_SECONDS
        if self.isVisible() and now:
            self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Show the state of the text, its error and its output."""
        self._refreshed = perf_counter()
        line, error = self._error()
        source = self._rules.sources.get(PANEL)
        is_read = source is not None and source.text == self.text
        if source is not None and source.task:
            state = tr("reading …")
        elif source is not None and is_read and not source.error:
            used = [rule for rule in source.rules if any(rule == run.optimizer for run in self._session.runs)]
            names = ", ".join(rule.title for rule in used)
            state = tr("in the runs: {names}", names=names) if used else tr("applied, but in no run")
        else:
            state = tr("Ctrl+Enter: apply")
        if self.state.text() != state:
            self.state.setText(state)
        link = f'<a href="{line}">{escape(tr("Line {line}", line=line))}</a>: ' if line else ""
        text = link + escape(error).replace("\n", "<br>")
        if self.message.text() != text:
            self.message.setText(text)
            self.message.setVisible(bool(error))
        self.editor.mark(line if is_read else None)
        self._show_output()

    def _error(self) -> tuple[int | None, str]:
        """Return the error of the text or of a run of its rules, after its line, if it is known."""
        source = self._rules.sources.get(PANEL)
        if source is None:
            return None, ""
        if source.error:
            kept = tr("The last version without errors is used.") if source.versions else ""
            return source.error.line, f"{source.error}.\n{kept}".strip()
        for run in self._session.runs:
            if run.optimizer not in source.rules:
                continue
            if run.stop and run.stop.reason is Reason.ERROR:
                location = run.stop.location
                files = [version.file for version in source.versions if run.optimizer in version.rules]
                inside = location if location and location.file in files else None
                title = tr("{title}, after step {step}", title=run.optimizer.title, step=f"{run.step:,}")
                return inside.line if inside else None, f"{title}: {run.stop.message}"
            if warning := self._rules.warning(run):
                return None, f"{run.optimizer.title}: {warning}"
        return None, ""

    def _show_output(self) -> None:
        output = self._rules.output
        if output.count == self._lines_shown:
            return
        self._lines_shown = output.count
        self.output.setPlainText("\n".join(output.lines()))
        self.output.verticalScrollBar().setValue(self.output.verticalScrollBar().maximum())
        self.output.setFixedHeight(_OUTPUT_LINES * self.output.fontMetrics().lineSpacing() + 14)
        self.output.setVisible(bool(output.count))
