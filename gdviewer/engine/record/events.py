"""Events of a record: hyperparameters that were moved, breakpoints that were hit, and the sentences about them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Message:
    """A sentence with the values in it kept apart, so that it can be translated first and filled in afterwards.

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
    """A hyperparameter that was moved while the run was under way; ``step`` is the first step that used it."""

    step: int
    name: str
    value: float


@dataclass(frozen=True)
class Hit:
    """A breakpoint that was hit.

    Attributes:
        step: the step in which it was; the last row of the trace then, or one more where the move was not applied.
        breakpoint: which.
        message: where and why.
    """

    step: int
    breakpoint: Hashable
    message: Message
