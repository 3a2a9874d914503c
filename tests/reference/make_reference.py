"""Numbers from Python's statistics for stats_test.ts: inputs and results as JSON on stdout.

Results are never rounded; mpmath's are printed after 60 or more digits were carried.
"""

import json
import platform
import statistics
from fractions import Fraction

import mpmath as mp
import numpy as np
import pandas as pd
import scipy
import sklearn
import statsmodels
from scipy import stats
from sklearn import metrics
from statsmodels.stats.proportion import proportions_ztest
from statsmodels.tools import eval_measures

mp.mp.dps = 60
rng = np.random.default_rng(20251121)


def number(value):
    """A double for JSON: mpmath's correctly rounded, NaN as null."""
    value = float(value)
    return None if np.isnan(value) else value


def exact(value):
    return mp.mpf(Fraction(value).numerator) / mp.mpf(Fraction(value).denominator)


def scores(n, step):
    return [int(v) * step for v in rng.integers(0, 7, n)]


def near_tie():
    """40 BFI scores, tenths with mean 3.985: which cent is printed hangs on the last bit."""
    tenths = rng.integers(30, 50, 39)
    return [int(v) / 10 for v in (*tenths, 1594 - tenths.sum())]


def means():
    """Among them lists whose plain and compensated sums part in the last bit."""
    lists = [[0.1, 0.1, 0.1], [1e16, 1.0, -1e16], [3.0], [0.0, 0.0]]
    lists += [scores(n, step) for n in (2, 3, 5, 10, 40) for step in (0.1, 1 / 3, 0.7, 1)]
    lists += [list(rng.normal(3, 2, n)) for n in (5, 40, 120)]
    lists += [near_tie() for _ in range(6)]
    frame = pd.DataFrame(
        [(group, value) for group, values in enumerate(lists) for value in values],
        columns=["group", "value"],
    )
    result = frame.groupby("group")["value"].mean()
    return [{"values": list(map(float, v)), "mean": float(m)} for v, m in zip(lists, result)]


def sds():
    lists = [
        [1000000.2] + [1000000.1, 1000000.3] * 50,
        [1e9 + v for v in (4, 7, 13, 16)],
        [1e15, 0.0, 1.0, 2.0],
        [0.1, 0.1, 0.1 + 2**-56],
        [1, 2],
        scores(30, 0.1),
        list(rng.normal(0, 1, 50)),
        list(rng.lognormal(0, 3, 50)),
    ]
    return [{"values": v, "sd": statistics.stdev(map(Fraction, v))} for v in lists]


def z_test(a, na, b, nb):
    """The definition in mpmath, for shares so close that a double difference loses its digits."""
    pooled = mp.mpf(a + b) / (na + nb)
    se = mp.sqrt(pooled * (1 - pooled) * (mp.mpf(1) / na + mp.mpf(1) / nb))
    z = (mp.mpf(a) / na - mp.mpf(b) / nb) / se
    return z, mp.erfc(abs(z) / mp.sqrt(2))


def proportions():
    cases = [(45, 200, 80, 210), (0, 50, 3, 60), (50, 50, 57, 60), (1, 4130, 4129, 4130)]
    cases += [(7, 20, 14, 40), (3000, 4130, 1130, 4130), (1377, 4130, 1376, 4127)]
    cases += [(4129, 4130, 4130, 4130)]
    for _ in range(12):
        na, nb = (int(v) for v in rng.integers(5, 4200, 2))
        cases.append((int(rng.integers(1, na)), na, int(rng.integers(1, nb)), nb))
    rows = []
    for a, na, b, nb in cases:
        z, p = z_test(a, na, b, nb)
        software = proportions_ztest([a, b], [na, nb])
        rows.append({
            "a": {"count": a, "n": na},
            "b": {"count": b, "n": nb},
            "statsmodels": {"z": number(software[0]), "p": number(software[1])},
            "mpmath": {"z": number(z), "p": number(p)},
        })
    return rows


def t_quantile(level, df):
    """scipy 1.10's own quantile, and so its interval, is right to 4e-9 only."""
    start = stats.t.ppf((1 + level) / 2, df)
    share = 1 - exact(level)
    return mp.findroot(lambda t: t_tail(t, df) / share - 1, (start, start * (1 + 1e-7)))


