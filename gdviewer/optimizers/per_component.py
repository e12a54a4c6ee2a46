"""Methods with a separate learning rate for each component."""

import numpy as np

from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.parameter import Switch, decay, rate, small, tiny


@optimizer(
    "Adagrad",
    "Divide each component by the root of the sum of its squared gradients; the rates only decrease.",
    source="Duchi, Hazan & Singer 2011; torch.optim.Adagrad",
)
def adagrad(
    x,
    f,
    t,
    s=0.0,
    *,
    learning_rate=rate(1e-2),
    lr_decay=small(0, "decay of the learning rate with each step"),
    initial_accumulator_value=small(0, "initial value of the sum of squares"),
    eps=tiny(1e-10),
):
    """PyTorch's form, √s + ε with s starting at 0; Keras and optax start at 0.1 and put ε inside the root."""
    if t == 1:
        s = initial_accumulator_value
    g = f.gradient(x)
    s = s + g**2
    eta = learning_rate / (1 + (t - 1) * lr_decay)
    x = x - eta * g / (np.sqrt(s) + eps)
    return x, s


@optimizer(
    "RMSprop",
    "Divide each component by the root of a running mean of its squared gradients.",
    source="Tieleman & Hinton 2012; torch.optim.RMSprop",
)
def rmsprop(
    x,
    f,
    v=0.0,
    a=0.0,
    b=0.0,
    *,
    learning_rate=rate(1e-2),
    alpha=decay(0.99, "share of the mean square kept"),
    momentum=decay(0.0, "share of the velocity kept"),
    eps=tiny(1e-8),
    centered=Switch(False, meaning="divide by the root of the variance: mean square minus squared mean"),
    eps_inside=Switch(False, meaning="add ε inside the root, as Keras and optax do"),
):
    """PyTorch's form: √v + ε, and the learning rate is not part of the velocity b. Keras and optax put ε inside the
    root and the learning rate into the velocity, which differs where the rate changes on the way.
    """
    g = f.gradient(x)
    v = alpha * v + (1 - alpha) * g**2
    a = alpha * a + (1 - alpha) * g
    v_hat = v - a**2 if centered else v
    root = np.sqrt(v_hat + eps) if eps_inside else np.sqrt(v_hat) + eps
    b = momentum * b + g / root
    x = x - learning_rate * b
    return x, v, a, b


@optimizer(
    "Adadelta",
    "Scale each step by the ratio of recent steps to recent gradients, so that no learning rate is needed.",
    source="Zeiler 2012; torch.optim.Adadelta",
)
def adadelta(
    x,
    f,
    v=0.0,
    u=0.0,
    *,
    learning_rate=rate(1.0),
    rho=decay(0.9, "share of the mean squares kept"),
    eps=tiny(1e-6, "small number inside the roots; it determines the first steps"),
):
    """PyTorch's defaults are the paper's, η = 1; Keras has η = 0.001, ρ = 0.95, ε = 1e-7."""
    g = f.gradient(x)
    v = rho * v + (1 - rho) * g**2
    d = np.sqrt(u + eps) / np.sqrt(v + eps) * g
    u = rho * u + (1 - rho) * d**2
    x = x - learning_rate * d
    return x, v, u
