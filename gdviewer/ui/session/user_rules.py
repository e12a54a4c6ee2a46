"""The user's own rules in a window: what the code panel and opened files gave, and how they join the race."""

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

PANEL = ""  # the code panel's place among the sources; a file's is its path
READ_SECONDS = 20.0  # a text that imports much may take long
REPLAY_SECONDS = 5.0
_SETTLE_MS = 100  # an editor that saves writes, or renames, more than once


@dataclass
class RuleSource:
    """A text with rules.

    Attributes:
        title: what it is called.
        text: the text that was tried last; its newest version may be of an older one.
        versions: those that worked, the newest last.
        error: why the text tried last did not; None where it did.
    """

    title: str
    text: str | None = None
    versions: list[Version] = field(default_factory=list)
    error: RuleError | None = None
    attempt: TimedTask | None = None

    @property
    def rules(self) -> tuple[Optimizer, ...]:
        """The rules in force."""
        return self.versions[-1].rules if self.versions else ()

    def owns(self, rule: Optimizer) -> bool:
        """Whether a rule is of any of its versions."""
        return any(rule in version.rules for version in self.versions)


class Race(Protocol):
    """The part of a session that rules join."""

    experiment: Experiment
    runs: list[Run]

    @property
    def frame(self) -> SignalInstance:
        """Emitted when the views must read the traces again."""

    def edit(self, experiment: Experiment) -> None:
        """Replace the experiment."""

    def restart_runs(self, experiment: Experiment) -> None:
        """Begin the runs again whose rules are other objects in an equal experiment."""

    def select(self, index: int) -> None:
        """Choose the run that the controls edit."""


class UserRules(QObject):
    """Reads the user's rules, and lets them join the race or take the place of their earlier versions.

    Signals:
        changed: a source was taken up, or refused; or a step was found to differ when executed again.
    """

    changed = Signal()

    def __init__(self, race: Race, player: Player, parent: QObject) -> None:
        super().__init__(parent)
        self._race, self._player = race, player
        self.printed = CapturedOutput()
        self.sources: dict[str, RuleSource] = {}
        self._watcher: QFileSystemWatcher | None = None
        self._settled = QTimer(self, interval=_SETTLE_MS, singleShot=True)
        self._settled.timeout.connect(self._look)
        self._warnings: WeakKeyDictionary[Run, str] = WeakKeyDictionary()
        self._checked: WeakKeyDictionary[Run, int] = WeakKeyDictionary()
        self._check: TimedTask | None = None
        race.frame.connect(self._check_replays)
        player.playing_changed.connect(self._check_replays)

    # Where a rule is from

    @property
    def rules(self) -> list[Optimizer]:
        """All that are in force, and those that came with the experiment."""
        found = [rule for source in self.sources.values() for rule in source.rules]
        for plan in self._race.experiment.runs:
            if not plan.optimizer.built_in and plan.optimizer not in found:
                found.append(plan.optimizer)
        return found

    def get(self, key: str) -> Optimizer:
        """The optimizer of that key, the user's or of the catalogue."""
        return next((rule for rule in self.rules if key_of(rule) == key), None) or optimizers.get(key)

    def source_of(self, rule: Optimizer) -> RuleSource | None:
        """Where a rule is from; None for one of the catalogue, or given from Python."""
        return next((source for source in self.sources.values() if source.owns(rule)), None)

    def warning(self, run: Run) -> str:
        """What is to be told of a run's rule: that a step differs when executed again; mostly nothing."""
        return self._warnings.get(run, "")

    @property
    def files(self) -> list[RuleSource]:
        """The files that were opened."""
        return [source for key, source in self.sources.items() if key != PANEL]

    # Taking up

    def apply(self, text: str, anew: bool = False) -> None:
        """Take up the text of the code panel; one that was begun anew gives no new name to the rules before it."""
        self._read(PANEL, text, None, anew)

    def open(self, path: str | Path) -> None:
        """Take up a file, and whatever is saved in it later."""
        from gdviewer.experiment.user_rule import RuleError, source_of  # the window opens without it

        path = Path(path).absolute()
        self.watch(path)
        try:
            self._read(str(path), source_of(path), path)
        except RuleError as error:
            self._refuse(str(path), error)

    def watch(self, path: Path, version: Version | None = None) -> None:
        """Take up what is saved in a file from now on; ``version`` was read from it, and is in the experiment."""
        source = self.sources.setdefault(str(path), RuleSource(path.name))
        if version:
            source.text = version.text
            self.printed = version.output or self.printed
            source.versions.append(version)
        if self._watcher is None:
            self._watcher = QFileSystemWatcher(self)
            self._watcher.fileChanged.connect(self._settled.start)
            self._watcher.directoryChanged.connect(self._settled.start)
        self._watcher.addPaths([str(path), str(path.parent)])

    def close(self) -> None:
        """Give up what is under way."""
        self._settled.stop()
        for attempt in [self._check, *(source.attempt for source in self.sources.values())]:
            if attempt:
                attempt.close()

    def _look(self) -> None:
        """See what has become of the files."""
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
            self._watcher.addPath(key)  # a file that was replaced is not watched any more
            if text != source.text:
                if source.versions and text == source.versions[-1].text:  # what is in force is back
                    source.text = text
                    self._refuse(key, None)
                else:
                    self._read(key, text, path)

    def _read(self, key: str, text: str, path: Path | None, anew: bool = False) -> None:
        from gdviewer.experiment.user_rule import read_rules

        source = self.sources.setdefault(key, RuleSource(path.name if path else tr("Code")))
        self._stop_reading(source)
        source.text = text
        work = partial(read_rules, text, source.title, path, self.printed)
        source.attempt = TimedTask(work, READ_SECONDS, self)
        source.attempt.ended.connect(partial(self._take, key, anew))

    def _take(self, key: str, anew: bool, version: Version | None, error: BaseException | None) -> None:
        from gdviewer.experiment.user_rule import RuleError

        source = self.sources[key]
        source.attempt = None
        if version is None:
            location = getattr(error, "location", None)
            shown = error if isinstance(error, RuleError) else RuleError(f"{type(error).__name__}: {error}")
            if location:
                shown.line = location.line
            self._refuse(key, shown)
            return
        first, source.error = not source.versions, None
        heirs = _heirs([rule.name for rule in source.rules], version, renamed=not anew)
        experiment = self._with(source, heirs, version, join_again=first or key == PANEL)
        joins = len(experiment.runs) > len(self._race.experiment.runs)
        source.versions.append(version)
        self._race.edit(experiment)
        self._race.restart_runs(experiment)  # the same text, executed again, may do something else
        if joins:  # its controls and its steps are what is wanted next
            self._race.select(len(experiment.runs) - 1)
        self.changed.emit()

    def _refuse(self, key: str, error: RuleError | None) -> None:
        source = self.sources[key]
        self._stop_reading(source)
        source.error = error
        self.changed.emit()

    @staticmethod
    def _stop_reading(source: RuleSource) -> None:
        if source.attempt:
            source.attempt.give_up()
            source.attempt = None

    def _with(
        self, source: RuleSource, heirs: Mapping[str, Optimizer], version: Version, join_again: bool
    ) -> Experiment:
        """The experiment with a new version: in the runs of earlier ones, and in new runs where it has none."""
        experiment = self._race.experiment
        plans = [_renewed(plan, source, heirs) for plan in experiment.runs]
        racing = {plan.optimizer.name for plan in plans if plan.optimizer in heirs.values()}
        known = {heir.name for heir in heirs.values()}
        new = [r for r in version.rules if r.name not in racing and (join_again or r.name not in known)]
        return replace(experiment, runs=tuple(plans)).with_more(*(_first_run(rule, plans) for rule in new))

    # Whether steps are the same when executed again

    def _check_replays(self, *_: object) -> None:
        """At a pause or an end, execute a few steps of the user's rules again, and tell where they differ."""
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
                self._check.ended.connect(partial(self._tell_replay, run))
                return

    def _tell_replay(self, run: Run, difference: str | None, _: object) -> None:
        self._check = None
        if difference:
            self._warnings[run] = tr(difference)
            self.changed.emit()
        self._check_replays()