def paired():
    golden = ([3, 5, 2, 6, 4, 4, 5, 1, 3, 6], [4, 5, 3, 6, 6, 5, 5, 3, 3, 5])
    pairs = [(golden, 0.95), (golden, 0.9)]
    shapes = [(2, 1, 0.95), (3, 0, 0.5), (6, 2, 0.99), (40, 0.2, 0.95), (60, 3, 0.999)]
    for n, shift, level in shapes:
        reference = rng.normal(3, 1.5, n)
        pairs.append(((reference, reference + rng.normal(shift, 1, n)), level))
    rows = []
    for (reference, score), level in pairs:
        difference = np.subtract(score, reference)
        related = stats.ttest_rel(score, reference)
        single = stats.ttest_1samp(difference, 0)
        df = int(single.df)
        half = t_quantile(level, df) * exact(float(stats.sem(difference)))
        rows.append({
            "differences": [float(v) for v in difference],
            "level": level,
            "estimate": difference.mean(),
            "se": stats.sem(difference),
            "t": related.statistic,
            "df": df,
            "p": related.pvalue,
            "ciLower": number(exact(float(difference.mean())) - half),
            "ciUpper": number(exact(float(difference.mean())) + half),
            "d": difference.mean() / difference.std(ddof=1),
        })
    return rows


def t_tail(t, df):
    t, df = mp.mpf(t), mp.mpf(df)
    near = t * t / (df + t * t)
    if near > 0.5:
        return mp.betainc(df / 2, 0.5, 0, df / (df + t * t), regularized=True)
    with mp.workdps(420):
        return 1 - mp.betainc(0.5, df / 2, 0, near, regularized=True)


def t_tails():
    sizes = [0, 1e-8, 1e-3, 0.1, 0.5, 1, 1.96, 2.5, 5, 8, 12, 20, 30, 36, 37.5, 38.5, 60, 95, 200]
    sizes += [1e3, 1e6, 1e12, 1e40, 1e100, 1e160, 1e300]
    rows = []
    for df in (1, 2, 3, 4, 9, 29, 100, 399, 824, 825, 1651, 4129, 8258, 41298):
        for t in sizes:
            log = (df + 1) / 2 * mp.log1p(exact(t) ** 2 / df)
            if log > 800:
                continue
            p = t_tail(t, df)
            if p > 2.3e-308:
                scipy_p = 2 * stats.t.sf(t, df)
                rows.append({"t": -t, "df": df, "mpmath": number(p), "scipy": scipy_p})
    return rows


def normal_tails():
    sizes = [0, 1e-10, 0.01, 0.5, 1, 1.96, 3, 6, 8.3, 12, 20, 30, 36, 37, 37.5]
    return [
        {
            "z": -z,
            "mpmath": number(mp.erfc(exact(z) / mp.sqrt(2))),
            "scipy": 2 * stats.norm.sf(z),
        }
        for z in sizes
    ]


def correlation(x, y):
    x, y = [exact(v) for v in x], [exact(v) for v in y]
    n = len(x)
    dx, dy = [v - sum(x) / n for v in x], [v - sum(y) / n for v in y]
    sx, sy = sum(v * v for v in dx), sum(v * v for v in dy)
    r = sum(a * b for a, b in zip(dx, dy)) / mp.sqrt(sx * sy)
    half = mp.mpf(n) / 2 - 1
    p = 2 * mp.betainc(half, half, 0, (1 - abs(r)) / 2, regularized=True)
    return r, p


def pearsons():
    pairs = [(scores(n, 1), scores(n, 1)) for n in (3, 4, 5, 12, 30)]
    for n, noise in ((3, 0.1), (4, 1), (5, 0.01), (10, 3), (40, 1), (60, 0.1), (80, 20)):
        x = rng.normal(0, 1, n)
        pairs.append((list(x), list(rng.normal(0, noise, n) - x)))
    for noise in (1e-4, 1e-6, 1e-8, 1e-10):
        x = rng.normal(0, 1, 8)
        pairs.append((list(x), list(3 * x + 1 + rng.normal(0, noise, 8))))
    pairs.append(([1e9 + v for v in (1, 2, 4, 8)], [1, 3, 2, 5]))
    pairs.append(([1e200, 3e200, 2e200, 7e200], [1e-200, 2e-200, 5e-200, 4e-200]))
    rows = []
    for x, y in pairs:
        x, y = [float(v) for v in x], [float(v) for v in y]
        r, p = correlation(x, y)
        software = stats.pearsonr(x, y)
        rows.append({
            "x": x,
            "y": y,
            "scipy": {"r": number(software.statistic), "p": number(software.pvalue)},
            "mpmath": {"r": number(r), "p": number(p)},
        })
    return rows


def alpha(frame):
    """pingouin 0.5.5 cronbach_alpha, nan_policy="pairwise": its formula on pandas' covariances."""
    k = frame.shape[1]
    c = frame.cov(numeric_only=True)
    return (k / (k - 1)) * (1 - np.trace(c) / c.sum().sum())


