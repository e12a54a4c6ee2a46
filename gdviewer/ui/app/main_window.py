"""The main window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QByteArray, QEvent, QObject, QSettings, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeySequence,
    QPaintEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QFileDialog,
    QLabel,
    QMainWindow,
    QMenu,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QTabBar,
    QWidget,
)

from gdviewer.experiment.experiment import Experiment, default_experiment
from gdviewer.text import hit_text, tr
from gdviewer.ui.app.edit_actions import EditActions
from gdviewer.ui.app.help import HelpDialog, about
from gdviewer.ui.app.main_view import MainView
from gdviewer.ui.plots.data_view import BesideData
from gdviewer.ui.plots.steps_plot import HistoryPanel
from gdviewer.ui.problem.problem_panel import ProblemPanel
from gdviewer.ui.runs.limits_panel import LimitsPanel
from gdviewer.ui.runs.runs_panel import RunsPanel
from gdviewer.ui.session.session import Session
from gdviewer.ui.session.titles import plan_title
from gdviewer.ui.timeline.progress import TrainingProgress
from gdviewer.ui.timeline.timeline import Timeline
from gdviewer.ui.widgets.lazy_panel import LazyPanel
from gdviewer.ui.widgets.theme import look, theme_titles

_LAYOUT_VERSION = 2
_MESSAGE_MS = 8000  # duration of a message in the status bar


class _Side(QScrollArea):
    """A panel that scrolls vertically and is never narrower than its content."""

    def __init__(self, panel: QWidget) -> None:
        super().__init__(widgetResizable=True)
        self._panel = panel
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(panel)

    def minimumSizeHint(self) -> QSize:
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self._panel.minimumSizeHint().width() + bar, 120)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)


class MainWindow(QMainWindow):
    """The window of one experiment.

    Attributes:
        session: the experiment, its runs and the state of the window.
        main_view: the plot or page of the problem; beside: the same with the plot of the data.
        history: the curves over the steps.
        timeline, problem_panel, limits_panel, runs_panel: the controls.
        edit_actions: undo, redo and *What if*.

    Signals:
        closed: emitted when the window closes.
    """

    closed = Signal()

    def __init__(self, experiment: Experiment | None = None) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self.setAcceptDrops(True)
        self.setMinimumSize(960, 600)
        self.session = Session(experiment or default_experiment(), self)
        self.main_view = MainView(self.session)
        self.beside = BesideData(self.session, self.main_view)
        self.history = HistoryPanel(self.session)
        self.timeline = Timeline(self.session)
        self.problem_panel = ProblemPanel(self.session)
        self.limits_panel = LimitsPanel(self.session)
        self.runs_panel = RunsPanel(self.session)
        self.edit_actions = EditActions(self.session, self)
        self.edit_actions.add_switch(self.timeline, before=self.timeline.first)
        self.addToolBar(Qt.ToolBarArea.BottomToolBarArea, self.timeline)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.addWidget(self.beside)
        self._splitter.addWidget(self.history)
        self._splitter.setStretchFactor(0, 3)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setChildrenCollapsible(False)
        self.setCentralWidget(self._splitter)
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        self._docks = [
            self._dock("problem", tr("Problem"), _Side(self.problem_panel), left),
            self._dock("limits", tr("Stop when"), _Side(self.limits_panel), left),
            self._dock("runs", tr("Runs"), _Side(self.runs_panel), right),
        ]
        self._docks.append(self._tab("breakpoints", tr("Breakpoints"), self._make_breakpoints, self._docks[1]))
        self._docks.append(self._tab("step", tr("Step"), self._make_step, self._docks[2]))
        # saved layouts know this dock as "here"
        self._docks.append(self._tab("here", tr("Curvature"), self._make_curvature, self._docks[2]))
        self.code = self._tab("code", tr("Code"), self._make_code, self._docks[2])
        self._docks.append(self.code)
        self._hover = QLabel()
        self._hover.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.statusBar().addWidget(self._hover, 1)
        self.progress = TrainingProgress(self.session)
        self.statusBar().addPermanentWidget(self.progress)
        self.main_view.hovered.connect(self._hover.setText)
        self.history.plot.hovered.connect(self._hover.setText)
        self.beside.hovered.connect(self._hover.setText)
        self.session.player.breakpoint_hit.connect(self._show_hit)
        self.session.player.playing_changed.connect(self.statusBar().clearMessage)
        self.runs_panel.sweep_requested.connect(self._open_sweeps)
        self._make_menus()
        self._restore_layout()
        self.session.problem_changed.connect(self._show_title)
        self._show_title()
        self.main_view.setFocus()
        self._painted = False

    def _dock(self, name: str, title: str, panel: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setWidget(panel)
        self.addDockWidget(area, dock)
        return dock

    def _tab(self, name: str, title: str, make: Callable[[], QWidget], beside: QDockWidget) -> QDockWidget:
        """Add a dock behind the tab of another; its panel is made when it is first seen."""
        panel = LazyPanel(make)
        dock = self._dock(name, title, panel, self.dockWidgetArea(beside))
        panel.watch(dock)
        self.tabifyDockWidget(beside, dock)
        beside.raise_()
        return dock

    def _make_breakpoints(self) -> QWidget:
        from gdviewer.ui.breakpoints.breakpoints_panel import BreakpointsPanel

        return _Side(BreakpointsPanel(self.session))

    def _make_code(self) -> QWidget:
        from gdviewer.ui.code.code_panel import CodePanel

        panel = CodePanel(self.session)
        self.closed.connect(panel.save)
        if not QSettings().value("code_seen"):  # lines of code are long; later the user sets the width
            QSettings().setValue("code_seen", True)
            QTimer.singleShot(0, self, self._widen_code)
        return panel

    def _widen_code(self) -> None:
        self.resizeDocks([self.code], [max(self.code.width(), self.width() * 45 // 100)], Qt.Orientation.Horizontal)

    def _make_curvature(self) -> QWidget:
        from gdviewer.ui.curvature.curvature_panel import CurvaturePanel  # the window opens without it

        panel = CurvaturePanel(self.session)
        self.closed.connect(panel.close_threads)
        return _Side(panel)

    def _make_step(self) -> QWidget:
        from gdviewer.ui.inspector.panel import StepPanel

        panel = StepPanel(self.session)
        panel.followed.connect(self.main_view.show_example)
        self.closed.connect(panel.close_threads)
        return panel

    def _make_menus(self) -> None:
        file = self.menuBar().addMenu(tr("&File"))
        self._add(file, tr("&Open samples…"), tr("Open samples from a file"), QKeySequence.StandardKey.Open, self._open)
        self._add(
            file, tr("Open op&timizer…"), tr("Open an optimizer from a Python file; each saved change is read again"),
            QKeySequence("Ctrl+Shift+O"), self._open_optimizer,
        )  # fmt: skip
        self._add(
            file, tr("Save &picture…"), tr("Save a picture of the window"), QKeySequence("Ctrl+P"), self._save_picture
        )
        file.addSeparator()
        self._add(file, tr("&Quit"), tr("Quit"), QKeySequence("Ctrl+Q"), self.close)
        edit = self.menuBar().addMenu(tr("&Edit"))
        edit.addActions([self.edit_actions.undo, self.edit_actions.redo])
        edit.addSeparator()
        edit.addAction(self.edit_actions.what_if)
        run = self.menuBar().addMenu(tr("&Run"))
        time = self.timeline
        run.addActions([time.run, time.reset])
        run.addSeparator()
        run.addActions([time.forward, time.back, *time.leaps, time.first, time.newest])
        run.addSeparator()
        self._add(run, tr("&Faster"), tr("Faster"), QKeySequence("+"), lambda: time.change_speed(5))
        self._add(run, tr("&Slower"), tr("Slower"), QKeySequence("-"), lambda: time.change_speed(-5))
        run.addSeparator()
        run.addActions(self.runs_panel.actions())
        view = self.menuBar().addMenu(tr("&View"))
        self._add(view, tr("Show &all"), tr("Show all in every plot"), QKeySequence("Ctrl+0"), self._show_all)
        themes = view.addMenu(tr("&Theme"))
        group = QActionGroup(self)
        for key, title in theme_titles().items():
            action = QAction(title, self, checkable=True, checked=look().choice == key)
            action.triggered.connect(lambda _, key=key: look().choose(key))
            group.addAction(action)
            themes.addAction(action)
        view.addSeparator()
        for dock in self._docks:
            view.addAction(dock.toggleViewAction())
        self._add(view, tr("&Reset layout"), tr("Restore the default layout"), None, self._reset_layout)
        help_menu = self.menuBar().addMenu(tr("&Help"))
        self._add(help_menu, tr("&Help"), tr("Help and keys"), QKeySequence.StandardKey.HelpContents, self._help)
        self._add(help_menu, tr("&About gdviewer"), tr("About gdviewer"), None, lambda: about(self))

    def _add(
        self,
        menu: QMenu,
        text: str,
        tip: str,
        keys: QKeySequence | QKeySequence.StandardKey | None,
        call: Callable[[], object],
    ) -> QAction:
        action = QAction(text, self)
        action.triggered.connect(lambda: call())
        if keys is not None:
            action.setShortcut(QKeySequence(keys))
        action.setToolTip(tip)
        menu.addAction(action)
        return action

    def _show_title(self) -> None:
        self.setWindowTitle(self.session.experiment.problem.title)

    def _show_hit(self, index: int) -> None:
        """Show in the status bar which breakpoint was hit and why; its panel may be hidden."""
        plan, run = self.session.experiment.runs[index], self.session.runs[index]
        hits = [hit_text(hit) for hit in run.trace.hits if hit.step == run.trace.hits[-1].step]
        self.statusBar().showMessage(f"{plan_title(plan)}: {' '.join(hits)}", _MESSAGE_MS)

    def _show_all(self) -> None:
        self.main_view.plot.show_all()
        if self.beside.has_data:
            self.beside.data.plot.show_all()
        self.history.plot.show_all()

    def _help(self) -> None:
        dialog = self.findChild(HelpDialog) or HelpDialog(self.findChildren(QAction), self)
        dialog.show()
        dialog.raise_()

    def _open(self) -> None:
        self._docks[0].show()
        self.problem_panel.ask_file()

    def _open_sweeps(self) -> None:
        """Open the window of sweeps, or bring it to the front."""
        from gdviewer.ui.sweeps.dialog import SweepDialog

        dialog = self.findChild(SweepDialog)
        if dialog is None:
            dialog = SweepDialog(self.session, self)
            self.closed.connect(dialog.close)
        dialog.show()
        dialog.raise_()

    def _open_optimizer(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("Open optimizer"), "", tr("Python (*.py);;All files (*)"))
        if path:
            self._open_file(path)

    def _open_file(self, path: str) -> None:
        if path.endswith(".py"):
            self.session.user_rules.open(path)
            return
        self._docks[0].show()  # it shows the error if the file can't be read
        self.problem_panel.open_file(path)

    def _save_picture(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, tr("Save picture"), "gdviewer.png", tr("Pictures (*.png *.jpg)"))
        if path:
            saved = self.grab().save(path)
            text = tr("Saved {path}", path=path) if saved else tr("{path} can't be written", path=path)
            self.statusBar().showMessage(text, _MESSAGE_MS)

    # Layout

    def _restore_layout(self) -> None:
        settings = QSettings()
        geometry, state = settings.value("geometry"), settings.value("layout")
        self._default_layout = self.saveState(_LAYOUT_VERSION)
        if isinstance(geometry, QByteArray) and self.restoreGeometry(geometry):
            splitter, share = settings.value("splitter"), settings.value("data_share")
            if isinstance(splitter, QByteArray):
                self._splitter.restoreState(splitter)
            if isinstance(share, str | float):
                self.beside.share = float(share)
        else:
            screen = QApplication.primaryScreen().availableGeometry()
            self.resize(min(1440, screen.width()), min(900, screen.height() - 40))  # the title bar needs height too
        if isinstance(state, QByteArray):
            self.restoreState(state, _LAYOUT_VERSION)
        self._hide_old_tabs()

    def _reset_layout(self) -> None:
        for dock in self._docks:
            dock.setFloating(False)
            dock.show()
        self.restoreState(self._default_layout, _LAYOUT_VERSION)
        self._hide_old_tabs()
        self._arrange()

    def _hide_old_tabs(self) -> None:
        """Hide tab bars that Qt left over the plots when it created new ones for the same docks."""
        shown: set[str] = set()
        for bar in reversed(self.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)):
            titles = {bar.tabText(i) for i in range(bar.count())}
            bar.setVisible(not titles & shown)
            shown |= titles

    def _arrange(self) -> None:
        em = self.fontMetrics().averageCharWidth()
        side = max(280, 42 * em)
        self.resizeDocks([self._docks[0], self._docks[2]], [side, side], Qt.Orientation.Horizontal)
        height = self.height()
        self.resizeDocks(self._docks[:2], [height * 55 // 100, height * 45 // 100], Qt.Orientation.Vertical)
        self._splitter.setSizes([height * 68 // 100, height * 32 // 100])
        self.beside.arrange()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not isinstance(QSettings().value("layout"), QByteArray):
            self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:  # load SymPy and evaluate the starts after the first frame
            self._painted = True
            QTimer.singleShot(0, self.session, self.session.player.clock.start)

    def closeEvent(self, event: QCloseEvent) -> None:
        settings = QSettings()
        settings.setValue("geometry", self.saveGeometry())
        settings.setValue("layout", self.saveState(_LAYOUT_VERSION))
        settings.setValue("splitter", self._splitter.saveState())
        settings.setValue("data_share", self.beside.share)
        self.closed.emit()
        self.session.close()
        self.main_view.close_threads()
        self.problem_panel.close_threads()
        self.runs_panel.editor.close_threads()
        super().closeEvent(event)

    # Files dropped on the window

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self._open_file(event.mimeData().urls()[0].toLocalFile())
