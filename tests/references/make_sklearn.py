"""Makes sklearn.json: fits of scikit-learn and SciPy that the tests of regression compare with.

Run in an environment that has scikit-learn: python tests/references/make_sklearn.py
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize
from scipy.special import huber
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import MinMaxScaler, PolynomialFeatures, StandardScaler


def main() -> None:
    """Fit, and write."""
    rng = np.random.default_rng(20)
    x = np.column_stack([rng.uniform(50, 150, 40), rng.integers(1, 7, 40), rng.uniform(0, 60, 40)]).round(3)
    y = (30 + 2.5 * x[:, 0] + 12 * x[:, 1] - 0.8 * x[:, 2] + rng.normal(0, 15, 40)).round(3)
    label = (y + rng.normal(0, 40, 40) > np.median(y)).astype(int)
    one = x[:, 0] / 50
    powers = PolynomialFeatures(4, include_bias=False).fit_transform(one[:, None])
    linear = LinearRegression().fit(x, y)
    polynomial = LinearRegression().fit(powers, y)
    logistic = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-14, max_iter=1000).fit(x, label)
    delta = 12.0
    scaler = StandardScaler().fit(x)

    def huber_loss(w: np.ndarray) -> float:
        return float(huber(delta, w[0] + scaler.transform(x) @ w[1:] - y).mean())

    def huber_slope(w: np.ndarray) -> np.ndarray:
        a = np.column_stack([np.ones(len(y)), scaler.transform(x)])
        return a.T @ np.clip(a @ w - y, -delta, delta) / len(y)

    fitted = minimize(
        huber_loss, np.array([y.mean(), 0, 0, 0]), jac=huber_slope, method="BFGS", options={"gtol": 1e-12}
    )
    unscaled = fitted.x[1:] / scaler.scale_
    reported = {
        "versions": {"scikit-learn": sklearn.__version__, "scipy": scipy.__version__},
        "x": x.tolist(), "y": y.tolist(), "label": label.tolist(), "one": one.tolist(), "delta": delta,
        "standardised": scaler.transform(x).tolist(), "minmax": MinMaxScaler().fit_transform(x).tolist(),
        "linear": [linear.intercept_, *linear.coef_],
        "polynomial": [polynomial.intercept_, *polynomial.coef_],
        "logistic": [*logistic.intercept_, *logistic.coef_[0]],
        "probabilities": logistic.predict_proba(x)[:, 1].tolist(),
        "huber": [fitted.x[0] - unscaled @ scaler.mean_, *unscaled],
        "huber_loss": fitted.fun,
    }  # fmt: skip
    path = Path(__file__).with_name("sklearn.json")
    path.write_text(json.dumps(reported, default=float) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
