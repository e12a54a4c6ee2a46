"""Schedules of cosines and cycles, some of which raise the rate again."""

import math

from gdviewer.engine.rules.parameter import Choice, Parameter, count
from gdviewer.engine.rules.schedule import schedule


def floor(meaning="lowest rate"):
    """The rate at the bottom of a curve: from 0."""
    return Parameter(0.0, 0, 10, slider=(0, 0.1), meaning=meaning)


@schedule(
    "Cosine",
    "Half a cosine down to the lowest rate; after that it rises again, as in PyTorch (optax stays).",
    source="Loshchilov & Hutter 2017; torch.optim.lr_scheduler.CosineAnnealingLR",
)
def cosine(
    t, learning_rate, *, T_max=count(1000, meaning="steps from the highest rate to the lowest"), eta_min=floor()
):
    return eta_min + (learning_rate - eta_min) * (1 + math.cos(math.pi * t / T_max)) / 2


@schedule(
    "Cosine with warm restarts",
    "Half a cosine down, then back to the full rate: each restart may escape a local minimum.",
    source="Loshchilov & Hutter 2017; torch.optim.lr_scheduler.CosineAnnealingWarmRestarts",
)
def cosine_warm_restarts(
    t, learning_rate, *,
    T_0=count(100, meaning="steps of the first cycle"),
    T_mult=count(1, high=10, scale="linear", meaning="how much longer each cycle is than the one before"),
    eta_min=floor(),
):  # fmt: skip
    since, length = t, T_0
    while since >= length:
        since = since - length
        length = length * T_mult
    return eta_min + (learning_rate - eta_min) * (1 + math.cos(math.pi * since / length)) / 2


@schedule(
    "Warm-up and cosine",
    "Rise linearly to the full rate, then follow half a cosine down and stay there.",
    source="Goyal et al. 2017; optax.warmup_cosine_decay_schedule",
)
def warmup_cosine(
    t, learning_rate, *,
    warmup_steps=count(100, low=0, scale="linear", slider=(0, 1000), meaning="steps to the full rate"),
    decay_steps=count(1000, meaning="steps until the lowest rate, including the rise"),
    eta_min=floor(),
):  # fmt: skip
    """The first step has 1/warmup_steps of the rate; optax begins with a step of zero."""
    if t < warmup_steps:
        return learning_rate * (t + 1) / warmup_steps
    share = min(1, (t - warmup_steps) / max(1, decay_steps - warmup_steps))
    return eta_min + (learning_rate - eta_min) * (1 + math.cos(math.pi * share)) / 2


@schedule(
    "Cyclic",
    "Rise and fall linearly between the learning rate and a multiple of it.",
    source="Smith 2017; torch.optim.lr_scheduler.CyclicLR",
)
def cyclic(
    t, learning_rate, *,
    max_factor=Parameter(10, 1, 1e4, scale="log", slider=(1, 100), meaning="highest rate, in multiples of the lowest"),
    step_size_up=count(100, meaning="steps from the lowest rate to the highest"),
    mode=Choice("triangular", ["triangular", "triangular2", "exp_range"],
                "triangular: equal cycles; triangular2: each half as high; exp_range: decays by γ in each step"),
    gamma=Parameter(0.999, 0, 1, open_low=True, scale="complement", slider=(0, 0.99999), meaning="decay of exp_range"),
):  # fmt: skip
    """PyTorch's base_lr is the learning rate here, and its max_lr is max_factor times that."""
    cycle = math.floor(1 + t / (2 * step_size_up))
    height = max(0, 1 - abs(t / step_size_up - 2 * cycle + 1))
    scale = {"triangular": 1, "triangular2": 1 / 2 ** (cycle - 1), "exp_range": gamma**t}[mode]
    return learning_rate + learning_rate * (max_factor - 1) * height * scale


@schedule(
    "One cycle",
    "Rise from a small rate to the full one and fall to almost zero, once.",
    source="Smith & Topin 2018; torch.optim.lr_scheduler.OneCycleLR",
)
def one_cycle(
    t, learning_rate, *,
    total_steps=count(1000, low=2, meaning="steps of the cycle; the last rate stays after them"),
    pct_start=Parameter(0.3, 0, 1, meaning="share of the steps in which the rate rises"),
    div_factor=Parameter(25, 1, 1e6, scale="log", slider=(1, 1000), meaning="full rate divided by first rate"),
    final_div_factor=Parameter(1e4, 1, 1e12, scale="log", slider=(1, 1e6), meaning="first rate divided by last rate"),
    anneal_strategy=Choice("cos", ["cos", "linear"], "half a cosine or a straight line"),
):  # fmt: skip
    """PyTorch's max_lr is the learning rate here. It also moves the momentum the other way; here only the rate
    moves.
    """
    first, last = learning_rate / div_factor, learning_rate / div_factor / final_div_factor
    top = pct_start * total_steps - 1
    if t <= top:
        start, end, share = first, learning_rate, t / max(top, 1e-9)
    else:
        start, end, share = learning_rate, last, min(1, (t - top) / max(total_steps - 1 - top, 1e-9))
    if anneal_strategy == "linear":
        return start + (end - start) * share
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
