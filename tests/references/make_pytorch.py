"""Write pytorch.json: where PyTorch's optimizers are after some of their steps, in float64.

PyTorch is no dependency; run this in an environment of its own:

    pip install torch==2.13.0 qhoptim==1.1.0 pytorch_optimizer==4.1.0
    python tests/references/make_pytorch.py

QHM and QHAdam come from their authors' library, qhoptim; Adan as its authors weigh it from pytorch_optimizer, since
optax weighs it otherwise.
"""

from importlib.metadata import version

import pytorch_optimizer
import torch
from descents import RATE_HALVED_AFTER, STEPS, write
from qhoptim import pyt as qhoptim
from torch import optim

torch.set_default_dtype(torch.float64)

MEANS = [{"beta1": 0.8, "beta2": 0.95, "eps": 1e-4}, {"beta1": 0.95, "beta2": 0.99, "eps": 1e-7}]


THEIR_NAMES = {"learning_rate": "lr"}
THEIR_PAIRS = {
    "betas": ("beta1", "beta2", "beta3"), "nus": ("nu1", "nu2"), "etas": ("eta_minus", "eta_plus"),
    "step_sizes": ("step_min", "step_max"),
}  # fmt: skip


def of(optimizer, **fixed):
    """A PyTorch optimizer, made with our names for its arguments; those not given are its own defaults."""

    def make(parameters, **values):
        for theirs, ours in THEIR_PAIRS.items():
            if parts := [values.pop(name) for name in ours if name in values]:
                values[theirs] = tuple(parts)
        return optimizer(parameters, **{THEIR_NAMES.get(name, name): value for name, value in values.items()}, **fixed)

    return make


def rmsprop(parameters, eps_inside=False, **values):
    """PyTorch's RMSprop, which has ε outside."""
    assert not eps_inside
    return of(optim.RMSprop)(parameters, **values)


def adan(parameters, eps_root, as_published, **values):
    """Adan as its authors weigh it."""
    assert as_published
    assert eps_root == 0
    return of(pytorch_optimizer.Adan, weight_decouple=True)(parameters, **values)


OPTIMIZERS = {
    "gradient_descent": ("long", 1, of(optim.SGD), [{}, None]),
    "momentum": (
        "long", 0.5, of(optim.SGD),
        [{"momentum": 0.8, "dampening": 0.3}, {"momentum": 0.95, "dampening": 0.6}, {"momentum": 0.9}],
    ),
    "nesterov": ("long", 0.5, of(optim.SGD, nesterov=True), [{"momentum": 0.85}, {"momentum": 0.6}]),
    "qhm": ("long", 2, of(qhoptim.QHM), [{"momentum": 0.9, "nu": 0.6}, {"momentum": 0.98, "nu": 0.9}]),
    "asgd": (
        "long", 1, of(optim.ASGD),
        [{"lambd": 0.02, "alpha": 0.6, "t0": 30}, {"lambd": 0.1, "alpha": 1.0, "t0": 1}, None],
    ),
    "adagrad": (
        "set", 10, of(optim.Adagrad),
        [
            {"lr_decay": 0.02, "initial_accumulator_value": 0.1, "eps": 1e-4},
            {"lr_decay": 0.001, "initial_accumulator_value": 2.0, "eps": 1e-8},
            None,
        ],
    ),
    "rmsprop": (
        "set", 0.2, rmsprop,
        [
            {"alpha": 0.96, "momentum": 0.5, "eps": 1e-2, "centered": False, "eps_inside": False},
            {"alpha": 0.95, "momentum": 0.3, "eps": 1e-2, "centered": True, "eps_inside": False},
            None,
        ],
    ),
    "adadelta": ("set", 50, of(optim.Adadelta), [{"rho": 0.97, "eps": 1e-4}, {"rho": 0.95, "eps": 1e-5}, None]),
    "adam": ("set", 1, of(optim.Adam), [*MEANS, None]),
    "amsgrad": ("set", 1, of(optim.Adam, amsgrad=True), [*MEANS, None]),
    "adamw": (
        "set", 1, of(optim.AdamW),
        [MEANS[0] | {"weight_decay": 0.1}, MEANS[1] | {"weight_decay": 0.5}, None],
    ),
    "nadam": (
        "set", 1, of(optim.NAdam),
        [MEANS[0] | {"momentum_decay": 0.05}, MEANS[1] | {"momentum_decay": 1.0}, None],
    ),
    "radam": ("long", 2, of(optim.RAdam), [*MEANS, None]),
    "adamax": ("set", 0.5, of(optim.Adamax), [*MEANS, None]),
    "qhadam": (
        "set", 1, of(qhoptim.QHAdam),
        [MEANS[0] | {"nu1": 0.6, "nu2": 0.9}, MEANS[1] | {"nu1": 0.9, "nu2": 0.5}],
    ),
    "adan": (
        "set", 1, adan,
        [
            {"beta1": 0.9, "beta2": 0.85, "beta3": 0.97, "eps": 1e-5, "eps_root": 0.0, "weight_decay": 0.2,
             "as_published": True},
        ],
    ),
    "rprop": (
        "set", 1, of(optim.Rprop),
        [
            {"eta_minus": 0.6, "eta_plus": 1.1, "step_min": 1e-5, "step_max": 0.5},
            {"eta_minus": 0.3, "eta_plus": 1.3, "step_min": 1e-3, "step_max": 0.1},
            None,
        ],
    ),
}  # fmt: skip
MORE_STATE = {"average": "ax"}


def descend(make, function, start, hyperparameters):
    """The point after each step, and of the state what the point does not depend on."""
    x = torch.tensor(start, requires_grad=True)
    rule = make([x], **hyperparameters)
    rate = rule.param_groups[0]["lr"]
    path = {"x": []}
    for t in range(1, max(STEPS) + 1):
        if t == RATE_HALVED_AFTER + 1:
            rule.param_groups[0]["lr"] = rate / 2
        rule.zero_grad()
        function(torch, *x).backward()
        rule.step()
        path["x"].append(x.detach().tolist())
        for ours, theirs in MORE_STATE.items():
            if theirs in rule.state[x]:
                path.setdefault(ours, []).append(rule.state[x][theirs].tolist())
    return path


if __name__ == "__main__":
    libraries = ("torch", "qhoptim", "pytorch_optimizer")
    write("pytorch.json", {name: version(name).partition("+")[0] for name in libraries}, OPTIMIZERS, descend)
