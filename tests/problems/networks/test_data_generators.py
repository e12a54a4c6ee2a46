"""Each generator makes what its name says, the same bits for the same seed."""

import numpy as np
import pytest

from gdviewer.problems.networks.generators import GENERATORS, make

NAMES = list(GENERATORS)


@pytest.mark.parametrize("name", NAMES)
def test_that_the_same_seed_makes_the_same_bits_and_another_makes_others(name):
    first, same, other = (make(name, samples=30, seed=seed) for seed in (5, 5, 6))
    assert np.array_equal(first.inputs, same.inputs)
    assert np.array_equal(first.targets, same.targets)
    assert not np.array_equal(first.inputs, other.inputs)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("samples", [1, 2, 7, 200])
def test_that_there_are_as_many_rows_as_asked_for_of_the_kind_that_is_reported(name, samples):
    made = make(name, samples=samples)
    assert len(made) == len(made.targets) == samples
    assert made.kind == GENERATORS[name].kind
    assert made.classes == GENERATORS[name].classes
    assert f"{samples} row" in made.origin
    if samples == 200 and made.classes and made.kind == "table":
        counts = np.bincount(made.targets, minlength=len(made.classes))
        assert np.ptp(counts) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_that_the_last_input_can_have_another_unit(name):
    plain, scaled = make(name, samples=20), make(name, samples=20, scale_ratio=1000)
    assert np.array_equal(scaled.inputs[..., -1], 1000 * plain.inputs[..., -1])
    assert np.array_equal(scaled.inputs[..., :-1], plain.inputs[..., :-1])
    assert np.array_equal(scaled.targets, plain.targets)


@pytest.mark.parametrize("name", NAMES)
def test_that_noise_has_the_size_it_is_given(name):
    exact, noisy = (make(name, samples=5000, noise=noise) for noise in (0, 0.2))
    apart = noisy.inputs - exact.inputs
    if not apart.any():  # the noise is in the targets
        apart = noisy.targets - exact.targets
    assert apart.std() == pytest.approx(0.2, rel=0.03)


@pytest.mark.parametrize("name", NAMES)
def test_that_each_set_is_reported_in_a_sentence(name):
    assert GENERATORS[name].meaning.endswith(".")


def test_that_xor_without_noise_is_the_four_corners_over_and_over():
    made = make("xor", samples=8, noise=0)
    assert made.inputs.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]] * 2
    assert made.targets.tolist() == [0, 1, 1, 0] * 2


def test_that_circles_moons_and_spirals_without_noise_are_what_they_are_called():
    made = make("circles", noise=0)
    radius = np.hypot(*made.inputs.T)
    assert radius[made.targets == 0] == pytest.approx(1)
    assert radius[made.targets == 1] == pytest.approx(0.5)
    made = make("moons", noise=0)
    upper, lower = made.inputs[made.targets == 0], made.inputs[made.targets == 1]
    assert np.hypot(*upper.T) == pytest.approx(1)
    assert np.hypot(*(lower - [1, 0.5]).T) == pytest.approx(1)
    assert upper[:, 1].min() >= 0
    assert lower[:, 1].max() <= 0.5
    made = make("spirals", noise=0)
    assert made.inputs[made.targets == 1] == pytest.approx(-made.inputs[made.targets == 0])
    assert np.hypot(*made.inputs.T).max() == pytest.approx(2, abs=0.05)


def test_that_blobs_lie_around_three_centres():
    made = make("blobs", samples=3000)
    centres = np.array([made.inputs[made.targets == k].mean(axis=0) for k in range(3)])
    assert np.hypot(*centres.T) == pytest.approx(0.25, abs=0.02)
    assert np.linalg.norm(centres - np.roll(centres, 1, axis=0), axis=1) == pytest.approx(0.433, abs=0.03)


def test_that_curves_without_noise_follow_their_formulas():
    made = make("line", noise=0)
    assert made.targets == pytest.approx(1 + 0.5 * made.inputs)
    made = make("sine", noise=0)
    assert made.targets == pytest.approx(np.sin(2 * made.inputs))
    made = make("two_scales", noise=0)
    assert made.targets[:, 0] == pytest.approx(1 + made.inputs @ [2, -1])


def test_that_echo_repeats_each_input_three_steps_later():
    made = make("echo", noise=0)
    assert made.per_step
    assert set(made.inputs.ravel()) == {0, 1}
    assert np.array_equal(made.targets[:, 3:], made.inputs[:, :-3, 0])
    assert not made.targets[:, :3].any()


def test_that_parity_counts_the_ones():
    made = make("parity", noise=0)
    assert not made.per_step
    assert np.array_equal(made.targets, made.inputs.sum(axis=(1, 2)) % 2)


def test_that_the_target_of_a_noisy_sine_goes_on_with_its_wave():
    made = make("noisy_sine", noise=0)
    x = np.concatenate([made.inputs[..., 0], made.targets], axis=1)
    twice_cosine = (x[:, 2:] + x[:, :-2])[:, -1] / x[:, -2]  # sin(a + d) + sin(a − d) = 2 cos(d) sin(a)
    assert (
        (twice_cosine > 2 * np.cos(2 * np.pi / 8) - 1e-6) & (twice_cosine < 2 * np.cos(2 * np.pi / 16) + 1e-6)
    ).all()
    assert np.abs(x).max() <= 1


def test_that_a_set_that_does_not_exist_is_reported_with_those_that_do():
    with pytest.raises(ValueError, match="there is no data set 'moon'; there are blobs, moons"):
        make("moon")
    with pytest.raises(ValueError, match="at least one row can be made; got 0"):
        make("moons", samples=0)