def key_of(rule: Optimizer) -> str:
    """What a rule is known by in lists: its name; for the user's, with what its file is called."""
    code = getattr(rule.function, "__code__", None)
    return rule.name if rule.built_in else f"{getattr(code, 'co_filename', '')}:{rule.name}"


def error_text(source: RuleSource) -> str:
    """What is wrong with a source, with the line, and what holds in its place."""
    error = source.error
    if error is None:
        return ""
    where = tr("{file}, line {line}", file=source.title, line=error.line) if error.line else source.title
    kept = " " + tr("The last version that worked stays in force.") if source.versions else ""
    return f"{where}: {error}.{kept}"


def _first_difference(run: Run, steps: list[int]) -> str:
    from gdviewer.engine.run.replay_check import check_replay

    return next(filter(None, (check_replay(run, step) for step in steps)), "")


def _heirs(names: list[str], version: Version, renamed: bool) -> dict[str, Optimizer]:
    """What takes the place of each earlier rule: that of its name; what was renamed is known by the order."""
    heirs = {rule.name: rule for rule in version.rules if rule.name in names}
    gone = [name for name in names if name not in heirs]
    fresh = [rule for rule in version.rules if rule.name not in heirs]
    return heirs | dict(zip(gone, fresh, strict=False)) if renamed else heirs


def _renewed(plan: RunPlan, source: RuleSource, heirs: Mapping[str, Optimizer]) -> RunPlan:
    """A run with the new version of its rule, where there is one; in what it continues, too, as that is the same run
    as the one that began again beside it."""
    heir = heirs.get(plan.optimizer.name) if source.owns(plan.optimizer) else None
    plan = _inherited(plan, heir) if heir else plan
    if plan.branch is None or (before := _renewed(plan.branch.plan, source, heirs)) is plan.branch.plan:
        return plan
    changes = tuple(change for change in plan.branch.changes if _fits(before.optimizer, change))
    return replace(plan, branch=Branch(before, plan.branch.step, changes))


def _fits(rule: Optimizer, change: Change) -> bool:
    """Whether a rule has the hyperparameter that was moved, and may have it there."""
    with suppress(ValueError):
        return bool(rule.check({change.name: change.value}))
    return False


def _inherited(plan: RunPlan, heir: Optimizer) -> RunPlan:
    """A run with the new version of its rule: what was set is kept, what was at its default is at the new default."""
    defaults, old = plan.optimizer.check({}), plan.hyperparameters
    kept = plan.with_optimizer(heir)
    values = {name: value for name, value in kept.hyperparameters.items() if old.get(name) != defaults.get(name)}
    return replace(kept, hyperparameters=values)


def _first_run(rule: Optimizer, plans: list[RunPlan]) -> RunPlan:
    """The run a new rule joins with: like that of the rule it is a duplicate of, where there is one."""
    origin = re.sub(r"_\d+$", "", rule.name)
    like = next((plan for plan in plans if plan.optimizer.built_in and plan.optimizer.name == origin), None)
    return like.with_optimizer(rule) if like else RunPlan(rule)
