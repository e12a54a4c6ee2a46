"""Later variants of Adam with one change each."""

import numpy as np

from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.parameter import Parameter, Switch, decay, rate, small, tiny


@optimizer(
    "Yogi",
    "Adam whose second moment v moves towards g² in steps of size g², so that it falls slowly after a large gradient.",
    source="Zaheer et al. 2018; optax.yogi",
)
def yogi(
    x,
    f,
    t,
    m=1e-6,
    v=1e-6,
    *,
    learning_rate=rate(1e-2),
    beta1=decay(0.9, "share of the first moment kept"),
    beta2=decay(0.999, "one minus the share of g² by which v changes in a step"),
    eps=tiny(1e-3),
):
    """optax's form, with m and v starting at 1e-6; the paper starts m at 0 and divides nothing by 1 − βᵗ."""
    g = f.gradient(x)
    m = beta1 * m + (1 - beta1) * g
    v = v - (1 - beta2) * np.sign(v - g**2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    x = x - learning_rate * m_hat / (np.sqrt(v_hat) + eps)
    return x, m, v


@optimizer(
    "AdaBelief",
    "Adam that divides by the deviation of the gradient from its mean: long steps while gradients are as expected.",
    source="Zhuang et al. 2020; optax.adabelief",
)
def adabelief(
    x,
    f,
    t,
    m=0.0,
    s=0.0,
    *,
    learning_rate=rate(1e-3),
    beta1=decay(0.9, "share of the first moment kept"),
    beta2=decay(0.999, "share of the mean squared deviation kept"),
    eps=tiny(1e-16),
    eps_root=tiny(1e-16, "small number added to the mean square at every step", zero=True),
):
    """The ε inside, ``eps_root``, is carried on in s, as in the paper and in optax."""
    g = f.gradient(x)
    m = beta1 * m + (1 - beta1) * g
    s = beta2 * s + (1 - beta2) * (g - m) ** 2 + eps_root
    m_hat = m / (1 - beta1**t)
    s_hat = s / (1 - beta2**t)
    x = x - learning_rate * m_hat / (np.sqrt(s_hat) + eps)
    return x, m, s


@optimizer(
    "QHAdam",
    "Adam with each mean mixed with the newest value: ν₁ = ν₂ = 1 is Adam.",
    source="Ma & Yarats 2019; qhoptim.pyt.QHAdam",
)
def qhadam(
    x,
    f,
    t,
    m=0.0,
    v=0.0,
    *,
    learning_rate=rate(1e-3),
    beta1=decay(0.995, "share of the first moment kept"),
    beta2=decay(0.999, "share of the second moment kept"),
    nu1=Parameter(0.7, 0, 1, meaning="share of the mean gradient in the step; the rest is the gradient itself"),
    nu2=Parameter(1, 0, 1, meaning="share of the mean square in the divisor; the rest is the square itself"),
    eps=tiny(1e-8),
):
    """The defaults are those the authors advise; their library's ν are 1."""
    g = f.gradient(x)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    x = x - learning_rate * ((1 - nu1) * g + nu1 * m_hat) / (np.sqrt((1 - nu2) * g**2 + nu2 * v_hat) + eps)
    return x, m, v


@optimizer(
    "Adan",
    "Adam with Nesterov momentum from the change of the gradient, without a gradient at another point.",
    source="Xie et al. 2022; optax.adan",
)
def adan(
    x,
    f,
    t,
    m=0.0,
    v=0.0,
    n=0.0,
    g_previous=0.0,
    *,
    learning_rate=rate(1e-3),
    beta1=decay(0.98, "share of the mean gradient kept"),
    beta2=decay(0.92, "share of the mean change of the gradient kept"),
    beta3=decay(0.99, "share of the mean square kept"),
    eps=tiny(1e-8),
    eps_root=tiny(1e-8, "small number inside the root", zero=True),
    weight_decay=small(0, "decoupled weight decay: shrinks the point by η·λ of itself"),
    as_published=Switch(
        False, meaning="weight β₂ for the change of the gradient, as published, instead of optax's 1 − β₂"
    ),
):
    """Nesterov's idea, with optax's defaults and by default its weight w = 1 − β₂ = 0.08 (as of 0.2.8). The paper means
    0.92: its β₂ is what is here 1 − β₂, and its authors' code weighs with β₂, as ``as_published`` does.
    """
    g = f.gradient(x)
    if t == 1:
        g_previous = g
    d = g - g_previous
    w = beta2 if as_published else 1 - beta2
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * d
    n = beta3 * n + (1 - beta3) * (g + w * d) ** 2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    n_hat = n / (1 - beta3**t)
    u = (m_hat + w * v_hat) / (np.sqrt(n_hat + eps_root) + eps)
    x = x - learning_rate * (u + weight_decay * x)
    return x, m, v, n, g


@optimizer(
    "AdEMAMix",
    "AdamW with a second mean of the gradient over thousands of steps.",
    source="Pagliardini, Ablin & Grangier 2024; optax.contrib.ademamix",
)
def ademamix(
    x,
    f,
    t,
    m1=0.0,
    m2=0.0,
    v=0.0,
    *,
    learning_rate=rate(1e-3),
    beta1=decay(0.9, "share of the fast mean kept"),
    beta2=decay(0.999, "share of the second moment kept"),
    beta3=decay(0.9999, "share of the slow mean kept"),
    alpha=Parameter(5, 0, 100, slider=(0, 20), meaning="weight of the slow mean beside the fast one"),
    eps=tiny(1e-8),
    weight_decay=small(0, "decoupled weight decay: shrinks the point by η·λ of itself"),
):
    """The slow mean m₂ is not corrected for its start, so it grows slowly. ``alpha`` is the paper's and optax's α; the
    paper lets α and β₃ rise with the steps, optax keeps them constant by default, as here.
    """
    g = f.gradient(x)
    m1 = beta1 * m1 + (1 - beta1) * g
    m2 = beta3 * m2 + (1 - beta3) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m1 / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    u = (m_hat + alpha * m2) / (np.sqrt(v_hat) + eps)
    x = x - learning_rate * (u + weight_decay * x)
    return x, m1, m2, v


@optimizer(
    "ADOPT",
    "Adam that divides each gradient by the second moment before it, and then takes the mean.",
    source="Taniguchi et al. 2024, Algorithm 2; optax.contrib.adopt",
)
def adopt(
    x,
    f,
    t,
    m=0.0,
    v=0.0,
    *,
    learning_rate=rate(1e-3),
    beta1=decay(0.9, "share of the first moment kept"),
    beta2=decay(0.9999, "share of the second moment kept"),
    eps=tiny(1e-6, "smallest divisor"),
):
    """With the clipping to ±c that optax and the authors advise: it lets nothing through at the first step, whose
    gradient only sets v.
    """
    g = f.gradient(x)
    c = (t - 1) ** 0.25
    m = beta1 * m + (1 - beta1) * np.clip(g / np.maximum(np.sqrt(v), eps), -c, c)
    v = g**2 if t == 1 else beta2 * v + (1 - beta2) * g**2
    x = x - learning_rate * m
    return x, m, v


@optimizer(
    "LAMB",
    "AdamW's direction with steps as long as η times the point's distance from zero.",
    source="You et al. 2020; optax.lamb",
)
def lamb(
    x,
    f,
    t,
    m=0.0,
    v=0.0,
    *,
    learning_rate=rate(1e-3),
    beta1=decay(0.9, "share of the first moment kept"),
    beta2=decay(0.999, "share of the second moment kept"),
    eps=tiny(1e-6),
    weight_decay=small(0, "decoupled weight decay: shrinks the point by η·λ of itself, before the step is scaled"),
):
    """In a network each layer has its own distance; here the point is one layer. Where the point or the direction
    is zero, the direction is taken as it is.
    """
    g = f.gradient(x)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    u = m_hat / (np.sqrt(v_hat) + eps) + weight_decay * x
    x_norm = np.linalg.norm(x, axis=-1, keepdims=True)
    u_norm = np.linalg.norm(u, axis=-1, keepdims=True)
    ratio = np.where((x_norm > 0) & (u_norm > 0), x_norm / u_norm, 1.0)
    x = x - learning_rate * ratio * u
    return x, m, v


@optimizer(
    "NovoGrad",
    "Momentum on gradients that are divided by their recent norm: one rate for the whole point.",
    source="Ginsburg et al. 2019; optax.novograd",
)
def novograd(
    x,
    f,
    t,
    m=0.0,
    v=0.0,
    *,
    learning_rate=rate(1e-2),
    beta1=decay(0.9, "share of the velocity kept"),
    beta2=decay(0.25, "share of the mean squared norm kept"),
    eps=tiny(1e-6),
    weight_decay=small(0, "decoupled weight decay: adds λ·x to the scaled gradient"),
):
    """In a network each layer has its own norm; here the point is one layer. optax's defaults; the paper has
    β₁ = 0.95 and β₂ = 0.98.
    """
    g = f.gradient(x)
    n = np.sum(g**2, axis=-1, keepdims=True)
    v = n if t == 1 else beta2 * v + (1 - beta2) * n
    m = beta1 * m + g / (np.sqrt(v) + eps) + weight_decay * x
    x = x - learning_rate * m
    return x, m, v
