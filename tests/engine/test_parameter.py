import math
import pickle

import pytest

from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.parameter import Parameter, decay, rate, small, symbol_of, tiny


@pytest.mark.parametrize("declare", [rate, decay, tiny])
def test_that_a_declared_number_is_just_its_default(declare):
    parameter = declare(0.25)
    assert parameter == 0.25
    assert isinstance(parameter, float)
    assert parameter * 2 == 0.5


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        (rate(0.1), 0, r"η must be in \(0, 10\]; got 0"),
        (rate(0.1), -1, r"η must be in \(0, 10\]; got -1"),
        (rate(0.1), 10.5, r"η must be in \(0, 10\]; got 10.5"),
        (rate(0.1), math.nan, "got nan"),
        (rate(0.1), math.inf, "got inf"),
        (rate(0.1), "fast", "η must be a number; got 'fast'"),
        (rate(0.1), "", "η must be a number; got ''"),
        (rate(0.1), None, "η must be a number; got None"),
        (rate(0.1), 1j, "η must be a number; got 1j"),
        (decay(0.9), 1, r"η must be in \[0, 1\); got 1"),
        (tiny(0.1), 0, r"η must be in \(0, 1\]; got 0"),
        (small(0, "decay"), -1e-9, r"η must be in \[0, 10\]; got -1e-09"),
        (Parameter(0), math.inf, r"η must be in \(-inf, inf\); got inf"),
    ],
)
def test_that_a_wrong_value_is_refused_with_name_and_range(parameter, value, message):
    with pytest.raises(ValueError, match=message):
        parameter.check("η", value)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (rate(0.1), 10),
        (decay(0.9), 0),
        (tiny(1e-8), 1),
        (tiny(0.1, zero=True), 0),
        (small(1, "decay"), 0),
        (rate(1), "0.5"),
    ],
)
def test_that_a_bound_that_belongs_to_the_range_is_accepted(parameter, value):
    assert parameter.check("p", value) == float(value)


def test_that_a_parameter_survives_pickling_with_all_it_knows():
    before = Parameter(2, 1, 8, scale="log", meaning="how", open_high=True, slider=(1, 4))
    after = pickle.loads(pickle.dumps(before))
    assert (after, vars(after)) == (before, vars(before))


@pytest.mark.parametrize(
    ("name", "symbol"), [("beta1", "β₁"), ("learning_rate", "η"), ("eps", "ε"), ("b", "b"), ("x12", "x₁₂"), ("7", "₇")]
)
def test_that_names_become_symbols(name, symbol):
    assert symbol_of(name) == symbol


def test_that_an_optimizer_is_read_off_its_signature():
    @optimizer("Mine", source="me")
    def mine(x, f, t, m=0.5, *, learning_rate=rate(0.1), plain=3):
        """Do it.

        More.
        """
        return x, m

    assert (mine.name, mine.title, mine.source, mine.summary) == ("mine", "Mine", "me", "Do it.")
    assert mine.counts_steps
    assert mine.state == {"m": 0.5}
    assert mine.check({"plain": 4}) == {"learning_rate": 0.1, "plain": 4.0}
    assert mine(1, None, 1, learning_rate=0.1) == (1, 0.5)
    with pytest.raises(ValueError, match="mine has no parameter 'learning_rat'; did you mean 'learning_rate'"):
        mine.check({"learning_rat": 1})


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda f, x: x, "must be written as"),
        (lambda x, f, *state: x, "must be written as"),
        (lambda x, f, **options: x, "must be written as"),
        (lambda x, f, m: x, "m needs an initial value"),
        (lambda x, f, *, rate: x, "rate needs an initial value"),
    ],
)
def test_that_a_signature_of_another_form_is_reported(rule, message):
    with pytest.raises(TypeError, match=message):
        optimizer("odd")(rule)
