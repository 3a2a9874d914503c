"""Intervals of the mean share of strata for stats_strata_test.ts: inputs and results as JSON on stdout.

`alone` is Wilson's interval of one stratum, by statsmodels; `alike` that of strata with equal shares, n and
weights, whose likeliest shares stay equal: the test is Wilson's with n - 1 of each and one more (of two strata
Miettinen and Nurminen's factor N / (N - 1)). `defined` is the definition: for each mean the shares of greatest
likelihood that have it, and the means that are not rejected.
"""

import json
import platform
from statistics import NormalDist

import numpy as np
import scipy
import statsmodels
from scipy.optimize import brentq
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(1985)
TIGHT = {"xtol": 1e-15, "rtol": 1e-14, "maxiter": 1000}


def likeliest(mean, share, n, weight):
    """Shares of greatest likelihood whose weighted mean is `mean`."""

    def given(k):
        def slope(i):
            def score(p):
                return n[i] * (share[i] - p) - k * weight[i] * p * (1 - p)

            if score(0.0) <= 0:
                return 0.0
            # From a share of 1 only a slope that falls there leads away.
            if share[i] == 1 and k * weight[i] <= n[i]:
                return 1.0
            return brentq(score, 0, 1 if share[i] < 1 else 1 - 1e-12, **TIGHT)

        return np.array([slope(i) for i in range(len(n))])

    top = 1.0
    while weight @ given(top) > mean:
        top *= 2
    return given(brentq(lambda k: weight @ given(k) - mean, 0, top, **TIGHT))


def lower(share, n, weight, reach):
    """The least mean that is not rejected."""
    estimate = weight @ share

    def beyond(mean):
        p = likeliest(mean, share, n, weight)
        parts = weight**2 * p * (1 - p) / n
        r = parts / parts.sum()
        variance = (weight**2 * p * (1 - p) / (n - 1 + r)).sum()
        return (estimate - mean) / np.sqrt(variance) - reach

    return brentq(beyond, estimate * 1e-3, estimate * (1 - 1e-9), **TIGHT)


def limits(share, n, weight, level):
    reach = NormalDist().inv_cdf((1 + level) / 2)
    low = 0.0 if not share.any() else lower(share, n, weight, reach)
    high = 1.0 if share.all() and (share == 1).all() else 1 - lower(1 - share, n, weight, reach)
    return [float(low), float(high)]


def defined(count, n, weight, level):
    count, n, weight = (np.array(of, dtype=float) for of in (count, n, weight))
    return {
        "count": count.tolist(),
        "n": n.tolist(),
        "weight": weight.tolist(),
        "level": level,
        "limits": limits(count / n, n, weight / weight.sum(), level),
    }


def drawn(states, sizes, shares, level, weights=None):
    n = rng.choice(sizes, states)
    count = rng.binomial(n, shares(states))
    return defined(count, n, np.ones(states) if weights is None else weights(states), level)


print(
    json.dumps(
        {
            "versions": {
                "python": platform.python_version(),
                "numpy": np.__version__,
                "scipy": scipy.__version__,
                "statsmodels": statsmodels.__version__,
            },
            "alone": [
                {
                    "count": count,
                    "n": n,
                    "level": level,
                    "limits": list(map(float, proportion_confint(count, n, 1 - level, "wilson"))),
                }
                for count, n, level in [(3, 4, 0.95), (23, 24, 0.95), (24, 24, 0.95), (520, 990, 0.9), (2, 7, 0.99)]
            ],
            "alike": [
                {
                    "strata": strata,
                    "count": count,
                    "n": n,
                    "level": level,
                    "limits": list(
                        map(
                            float,
                            proportion_confint(
                                count / n * (strata * (n - 1) + 1), strata * (n - 1) + 1, 1 - level, "wilson"
                            ),
                        )
                    ),
                }
                for strata, count, n, level in [
                    (2, 3, 4, 0.95),
                    (2, 300, 1000, 0.99),
                    (5, 23, 24, 0.95),
                    (12, 18, 20, 0.9),
                    (51, 2, 4, 0.95),
                ]
            ],
            "defined": [
                drawn(2, [6, 30], lambda s: np.full(s, 0.8), 0.95),
                drawn(5, [24], lambda s: np.full(s, 0.97), 0.95),
                drawn(5, [4, 24, 1000], lambda s: rng.uniform(0.1, 0.99, s), 0.9),
                drawn(12, [6, 100], lambda s: rng.uniform(0.9, 0.99, s), 0.95, lambda s: rng.lognormal(0, 1, s)),
                drawn(51, [4], lambda s: rng.uniform(0.2, 0.9, s), 0.95),
                drawn(51, [24, 60], lambda s: np.full(s, 0.97), 0.99, lambda s: rng.lognormal(0, 1, s)),
                defined([7, 6, 9], [7, 6, 9], [1, 2, 3], 0.95),
                defined([0, 0, 1, 0], [24, 24, 24, 24], [4, 3, 1, 1], 0.95),
            ],
            # The worked election: each state once, and by votes.
            "election": [
                defined([520, 480, 505], [990, 980, 1000], [1, 1, 1], 0.95),
                defined([520, 480, 505], [990, 980, 1000], [4, 9, 1], 0.95),
            ],
        }
    )
)
