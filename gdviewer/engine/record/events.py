"""Events of a record: changed hyperparameters and breakpoint hits, with their messages."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Message:
    """A sentence and its values, which are inserted after the sentence is translated.

    Attributes:
        template: the sentence, with a ``{name}`` for each value.
        values: the values by these names.
    """

    template: str
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)  # equal messages have equal templates

    @property
    def text(self) -> str:
        """The sentence with its values."""
        return self.template.format(**self.values)


@dataclass(frozen=True)
class Change:
    """A hyperparameter that was changed during a run; ``step`` is the first step with the new value."""

    step: int
    name: str
    value: float


@dataclass(frozen=True)
class Hit:
    """A hit of a breakpoint.

    Attributes:
        step: the step of the hit: the last row of the trace at that time, or the next one if its move was not applied.
        breakpoint: the breakpoint.
        message: the step and the reason.
    """

    step: int
    breakpoint: Hashable
    message: Message
