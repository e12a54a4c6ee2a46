"""Adam and its close relatives: means of the gradient and of its square, corrected for their start at zero."""

import numpy as np

from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.parameter import decay, rate, small, tiny


@optimizer(
    "Adam",
    "Momentum in the numerator, RMSprop in the denominator, both with bias correction.",
    source="Kingma & Ba 2015, Algorithm 1; torch.optim.Adam",
)
def adam(
    x,
    f,
    t,
    m=0.0,
    v=0.0,
    *,
    learning_rate=rate(1e-3),
    beta1=decay(0.9, "share of the first moment kept"),
    beta2=decay(0.999, "share of the second moment kept"),
    eps=tiny(1e-8),
):
    """The paper's and PyTorch's ε: added to √v̂. Keras's "ε̂" is added before the correction: ε̂ = ε·√(1 − β₂ᵗ)."""
    g = f.gradient(x)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    x = x - learning_rate * m_hat / (np.sqrt(v_hat) + eps)
    return x, m, v


@optimizer(
    "AMSGrad",
    "Adam with the largest second moment so far, so that the rate of a component never increases.",
    source="Reddi, Kale & Kumar 2018; torch.optim.Adam with amsgrad=True",
)
def amsgrad(
    x,
    f,
    t,
    m=0.0,
    v=0.0,
    v_max=0.0,
    *,
    learning_rate=rate(1e-3),
    beta1=decay(0.9, "share of the first moment kept"),
    beta2=decay(0.999, "share of the second moment kept"),
    eps=tiny(1e-8),
):
    """PyTorch and Keras take the largest v and then correct it; optax the largest v̂; the paper does not correct at
    all.
    """
    g = f.gradient(x)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    v_max = np.maximum(v_max, v)
    m_hat = m / (1 - beta1**t)
    v_hat = v_max / (1 - beta2**t)
    x = x - learning_rate * m_hat / (np.sqrt(v_hat) + eps)
    return x, m, v, v_max


@optimizer(
    "AdamW",
    "Adam with decoupled weight decay: the point shrinks by a share of itself, which Adam does not rescale.",
    source="Loshchilov & Hutter 2019; torch.optim.AdamW",
)
def adamw(
    x,
    f,
    t,
    m=0.0,
    v=0.0,
    *,
    learning_rate=rate(1e-3),
    beta1=decay(0.9, "share of the first moment kept"),
    beta2=decay(0.999, "share of the second moment kept"),
    eps=tiny(1e-8),
    weight_decay=small(1e-2, "decoupled weight decay: shrinks the point by η·λ of itself"),
):
    """PyTorch's form, η·λ, as in optax and Keras; in the paper the share is λ, times the schedule's factor only. Adam
    on a loss with λ/2·‖x‖² added is another method: there the decay goes through m and v.
    """
    g = f.gradient(x)
    x = x - learning_rate * weight_decay * x
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    x = x - learning_rate * m_hat / (np.sqrt(v_hat) + eps)
    return x, m, v


@optimizer(
    "NAdam",
    "Adam with Nesterov momentum: the newest gradient has more weight, and the momentum rises to β₁.",
    source="Dozat 2016; torch.optim.NAdam",
)
def nadam(
    x,
    f,
    t,
    m=0.0,
    v=0.0,
    mu_product=1.0,
    *,
    learning_rate=rate(2e-3),
    beta1=decay(0.9, "share of the first moment kept"),
    beta2=decay(0.999, "share of the second moment kept"),
    eps=tiny(1e-8),
    momentum_decay=small(4e-3, "how fast the momentum rises from β₁/2 to β₁"),
):
    """PyTorch's form, 0.96^(t·ψ) with ψ = 0.004; Keras has 0.96ᵗ, and optax no rise at all."""
    g = f.gradient(x)
    mu = beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
    mu_next = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
    mu_product = mu_product * mu
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = (1 - mu) * g / (1 - mu_product) + mu_next * m / (1 - mu_product * mu_next)
    v_hat = v / (1 - beta2**t)
    x = x - learning_rate * m_hat / (np.sqrt(v_hat) + eps)
    return x, m, v, mu_product


@optimizer(
    "RAdam",
    "Adam that divides by √v only after v has averaged enough gradients, and less strongly at first.",
    source="Liu et al. 2020; torch.optim.RAdam",
)
def radam(
    x,
    f,
    t,
    m=0.0,
    v=0.0,
    *,
    learning_rate=rate(1e-3),
    beta1=decay(0.9, "share of the first moment kept"),
    beta2=decay(0.999, "share of the second moment kept"),
    eps=tiny(1e-8),
):
    """PyTorch divides where ρ > 5, optax where ρ ≥ 5, the paper where ρ > 4. The first steps are those of momentum,
    with the gradient's own size: on a steep surface they are long.
    """
    g = f.gradient(x)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    rho_inf = 2 / (1 - beta2) - 1
    rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
    if rho > 5:
        r = np.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
        x = x - learning_rate * m_hat * r * np.sqrt(1 - beta2**t) / (np.sqrt(v) + eps)
    else:
        x = x - learning_rate * m_hat
    return x, m, v


@optimizer(
    "Adamax",
    "Adam with a slowly decaying maximum of the gradient instead of the root of the mean square.",
    source="Kingma & Ba 2015, Algorithm 2; torch.optim.Adamax",
)
def adamax(
    x,
    f,
    t,
    m=0.0,
    u=0.0,
    *,
    learning_rate=rate(2e-3),
    beta1=decay(0.9, "share of the first moment kept"),
    beta2=decay(0.999, "share of the largest gradient kept"),
    eps=tiny(1e-8),
):
    """PyTorch adds ε to \\|g\\|; the paper has no ε, and Keras adds it to u."""
    g = f.gradient(x)
    m = beta1 * m + (1 - beta1) * g
    u = np.maximum(beta2 * u, np.abs(g) + eps)
    m_hat = m / (1 - beta1**t)
    x = x - learning_rate * m_hat / u
    return x, m, u
