"""Write optax.json: where optax's optimizers are after some of their steps, in float64.

optax is no dependency; run this in an environment of its own:

    pip install optax==0.2.8 jax
    python tests/references/make_optax.py

Here is what PyTorch does not have. RMSprop with ε inside the root is put together of optax's parts, as optax has the
learning rate inside the velocity and PyTorch outside.
"""

from importlib.metadata import version

import jax
import optax
import optax.contrib
from descents import RATE_HALVED_AFTER, STEPS, write
from jax import numpy as jnp

jax.config.update("jax_enable_x64", True)

MEANS = [{"beta1": 0.8, "beta2": 0.95, "eps": 1e-4}, {"beta1": 0.95, "beta2": 0.99, "eps": 1e-7}]
THEIR_NAMES = {"beta1": "b1", "beta2": "b2", "beta3": "b3"}


def of(optimizer):
    """An optax optimizer, made with our names for its arguments; those not given are its own defaults."""
    return lambda **values: optimizer(**{THEIR_NAMES.get(name, name): value for name, value in values.items()})


def rmsprop(learning_rate, alpha, momentum, eps, centered, eps_inside):
    scale = optax.scale_by_stddev if centered else optax.scale_by_rms
    return optax.chain(
        scale(alpha, eps, eps_in_sqrt=eps_inside), optax.trace(momentum), optax.scale_by_learning_rate(learning_rate)
    )


def adan(as_published=False, **values):
    """Adan as optax weighs it."""
    assert not as_published
    return of(optax.adan)(**values)


OPTIMIZERS = {
    "rmsprop": (
        "set", 0.2, rmsprop,
        [
            {"alpha": 0.95, "momentum": 0.4, "eps": 1e-4, "centered": False, "eps_inside": True},
            {"alpha": 0.9, "momentum": 0.2, "eps": 1e-1, "centered": True, "eps_inside": True},
        ],
    ),
    "sign_sgd": ("set", 1, of(optax.sign_sgd), [{}]),
    "signum": ("set", 0.5, of(optax.signum), [{"beta": 0.8}, {"beta": 0.95}, {}]),
    "lion": (
        "set", 0.5, of(optax.lion),
        [{"beta1": 0.8, "beta2": 0.95, "weight_decay": 0.1}, {"beta1": 0.95, "beta2": 0.98, "weight_decay": 0.5}, {}],
    ),
    "yogi": ("set", 1, of(optax.yogi), [*MEANS, {}]),
    "adabelief": (
        "set", 1, of(optax.adabelief),
        [MEANS[0] | {"eps_root": 1e-3}, MEANS[1] | {"eps_root": 1e-6}, {}],
    ),
    "adan": (
        "set", 1, adan,
        [
            {"beta1": 0.9, "beta2": 0.85, "beta3": 0.97, "eps": 1e-5, "eps_root": 1e-4, "weight_decay": 0.2,
             "as_published": False},
            {"beta1": 0.95, "beta2": 0.6, "beta3": 0.9, "eps": 1e-3, "eps_root": 1e-6, "weight_decay": 0.02,
             "as_published": False},
            {},
        ],
    ),
    "ademamix": (
        "set", 0.5, of(optax.contrib.ademamix),
        [
            MEANS[0] | {"beta3": 0.99, "alpha": 3.0, "weight_decay": 0.1},
            MEANS[1] | {"beta3": 0.999, "alpha": 8.0, "weight_decay": 0.02},
            {},
        ],
    ),
    "adopt": ("set", 1, of(optax.contrib.adopt), [MEANS[0], MEANS[1] | {"eps": 0.8}, {}]),
    "lamb": (
        "set", 0.2, of(optax.lamb),
        [MEANS[0] | {"weight_decay": 0.1}, MEANS[1] | {"weight_decay": 0.02}, {}],
    ),
    "novograd": (
        "set", 0.5, of(optax.novograd),
        [MEANS[0] | {"weight_decay": 0.1}, MEANS[1] | {"weight_decay": 0.02}, {}],
    ),
}  # fmt: skip


def descend(make, function, start, hyperparameters):
    """The point after each step."""
    rate = hyperparameters["learning_rate"]
    halved = {"learning_rate": lambda done: jnp.where(done < RATE_HALVED_AFTER, rate, rate / 2)}
    rule = make(**hyperparameters | halved)
    slope = jax.grad(lambda x: function(jnp, *x))

    @jax.jit
    def step(x, state):
        updates, state = rule.update(slope(x), state, x)
        return optax.apply_updates(x, updates), state

    x = jnp.array(start)
    state, path = rule.init(x), []
    for _ in range(max(STEPS)):
        x, state = step(x, state)
        path.append(x.tolist())
    return {"x": path}


if __name__ == "__main__":
    write("optax.json", {name: version(name) for name in ("optax", "jax")}, OPTIMIZERS, descend)
