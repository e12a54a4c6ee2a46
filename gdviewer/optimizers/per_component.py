"""Methods that give each component a learning rate of its own."""

import numpy as np

from gdviewer.engine.optimizer import optimizer
from gdviewer.engine.parameter import decay, rate, tiny


@optimizer("Adagrad", source="Duchi, Hazan & Singer 2011; torch.optim.Adagrad")
def adagrad(x, f, s=0.0, *, learning_rate=rate(1e-2), eps=tiny(1e-10)):
    """Divide each component by the root of the sum of its squared gradients; steps only ever get shorter.

    PyTorch's form, √s + ε with s starting at 0; Keras and optax start at 0.1 and put ε inside the root.
    """
    g = f.gradient(x)
    s = s + g**2
    x = x - learning_rate * g / (np.sqrt(s) + eps)
    return x, s


@optimizer("RMSprop", source="Tieleman & Hinton 2012; torch.optim.RMSprop")
def rmsprop(
    x, f, v=0.0, *, learning_rate=rate(1e-2), alpha=decay(0.99, "share of the mean square kept"), eps=tiny(1e-8)
):
    """Divide each component by the root of a running mean of its squared gradients.

    PyTorch's form, √v + ε; Keras and optax put ε inside the root.
    """
    g = f.gradient(x)
    v = alpha * v + (1 - alpha) * g**2
    x = x - learning_rate * g / (np.sqrt(v) + eps)
    return x, v


@optimizer("Adam", source="Kingma & Ba 2015, Algorithm 1; torch.optim.Adam")
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
    """Momentum in the numerator, RMSprop in the denominator, both corrected for starting at zero.

    The paper's and PyTorch's ε: added to √v̂. Keras's "ε̂" is added before the correction: ε̂ = ε·√(1 − β₂ᵗ).
    """
    g = f.gradient(x)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    x = x - learning_rate * m_hat / (np.sqrt(v_hat) + eps)
    return x, m, v
