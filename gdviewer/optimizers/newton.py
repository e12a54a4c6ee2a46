"""Newton's method: curvature from the exact Hessian."""

import numpy as np

from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.parameter import Parameter
from gdviewer.optimizers.line_search import backtracked, decrease, shortening


def solved(H, g):
    """Return H⁻¹g: the least-squares solution of smallest norm if H is singular; NaN if H or g is not finite."""
    if not (np.isfinite(H).all() and np.isfinite(g).all()):
        return np.full_like(g, np.nan)
    return np.linalg.lstsq(H, g, rcond=None)[0]


def least_eigenvalue(H):
    """Return the smallest eigenvalue of a symmetric matrix; NaN where it is not finite."""
    return np.linalg.eigvalsh(H)[0] if np.isfinite(H).all() else np.nan


@optimizer(
    "Newton",
    "Step to the stationary point of the local quadratic model: x ← x − H⁻¹g. One step on a quadratic function.",
    source="Newton 1669, Raphson 1690; Nocedal & Wright 2006, (2.15)",
    broadcasts=False,
    needs=("hessian",),
)
def newton(x, f):
    """That point is as well a saddle or a maximum, where H is not positive definite. Where H is singular, the step is
    the shortest one that comes nearest; it is zero where there is no curvature at all.
    """
    g = f.gradient(x)
    H = f.hessian(x)
    x = x - solved(H, g)
    return x


@optimizer(
    "Newton, safeguarded",
    "Newton's direction with a Hessian made positive definite, and a step that must lower the loss.",
    source="Nocedal & Wright 2006, section 3.4",
    broadcasts=False,
    needs=("hessian",),
)
def newton_safeguarded(
    x,
    f,
    *,
    curvature_min=Parameter(
        1e-3, 0, 1e3, scale="log", open_low=True, slider=(1e-8, 10),
        meaning="smallest eigenvalue of the Hessian; smaller ones are raised to it",
    ),
    shrink=shortening(0.5),
    c1=decrease(1e-4),
):  # fmt: skip
    """H + λI with λ = max(0, δ − λ_min), so that the step leads down; then backtracking from α = 1 by Armijo's rule."""
    g = f.gradient(x)
    H = f.hessian(x)
    lambd = max(0, curvature_min - least_eigenvalue(H))
    p = -solved(H + lambd * np.eye(x.size), g)
    alpha, x = backtracked(f, x, p, 1.0, shrink, c1)
    return x


@optimizer(
    "Trust region",
    "Step to the minimum of the local quadratic model in a ball, whose radius follows how well the model predicts.",
    source="Moré & Sorensen 1983; Nocedal & Wright 2006, Algorithm 4.1",
    broadcasts=False,
    needs=("hessian",),
)
def trust_region(
    x,
    f,
    t,
    radius=0.0,
    *,
    first_radius=Parameter(
        1, 0, 1e6, scale="log", open_low=True, slider=(1e-3, 1e3), meaning="radius of the region at the first step"
    ),
    radius_max=Parameter(
        1e3, 0, 1e9, scale="log", open_low=True, slider=(1e-2, 1e6), meaning="largest radius of the region"
    ),
    accept=Parameter(
        0.15, 0, 0.25, meaning="minimum decrease of the loss, as a share of the decrease predicted by the model"
    ),
):  # fmt: skip
    """ρ is the decrease of the loss by the one foretold. The radius shrinks to a quarter where ρ < ¼ and doubles where
    ρ > ¾ at the edge of the ball; a step with ρ ≤ accept is not made. H may be indefinite: a saddle is left.
    """
    if t == 1:
        radius = min(first_radius, radius_max)
    p, foretold = lowest_in_ball(f.hessian(x), f.gradient(x), radius)
    trial = x + p
    if np.array_equal(trial, x):
        return x, radius
    rounding = 1e-15 * abs(f.value(x))  # of the losses: below it, what is foretold is believed
    rho = (f.value(x) - f.value(trial) + rounding) / (foretold + rounding)
    if not rho >= 1 / 4:  # also where f is not defined at the trial
        radius = radius / 4
    elif rho > 3 / 4 and np.linalg.norm(p) > 0.999 * radius:
        radius = min(2 * radius, radius_max)
    x = trial if rho > accept else x
    return x, radius


def lowest_in_ball(H, g, radius):
    """Return the p with ‖p‖ ≤ radius that minimises m(p) = gᵀp + ½pᵀHp, and the decrease −m(p).

    In the eigenvectors of H, p = −(H + λI)⁻¹g with the smallest λ ≥ 0 for which H + λI is positive semidefinite and
    ‖p‖ ≤ radius. λ is found by Newton's method on 1/radius − 1/‖p‖, which from below comes nearer at every step. Where
    H + λI is singular (the "hard case") its null vector is added up to the edge of the ball.
    """
    if not (np.isfinite(H).all() and np.isfinite(g).all()):
        return np.zeros_like(g), 0.0
    w, Q = np.linalg.eigh(H)
    c = Q.T @ g
    lambd = max(0, np.max(np.abs(c) / radius - w))  # for a smaller one, a single component would be too long
    for _ in range(50):
        curved = w + lambd > 1e-14 * np.abs(w).max()
        a = np.divide(c, w + lambd, out=np.zeros_like(c), where=curved)
        length = np.linalg.norm(a)
        if length <= radius * (1 + 1e-10):
            break
        lambd = lambd + (length / radius - 1) * length**2 / np.sum(a**2 / (w + lambd), where=curved)
    if lambd > 0 and not curved[0]:
        a[0] = np.sqrt(max(0, radius**2 - length**2))
    return -Q @ a, c @ a - w @ a**2 / 2
