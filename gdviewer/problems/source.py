"""Sources of a problem's data: generated from parameters, or given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from gdviewer.engine.rules.parameter import Declared

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class DataSource(Protocol[T_co]):
    """A source of data."""

    @property
    def parameters(self) -> Mapping[str, Declared]:
        """The parameters of the source."""

    def make(self, values: Mapping[str, Any]) -> T_co:
        """Return the data for values of these parameters."""


@dataclass(frozen=True)
class Given(Generic[T]):
    """Data given by the user."""

    data: T
    parameters: Mapping[str, Declared] = field(default_factory=dict, hash=False)

    def make(self, values: Mapping[str, Any]) -> T:  # noqa: ARG002 - there is nothing to set
        return self.data