def alphas():
    rows = [("golden", pd.DataFrame([[int(v) for v in row] for row in (
        "110111 010010 111111 000000 101101 111011 001000 110110".split()
    )]))]
    shapes = [(5, 2, 2, 0), (12, 6, 2, 0), (40, 6, 2, 0.1)]
    shapes += [(25, 10, 5, 0), (60, 8, 5, 0.2), (30, 9, 5, 0.4)]
    for n, k, levels, missing in shapes:
        trait = rng.normal(0, 1, (n, 1))
        frame = np.clip(np.round(trait + rng.normal(0, 1, (n, k)) + levels / 2), 0, levels - 1)
        frame[rng.random((n, k)) < missing] = np.nan
        rows.append((f"{n} x {k}, {missing:.0%} missing", pd.DataFrame(frame)))
    noise = pd.DataFrame(rng.normal(1e6, 1, (20, 4)))
    rows.append(("around a million", noise))
    keyed = pd.DataFrame(rng.integers(1, 6, (20, 4)).astype(float))
    keyed[4] = 6 - keyed[0] + rng.normal(0, 0.1, 20)
    rows.append(("an item keyed the wrong way", keyed))
    rows.append(("one constant item", pd.DataFrame([[1, 1, 0], [1, 0, 1], [1, 1, 1], [1, 0, 0]])))
    return [
        {
            "name": name,
            "items": [[number(v) for v in row] for row in frame.to_numpy(dtype=float)],
            "alpha": float(alpha(frame)),
        }
        for name, frame in rows
    ]


def agreements():
    """sklearn sees an answer that was not given as a third predicted class."""
    rows = []
    for n, missing in ((12, 0), (12, 0.3), (60, 0), (60, 0.1), (826, 0.02), (9, 1)):
        truth = rng.choice(["yes", "no"], n)
        given = np.where(rng.random(n) < 0.8, truth, np.where(truth == "yes", "no", "yes"))
        given = np.where(rng.random(n) < missing, "missing", given).astype(str)
        cross = pd.crosstab(truth, given)
        count = lambda t, g: int(cross.get(g, {}).get(t, 0))
        by_class = dict(labels=["yes", "no"], average=None, zero_division=0)
        precision = metrics.precision_score(truth, given, **by_class)
        recall = metrics.recall_score(truth, given, **by_class)
        rows.append({
            "counts": {
                "truePositive": count("yes", "yes"),
                "falsePositive": count("no", "yes"),
                "trueNegative": count("no", "no"),
                "falseNegative": count("yes", "no"),
                "missingPositive": count("yes", "missing"),
                "missingNegative": count("no", "missing"),
            },
            "accuracy": float(metrics.accuracy_score(truth, given)),
            # sklearn's zero_division has no "undefined" yet: no yes predicted, no precision.
            "precision": float(precision[0]) if "yes" in given else None,
            "recall": float(recall[0]),
            "specificity": float(recall[1]),
            "n": n,
        })
    return rows


def errors():
    rows = []
    for n in (1, 7, 40):
        given, expected = rng.integers(0, 7, n), rng.normal(3, 1, n)
        rows.append({
            "differences": [float(v) for v in given - expected],
            "mae": float(eval_measures.meanabs(given, expected)),
            "rmse": float(eval_measures.rmse(given, expected)),
        })
    return rows


def quantiles():
    lists = [[5], [2, 1], scores(9, 0.1), list(rng.normal(0, 1, 24))]
    lists.append([-0.15, 0.74, 0.91, 0.57, 0.98])
    shares = [0, 0.025, 0.1, 0.25, 0.5, 0.6, 0.75, 0.975, 1]
    return [
        {
            "values": [float(v) for v in values],
            "quantiles": [{"share": s, "value": float(np.quantile(values, s))} for s in shares],
        }
        for values in lists
    ]


reference = {
    "versions": {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pandas": pd.__version__,
        "scipy": scipy.__version__,
        "statsmodels": statsmodels.__version__,
        "scikit-learn": sklearn.__version__,
        "mpmath": mp.__version__,
    },
    "mean": means(),
    "sd": sds(),
    "proportionZ": proportions(),
    "pairedT": paired(),
    "tTail": t_tails(),
    "normalTail": normal_tails(),
    "pearson": pearsons(),
    "cronbachAlpha": alphas(),
    "agreement": agreements(),
    "meanErrors": errors(),
    "quantile": quantiles(),
}
parts = []
for name, value in reference.items():
    if isinstance(value, list):
        body = ",\n".join("    " + json.dumps(row, allow_nan=False) for row in value)
        parts.append(f'  "{name}": [\n{body}\n  ]')
    else:
        parts.append(f'  "{name}": {json.dumps(value)}')
print("{\n" + ",\n".join(parts) + "\n}")
