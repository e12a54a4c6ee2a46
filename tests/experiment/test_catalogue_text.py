"""The catalogue as text."""

from __future__ import annotations

import re
from functools import cache

import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.notation.notation import expression, formulas
from gdviewer.experiment.catalogue import escaped, markdown, minima_lines, minima_text


@cache
def sections() -> dict[str, str]:
    """The text under the heading of each entry, by the entry's name."""
    parts = re.split(r"^#+ ([^\n]*)\n", markdown(), flags=re.MULTILINE)
    named = zip((re.search(r"\(`(\w+)`\)$", heading) for heading in parts[1::2]), parts[2::2], strict=True)
    return {name[1]: text for name, text in named if name}


@pytest.mark.parametrize("name", optimizers.names())
def test_that_an_optimizer_is_reported_with_its_rule_its_ranges_and_its_source(name):
    o = optimizers.get(name)
    text = sections()[name]
    assert "\n".join(formulas(o.function)) in text
    assert all(escaped(words) in text for words in (o.summary, o.source))
    for key, parameter in o.hyperparameters.items():
        row = next(row for row in text.splitlines() if f"| `{key}` |" in row)
        assert escaped(parameter.range_text) in row
        assert len(re.findall(r"(?<!\\)\|", row)) == 6


@pytest.mark.parametrize("name", problems.names())
def test_that_a_problem_is_reported_with_its_formula_its_minima_and_its_source(name):
    p = problems.get(name)
    text = sections()[name]
    assert expression(p.formula) in text
    assert all(escaped(words) in text for words in (p.why, p.source, *minima_lines(p)))
    assert all(f"| `{key}` |" in text for key in p.parameters)


def test_that_minima_are_counted_by_their_kind():
    class Known(problems.FormulaProblem):
        minimum_kinds = ("global", "local", "local")

    class Kinked(problems.FormulaProblem):
        minimum_kinds = ("global, kink",)

    at = {"domain": (-1, 1), "start": 0}
    assert minima_text(Known("k", "K", "x**4", minima=[[0], [1], [2]], **at)) == "3 minima: 1 global, 2 local"
    kinked = Kinked("k", "K", "abs(x)", minima=[[0]], **at)
    assert minima_text(kinked) == "1 minimum: global (kink)"
    assert minima_lines(kinked) == ["f(0) = 0, global, kink"]
    assert minima_text(problems.get("saddle")) == "no known minimum"


def test_that_long_points_are_not_written_out():
    from gdviewer.problems.function import FunctionProblem

    class Long(FunctionProblem):
        minima = ((0.0,) * 1000,)

    assert minima_lines(Long(lambda x: 0.0, [0.0] * 1000)) == []


def test_that_what_markdown_would_take_for_its_own_is_escaped():
    assert escaped("a | b*c*d `e` [f](g) <h>\n# i") == r"a \| b\*c\*d \`e\` \[f\](g) \<h\> \# i"
