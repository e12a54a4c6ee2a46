"""Where the data of a problem come from: made by what can be set about them, or given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from gdviewer.engine.rules.parameter import Declared

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class DataSource(Protocol[T_co]):
    """Where data come from."""

    @property
    def parameters(self) -> Mapping[str, Declared]:
        """What can be set about it."""

    def make(self, values: Mapping[str, Any]) -> T_co:
        """The data for values of these parameters."""


@dataclass(frozen=True)
class Given(Generic[T]):
    """Data as they are."""

    data: T
    parameters: Mapping[str, Declared] = field(default_factory=dict, hash=False)

    def make(self, values: Mapping[str, Any]) -> T:  # noqa: ARG002 - there is nothing to set
        return self.data
