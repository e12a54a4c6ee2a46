"""Conjugate gradient methods: each direction keeps the minimum along the directions before it."""

import numpy as np

from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.optimizers.line_search import decrease, flatness, parabola_step, strong_wolfe


def first_trial(f, x, p, fall):
    """Return the first trial step: exact on a quadratic function, else for the same decrease of f as the last step."""
    alpha = parabola_step(f, x, p) if f.quadratic else np.inf
    if np.isfinite(alpha):
        return alpha
    return min(1.0, 2.02 * fall / -(f.gradient(x) @ p)) or 1.0  # 1 % more, as in SciPy, so that 1 is reached


@optimizer(
    "Conjugate gradients, Fletcher–Reeves",
    "Search along conjugate directions, β = ‖g₊‖² / ‖g‖²: n steps reach the minimum of a quadratic function.",
    broadcasts=False,
    source="Fletcher & Reeves 1964; Nocedal & Wright 2006, Algorithm 5.4",
)
def cg_fletcher_reeves(x, f, t, p=0.0, fall=0.0, *, c1=decrease(1e-4), c2=flatness(0.1)):
    """A step ends where the strong Wolfe conditions hold. The search restarts with steepest descent every n
    steps and where p is not a descent direction.
    """
    g = f.gradient(x)
    if t == 1:
        fall = np.linalg.norm(g) / 2  # so that the first trial moves by about 1
    if (t - 1) % x.size == 0 or not g @ p < 0:
        p = -g
    alpha, x_new = strong_wolfe(f, x, p, first_trial(f, x, p, fall), c1, c2)
    if alpha == 0:
        return x, -g, fall
    g_new = f.gradient(x_new)
    beta = (g_new @ g_new) / (g @ g)
    p = -g_new + beta * p
    fall = f.value(x) - f.value(x_new)
    return x_new, p, fall


@optimizer(
    "Conjugate gradients, Polak–Ribière",
    "Search along conjugate directions, β = max(0, g₊ᵀ(g₊ − g) / ‖g‖²), which restarts automatically.",
    broadcasts=False,
    source="Polak & Ribière 1969; Nocedal & Wright 2006, (5.45); SciPy's CG",
)
def cg_polak_ribiere(x, f, t, p=0.0, fall=0.0, *, c1=decrease(1e-4), c2=flatness(0.1)):
    """The form named PR+. A step ends where the strong Wolfe conditions hold; the search restarts with
    steepest descent where β would be negative and where p is not a descent direction. SciPy's c₂ is 0.4.
    """
    g = f.gradient(x)
    if t == 1:
        fall = np.linalg.norm(g) / 2  # so that the first trial moves by about 1
    if t == 1 or not g @ p < 0:
        p = -g
    alpha, x_new = strong_wolfe(f, x, p, first_trial(f, x, p, fall), c1, c2)
    if alpha == 0:
        return x, -g, fall
    g_new = f.gradient(x_new)
    beta = max(0, g_new @ (g_new - g) / (g @ g))
    p = -g_new + beta * p
    fall = f.value(x) - f.value(x_new)
    return x_new, p, fall
