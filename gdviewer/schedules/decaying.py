"""Schedules that only decrease the rate."""

import math

from gdviewer.engine.rules.parameter import Numbers, Parameter, count
from gdviewer.engine.rules.schedule import schedule


def factor(default, meaning):
    """Declare the factor that a rate is multiplied by, in (0, 1]."""
    return Parameter(default, 0, 1, open_low=True, slider=(0.01, 1), meaning=meaning)


@schedule("Constant", "The same rate at every step.", source="textbook")
def constant(t, learning_rate):  # noqa: ARG001 - like every schedule
    return learning_rate


@schedule("Step", "Multiply the rate by a factor at fixed intervals.", source="torch.optim.lr_scheduler.StepLR")
def step(
    t, learning_rate, *,
    step_size=count(100, meaning="steps between two cuts"), gamma=factor(0.5, "factor for the rate"),
):  # fmt: skip
    return learning_rate * gamma ** (t // step_size)


@schedule("Multi-step", "Cut the rate by a factor at chosen steps.", source="torch.optim.lr_scheduler.MultiStepLR")
def multistep(
    t, learning_rate, *,
    milestones=Numbers([100, 300], "the steps after which the rate is cut"),
    gamma=factor(0.1, "factor for the rate"),
):  # fmt: skip
    cuts = sum(t >= milestone for milestone in milestones)
    return learning_rate * gamma**cuts


@schedule(
    "Exponential",
    "Multiply the rate by a factor in every step.",
    source="torch.optim.lr_scheduler.ExponentialLR",
)
def exponential(t, learning_rate, *, gamma=Parameter(
    0.995, 0, 1, open_low=True, scale="complement", slider=(0, 0.99999), meaning="share of the rate kept at each step"
)):  # fmt: skip
    return learning_rate * gamma**t


@schedule(
    "Inverse time",
    "Divide the rate by 1 + k·t, the classic schedule for noisy gradients.",
    source="Robbins & Monro 1951; Keras InverseTimeDecay",
)
def inverse_time(t, learning_rate, *, decay_rate=Parameter(
    0.01, 0, 1e3, scale="log", slider=(1e-5, 10), meaning="k: after 1/k steps the rate is halved"
)):  # fmt: skip
    return learning_rate / (1 + decay_rate * t)


@schedule(
    "Inverse square root",
    "Divide the rate by √(1 + t/τ), which falls more slowly than 1/t.",
    source="Vaswani et al. 2017, without their warm-up",
)
def inverse_sqrt(t, learning_rate, *, timescale=count(
    100, meaning="τ: steps in which the rate falls by a factor of √2"
)):  # fmt: skip
    return learning_rate / math.sqrt(1 + t / timescale)


@schedule(
    "Polynomial",
    "Lower the rate to zero by a power of the remaining steps; 1 is a straight line.",
    source="torch.optim.lr_scheduler.PolynomialLR",
)
def polynomial(
    t, learning_rate, *,
    total_iters=count(1000, meaning="steps after which the rate is 0"),
    power=Parameter(1.0, 0, 10, open_low=True, slider=(0.1, 4), meaning="power: 1 is a straight line to 0"),
):  # fmt: skip
    return learning_rate * (1 - min(t, total_iters) / total_iters) ** power
