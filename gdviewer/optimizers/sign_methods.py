"""Methods that use only the signs of the gradient."""

import numpy as np

from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.parameter import Parameter, decay, rate, small, tiny


@optimizer(
    "signSGD",
    "Move every component by the same length: x ← x − η·sign(g).",
    source="Bernstein et al. 2018; optax.sign_sgd",
)
def sign_sgd(x, f, *, learning_rate=rate(1e-3)):
    g = f.gradient(x)
    x = x - learning_rate * np.sign(g)
    return x


@optimizer(
    "Signum",
    "Move every component by the same length, by the sign of a running mean of its gradients.",
    source="Bernstein et al. 2018; optax.signum",
)
def signum(x, f, m=0.0, *, learning_rate=rate(1e-3), beta=decay(0.9, "share of the mean gradient kept")):
    g = f.gradient(x)
    m = beta * m + (1 - beta) * g
    x = x - learning_rate * np.sign(m)
    return x, m


@optimizer(
    "Lion",
    "Step along the sign of a mix of gradient and mean gradient; found by a search over programs.",
    source="Chen et al. 2023; optax.lion",
)
def lion(
    x,
    f,
    m=0.0,
    *,
    learning_rate=rate(1e-4),
    beta1=decay(0.9, "share of the mean gradient in the direction"),
    beta2=decay(0.99, "share of the mean gradient kept"),
    weight_decay=small(1e-3, "decoupled weight decay: shrinks the point by η·λ of itself"),
):
    """The paper advises a rate 3 to 10 times below Adam's and a decay as much above. optax's λ; the authors' code
    has 0.
    """
    g = f.gradient(x)
    u = np.sign(beta1 * m + (1 - beta1) * g)
    m = beta2 * m + (1 - beta2) * g
    x = x - learning_rate * (u + weight_decay * x)
    return x, m


@optimizer(
    "Rprop",
    "Adapt the step of each component: longer while its gradient keeps its sign, shorter after a change.",
    source="Riedmiller & Braun 1993, Igel & Hüsken 2000 (iRprop−); torch.optim.Rprop",
)
def rprop(
    x,
    f,
    t,
    g_previous=0.0,
    delta=0.0,
    *,
    learning_rate=rate(1e-2, "length of the first step; the method sets the later ones"),
    eta_minus=Parameter(
        0.5, 0, 1, open_low=True, open_high=True, slider=(0.01, 0.99), meaning="factor after a change of sign"
    ),
    eta_plus=Parameter(1.2, 1, 10, open_low=True, slider=(1.01, 3), meaning="factor while the sign stays"),
    step_min=tiny(1e-6, "shortest step"),
    step_max=Parameter(50, 0, 1e6, scale="log", open_low=True, slider=(1e-3, 1e6), meaning="longest step"),
):
    """PyTorch's form, iRprop−: a component whose slope has changed its sign rests for one step. optax applies each step
    one later.
    """
    if t == 1:
        delta = learning_rate
    g = f.gradient(x)
    s = g * g_previous
    factor = np.where(s > 0, eta_plus, np.where(s < 0, eta_minus, 1.0))
    delta = np.clip(delta * factor, step_min, step_max)
    g = np.where(s < 0, 0.0, g)
    x = x - np.sign(g) * delta
    return x, g, delta
