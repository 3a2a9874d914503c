"""Variance ratios by permutation and mid-p for stats_crossed_test.ts: inputs and results as JSON on stdout."""
import json

import numpy
import scipy
from scipy import stats

random = numpy.random.default_rng(54)


def ratio(x, y, axis=-1):
    return numpy.var(x, axis=axis, ddof=1) / numpy.var(y, axis=axis, ddof=1)


def permuted(a, b):
    centred = [numpy.asarray(group) - numpy.mean(group) for group in (a, b)]
    test = stats.permutation_test(
        centred, ratio, vectorized=True, alternative="greater", n_resamples=numpy.inf
    )
    return {"a": list(a), "b": list(b), "ratio": float(ratio(a, b)), "p": float(test.pvalue)}


def middle(b, c):
    fewer, n = min(b, c), b + c
    p = 2 * stats.binom.cdf(fewer, n, 0.5) - stats.binom.pmf(fewer, n, 0.5)
    return {"b": b, "c": c, "midP": float(min(1, p))}


samples = [
    ([3.1, 2.4, 4.8, 1.2], [2.9, 3.0, 3.2, 3.1]),
    ([3.1, 2.9, 3.0], [1.0, 5.5, 2.0, 4.1]),
    (random.normal(0, 2, 6).round(2).tolist(), random.normal(1, 1, 7).round(2).tolist()),
]
print(
    json.dumps(
        {
            "versions": {"numpy": numpy.__version__, "scipy": scipy.__version__},
            "variances": [permuted(*sample) for sample in samples],
            "middle": [middle(*pair) for pair in [(21, 9), (12, 1), (60, 40), (0, 3), (5, 5), (400, 350)]],
        },
        indent=1,
    )
)
