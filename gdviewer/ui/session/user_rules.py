"""User rules in a window: read from the code panel and from files, and used in the runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal, SignalInstance

from gdviewer import optimizers
from gdviewer.engine.record.events import Change
from gdviewer.engine.rules.captured_output import CapturedOutput
from gdviewer.engine.rules.optimizer import Optimizer
from gdviewer.engine.run.run import Run
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import Branch, RunPlan
from gdviewer.text import tr
from gdviewer.ui.session.player import Player
from gdviewer.ui.widgets.timed_task import TimedTask

if TYPE_CHECKING:
    from gdviewer.experiment.user_rule import RuleError, Version

PANEL = ""  # the key of the code panel among the sources; the key of a file is its path
READ_SECONDS = 20.0  # a source that imports large packages may take long
REPLAY_SECONDS = 5.0
_SETTLE_MS = 100  # an editor may write or rename a file more than once when it saves


@dataclass
class RuleSource:
    """A source of rules: the code panel or a file.

    Attributes:
        title: its title on the screen.
        text: the text that was read last; the newest version may be of an older text.
        versions: the versions without errors, the newest last.
        error: the error of the text that was read last; None if it has none.
        task: the task that reads the text; None if it has ended.
    """

    title: str
    text: str | None = None
    versions: list[Version] = field(default_factory=list)
    error: RuleError | None = None
    task: TimedTask | None = None

    @property
    def rules(self) -> tuple[Optimizer, ...]:
        """The rules of the newest version."""
        return self.versions[-1].rules if self.versions else ()

    def contains(self, rule: Optimizer) -> bool:
        """Return True if a rule is from any version of this source."""
        return any(rule in version.rules for version in self.versions)


class Race(Protocol):
    """The part of a session that user rules use."""

    experiment: Experiment
    runs: list[Run]

    @property
    def frame(self) -> SignalInstance:
        """Emitted when the views must read the traces again."""

    def edit(self, experiment: Experiment) -> None:
        """Replace the experiment."""

    def restart_runs(self, experiment: Experiment) -> None:
        """Restart the runs whose rules are other objects in an equal experiment."""

    def select(self, index: int) -> None:
        """Select the run that the controls edit."""


class UserRules(QObject):
    """Reads user rules, adds runs of them, and replaces earlier versions in the runs.

    Attributes:
        output: the printed output of the rules.
        sources: the sources by key: ``PANEL`` or the path of a file.

    Signals:
        changed: a source was read or has an error, or a step differed when it was executed again.
    """

    changed = Signal()

    def __init__(self, race: Race, player: Player, parent: QObject) -> None:
        super().__init__(parent)
        self._race, self._player = race, player
        self.output = CapturedOutput()
        self.sources: dict[str, RuleSource] = {}
        self._watcher: QFileSystemWatcher | None = None
        self._settled = QTimer(self, interval=_SETTLE_MS, singleShot=True)
        self._settled.timeout.connect(self._read_files)
        self._warnings: WeakKeyDictionary[Run, str] = WeakKeyDictionary()
        self._checked: WeakKeyDictionary[Run, int] = WeakKeyDictionary()
        self._check: TimedTask | None = None
        race.frame.connect(self._check_replays)
        player.playing_changed.connect(self._check_replays)

    # Sources of rules

    @property
    def rules(self) -> list[Optimizer]:
        """The rules of the newest versions, and user rules of the experiment."""
        found = [rule for source in self.sources.values() for rule in source.rules]
        for plan in self._race.experiment.runs:
            if not plan.optimizer.built_in and plan.optimizer not in found:
                found.append(plan.optimizer)
        return found

    def get(self, key: str) -> Optimizer:
        """Return the optimizer with a key, from the user rules or the catalogue."""
        return next((rule for rule in self.rules if key_of(rule) == key), None) or optimizers.get(key)

    def source_of(self, rule: Optimizer) -> RuleSource | None:
        """Return the source of a rule; None for a rule of the catalogue or from Python."""
        return next((source for source in self.sources.values() if source.contains(rule)), None)

    def warning(self, run: Run) -> str:
        """Return a warning if a step of the run differs when it is executed again; empty otherwise."""
        return self._warnings.get(run, "")

    @property
    def files(self) -> list[RuleSource]:
        """The files that were opened."""
        return [source for key, source in self.sources.items() if key != PANEL]

    # Reading

    def apply(self, text: str, is_new: bool = False) -> None:
        """Read the text of the code panel; a new text does not rename the rules of the previous one."""
        self._read(PANEL, text, None, is_new)

    def open(self, path: str | Path) -> None:
        """Read a file, and read it again each time it is saved."""
        from gdviewer.experiment.user_rule import RuleError, source_of  # the window opens without it

        path = Path(path).absolute()
        self.watch(path)
        try:
            self._read(str(path), source_of(path), path)
        except RuleError as error:
            self._refuse(str(path), error)

    def watch(self, path: Path, version: Version | None = None) -> None:
        """Read a file each time it is saved; ``version`` was read from it and is in the experiment."""
        source = self.sources.setdefault(str(path), RuleSource(path.name))
        if version:
            source.text = version.text
            self.output = version.output or self.output
            source.versions.append(version)
        if self._watcher is None:
            self._watcher = QFileSystemWatcher(self)
            self._watcher.fileChanged.connect(self._settled.start)
            self._watcher.directoryChanged.connect(self._settled.start)
        self._watcher.addPaths([str(path), str(path.parent)])

    def close(self) -> None:
        """Stop the tasks."""
        self._settled.stop()
        for task in [self._check, *(source.task for source in self.sources.values())]:
            if task:
                task.close()

    def _read_files(self) -> None:
        """Read the files that have changed."""
        from gdviewer.experiment.user_rule import RuleError, source_of

        for key, source in list(self.sources.items()):
            path = Path(key)
            if key == PANEL:
                continue
            try:
                text = source_of(path)
            except RuleError as error:
                source.text = None
                self._refuse(key, error)
                continue
            if self._watcher:
                self._watcher.addPath(key)  # a file that was replaced is no longer watched
            if text != source.text:
                if source.versions and text == source.versions[-1].text:  # the newest version again
                    source.text = text
                    self._refuse(key, None)
                else:
                    self._read(key, text, path)

    def _read(self, key: str, text: str, path: Path | None, is_new: bool = False) -> None:
        from gdviewer.experiment.user_rule import read_rules

        source = self.sources.setdefault(key, RuleSource(path.name if path else tr("Code")))
        self._stop_reading(source)
        source.text = text
        work = partial(read_rules, text, source.title, path, self.output)
        source.task = TimedTask(work, READ_SECONDS, self)
        source.task.ended.connect(partial(self._use, key, is_new))

    def _use(self, key: str, is_new: bool, version: Version | None, error: BaseException | None) -> None:
        from gdviewer.experiment.user_rule import RuleError

        source = self.sources[key]
        source.task = None
        if version is None:
            location = getattr(error, "location", None)
            shown = error if isinstance(error, RuleError) else RuleError(f"{type(error).__name__}: {error}")
            if location:
                shown.line = location.line
            self._refuse(key, shown)
            return
        first, source.error = not source.versions, None
        successors = _successors([rule.name for rule in source.rules], version, renamed=not is_new)
        experiment = self._with(source, successors, version, add_again=first or key == PANEL)
        added = len(experiment.runs) > len(self._race.experiment.runs)
        source.versions.append(version)
        self._race.edit(experiment)
        self._race.restart_runs(experiment)  # the same text may define other rules
        if added:  # show its controls and steps
            self._race.select(len(experiment.runs) - 1)
        self.changed.emit()

    def _refuse(self, key: str, error: RuleError | None) -> None:
        source = self.sources[key]
        self._stop_reading(source)
        source.error = error
        self.changed.emit()

    @staticmethod
    def _stop_reading(source: RuleSource) -> None:
        if source.task:
            source.task.give_up()
            source.task = None

    def _with(
        self, source: RuleSource, successors: Mapping[str, Optimizer], version: Version, add_again: bool
    ) -> Experiment:
        """Return the experiment with a new version: in runs of earlier versions, and in new runs for new rules."""
        experiment = self._race.experiment
        plans = [_renewed(plan, source, successors) for plan in experiment.runs]
        used = {plan.optimizer.name for plan in plans if plan.optimizer in successors.values()}
        known = {successor.name for successor in successors.values()}
        new = [r for r in version.rules if r.name not in used and (add_again or r.name not in known)]
        return replace(experiment, runs=tuple(plans)).with_more(*(_first_run(rule, plans) for rule in new))

    # Repeated execution of steps

    def _check_replays(self, *_: object) -> None:
        """At a pause or a stop, execute a few steps of user rules again and report a difference."""
        race = self._race
        if self._player.playing or self._player.busy or self._check:
            return
        for run in race.runs:
            if run.optimizer.built_in or not (run.begun and run.step and run.problem.broadcasts):
                continue
            if self._checked.get(run) != run.step and run not in self._warnings:
                self._checked[run] = run.step
                steps = sorted({1, (run.step + 1) // 2, run.step})
                self._check = TimedTask(partial(_first_difference, run, steps), REPLAY_SECONDS, self)
                self._check.ended.connect(partial(self._report_replay, run))
                return

    def _report_replay(self, run: Run, difference: str | None, _: object) -> None:
        self._check = None
        if difference:
            self._warnings[run] = tr(difference)
            self.changed.emit()
        self._check_replays()


def key_of(rule: Optimizer) -> str:
    """Return the key of a rule in lists: its name, for a user rule with the name of its file."""
    code = getattr(rule.function, "__code__", None)
    return rule.name if rule.built_in else f"{getattr(code, 'co_filename', '')}:{rule.name}"


def error_text(source: RuleSource) -> str:
    """Return the error of a source with its line, and the version that is used instead; empty if it has none."""
    error = source.error
    if error is None:
        return ""
    location = tr("{file}, line {line}", file=source.title, line=error.line) if error.line else source.title
    kept = " " + tr("The last version without errors is used.") if source.versions else ""
    return f"{location}: {error}.{kept}"


def _first_difference(run: Run, steps: list[int]) -> str:
    from gdviewer.engine.run.replay_check import check_replay

    return next(filter(None, (check_replay(run, step) for step in steps)), "")


def _successors(names: list[str], version: Version, renamed: bool) -> dict[str, Optimizer]:
    """Return the successor of each earlier rule: the rule of the same name, or, if renamed, the next in order."""
    successors = {rule.name: rule for rule in version.rules if rule.name in names}
    removed = [name for name in names if name not in successors]
    added = [rule for rule in version.rules if rule.name not in successors]
    return successors | dict(zip(removed, added, strict=False)) if renamed else successors


def _renewed(plan: RunPlan, source: RuleSource, successors: Mapping[str, Optimizer]) -> RunPlan:
    """Return a run with the new version of its rule, also in the run that it continues."""
    successor = successors.get(plan.optimizer.name) if source.contains(plan.optimizer) else None
    plan = _inherited(plan, successor) if successor else plan
    if plan.branch is None or (before := _renewed(plan.branch.plan, source, successors)) is plan.branch.plan:
        return plan
    changes = tuple(change for change in plan.branch.changes if _fits(before.optimizer, change))
    return replace(plan, branch=Branch(before, plan.branch.step, changes))


def _fits(rule: Optimizer, change: Change) -> bool:
    """Return True if a rule has the changed hyperparameter and accepts its value."""
    with suppress(ValueError):
        return bool(rule.check({change.name: change.value}))
    return False


def _inherited(plan: RunPlan, successor: Optimizer) -> RunPlan:
    """Return a run with the new version of its rule; values at their defaults get the new defaults."""
    defaults, old = plan.optimizer.check({}), plan.hyperparameters
    kept = plan.with_optimizer(successor)
    values = {name: value for name, value in kept.hyperparameters.items() if old.get(name) != defaults.get(name)}
    return replace(kept, hyperparameters=values)


def _first_run(rule: Optimizer, plans: list[RunPlan]) -> RunPlan:
    """Return the run of a new rule: like that of the rule it duplicates, if there is one."""
    origin = re.sub(r"_\d+$", "", rule.name)
    like = next((plan for plan in plans if plan.optimizer.built_in and plan.optimizer.name == origin), None)
    return like.with_optimizer(rule) if like else RunPlan(rule)
