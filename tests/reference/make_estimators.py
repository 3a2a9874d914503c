"""Numbers from Python's statistics for the stats_*_test.ts: inputs and results as JSON on stdout.

Results are never rounded. `mpmath` is the definition with 60 digits or more.
"""

import json
import platform
from fractions import Fraction
from math import comb

import mpmath as mp
import numpy as np
import scipy
import sklearn
import statsmodels
from scipy import optimize, stats
from scipy.stats import _resampling
from sklearn import metrics
from statsmodels.stats.contingency_tables import Table2x2, mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    proportion_effectsize,
)
from statsmodels.stats.weightstats import ttost_paired

mp.mp.dps = 60
rng = np.random.default_rng(826)


def number(value):
    value = float(value)
    return value if np.isfinite(value) else None


def pair(limits):
    return [number(v) for v in limits]


def exact(value):
    return mp.mpf(Fraction(value).numerator) / mp.mpf(Fraction(value).denominator)


def reach(level):
    return mp.sqrt(2) * mp.erfinv(exact(level))


SHARES = [(45, 200, 80, 210), (0, 50, 3, 60), (50, 50, 57, 60), (1, 4130, 4129, 4130), (0, 7, 9, 9)]
SHARES += [(1, 41298, 3, 826), (1377, 4130, 1376, 4127), (41290, 41298, 41291, 41298)]
SHARES += [(3, 40, 11, 38), (2, 5, 2, 5), (3000, 4130, 1130, 4130), (6, 826, 4, 826)]
for _ in range(8):
    na, nb = (int(v) for v in rng.integers(5, 4200, 2))
    SHARES.append((int(rng.integers(1, na)), na, int(rng.integers(1, nb)), nb))


def wilson(x, n, level):
    z2, x, n = reach(level) ** 2, mp.mpf(x), mp.mpf(n)
    root = mp.sqrt(z2 * (x * (n - x) / n + z2 / 4))
    return (x + z2 / 2 - root) / (n + z2), (x + z2 / 2 + root) / (n + z2)


def newcombe(a, na, b, nb, level):
    (l1, u1), (l2, u2) = wilson(a, na, level), wilson(b, nb, level)
    p, q = mp.mpf(a) / na, mp.mpf(b) / nb
    d = p - q
    lower = mp.sqrt((p - l1) ** 2 + (u2 - q) ** 2)
    return d - lower, d + mp.sqrt((u1 - p) ** 2 + (q - l2) ** 2)


def effect(a, na, b, nb):
    return 2 * mp.asin(mp.sqrt(mp.mpf(a) / na)) - 2 * mp.asin(mp.sqrt(mp.mpf(b) / nb))


def shares():
    rows = []
    for i, (a, na, b, nb) in enumerate(SHARES):
        level = (0.95, 0.99, 0.8)[i % 3]
        table = Table2x2([[a, na - a], [b, nb - b]], shift_zeros=False)
        row = {"a": {"count": a, "n": na}, "b": {"count": b, "n": nb}, "level": level}
        software = proportion_confint(a, na, 1 - level, method="wilson")
        row["wilson"] = {"mpmath": pair(wilson(a, na, level)), "statsmodels": pair(software)}
        software = confint_proportions_2indep(
            a, na, b, nb, method="newcomb", compare="diff", alpha=1 - level
        )
        row["newcombe"] = {
            "mpmath": pair(newcombe(a, na, b, nb, level)),
            "statsmodels": pair(software),
        }
        row["cohenH"] = {
            "mpmath": number(effect(a, na, b, nb)),
            "statsmodels": number(proportion_effectsize(a / na, b / nb)),
        }
        if a and b:
            row["riskRatio"] = {
                "estimate": number(table.riskratio),
                "se": number(table.log_riskratio_se),
                "limits": pair(table.riskratio_confint(1 - level)),
            }
        rows.append(row)
    return rows


def fisher(a, na, b, nb):
    """Whole numbers throughout; scipy and R call tables within 1e-7 equally probable."""
    yes = a + b
    weights = [comb(na, x) * comb(nb, yes - x) for x in range(max(0, yes - nb), min(na, yes) + 1)]
    observed = comb(na, a) * comb(nb, b)
    bound = observed * (10**7 + 1)
    return Fraction(sum(w for w in weights if w * 10**7 <= bound), sum(weights))


def fishers():
    tables = SHARES + [(300, 2000, 900, 2000), (10, 1500, 560, 1600), (0, 9, 0, 7), (2000, 4130, 2300, 4130)]
    tables += [(900, 4130, 3100, 4956), (100, 4130, 1900, 4130), (5, 5, 5, 5), (7, 12, 1, 11)]
    rows = []
    for a, na, b, nb in tables:
        p = exact(fisher(a, na, b, nb))
        software = stats.fisher_exact([[a, na - a], [b, nb - b]])[1]
        rows.append({
            "a": {"count": a, "n": na},
            "b": {"count": b, "n": nb},
            "exact": number(p),
            "scipy": number(software),
        })
    return rows


def mcnemars():
    rows = []
    for b, c in [(3, 12), (0, 1), (5, 5), (5, 6), (40, 90), (0, 1000), (400, 700), (12000, 12700), (2, 900)]:
        tail = sum(comb(b + c, k) for k in range(min(b, c) + 1))
        p = min(Fraction(1), Fraction(2 * tail, 2 ** (b + c)))
        software = mcnemar([[0, b], [c, 0]], exact=True).pvalue
        rows.append({"b": b, "c": c, "exact": number(exact(p)), "statsmodels": number(software)})
    return rows


def noncentral(t, df, ncp):
    """Lower and upper tail by the series of AS 243, all of it, with 400 digits or more."""
    if t < 0:
        return noncentral(-t, df, -ncp)[::-1]
    with mp.workdps(500):
        t, ncp, b = mp.mpf(t), mp.mpf(ncp), mp.mpf(df) / 2
        x = t**2 / (t**2 + 2 * b)
        rate = ncp**2 / 2
        phi = mp.erfc(ncp / mp.sqrt(2)) / 2
        p = mp.exp(-rate)
        q = ncp / mp.sqrt(2) * mp.exp(-rate) / mp.gamma(mp.mpf(3) / 2)
        even = mp.betainc(mp.mpf(1) / 2, b, 0, x, regularized=True)
        odd = 1 - (1 - x) ** b
        half = mp.mpf(1) / 2
        even_step = x**half * (1 - x) ** b / (half * mp.beta(half, b))
        odd_step = x * (1 - x) ** b * b
        total, j = mp.mpf(0), 0
        while True:
            term = p * even + q * odd
            total += term
            # Past the mode of the weights the terms only fall.
            if j > rate and abs(term) < mp.mpf(10) ** -450:
                break
            even, odd = even - even_step, odd - odd_step
            even_step *= x * (j + half + b) / (j + half + 1)
            odd_step *= x * (j + 1 + b) / (j + 2)
            p *= rate / (j + 1)
            q *= rate / (j + half + 1)
            j += 1
        lower = phi + total / 2
        return lower, 1 - lower


def noncentrals():
    cases = [(1.96, 9, 1.96), (0, 5, 1), (-2, 5, 1), (2, 5, -1), (3, 1, 0.5), (40, 1, 2), (-30, 2, 3)]
    cases += [(5, 825, 4), (34, 825, 30), (56, 825, 56.3), (12, 825, 40), (60, 825, 20), (20, 4129, 25)]
    cases += [(2.5, 4129, 0), (38, 4129, 2), (0.001, 41297, 37), (36, 41297, 0), (400, 8258, 398)]
    cases += [(150, 3, 90), (1e6, 2, 0.1), (-5, 12, 20), (100, 9, 5), (8, 30, 60), (1000, 5, 0), (70, 825, 0)]
    cases += [(400, 3, 350), (90, 2, 100), (30, 1, 20), (500, 3, 60), (70, 30, 400), (600, 20, 90)]
    rows = []
    for t, df, ncp in cases:
        lower, upper = noncentral(t, df, ncp)
        rows.append({
            "t": t, "df": df, "ncp": ncp,
            "mpmath": [number(lower), number(upper)],
            "scipy": [number(stats.nct.cdf(t, df, ncp)), number(stats.nct.sf(t, df, ncp))],
        })
    return rows


def solved(function, start, width):
    with mp.workdps(40):
        return mp.findroot(function, (start, start + width), tol=1e-50)


def effects():
    """d_z and its limits, from roots of the series; g from Γ."""
    cases = [(0.6, 0.9660917830792959, 10, 0.95), (0, 1, 30, 0.95), (-1.4, 1.1, 826, 0.95)]
    cases += [(0.02, 1.3, 4130, 0.99), (3, 1, 5, 0.9), (2.4, 0.8, 300, 0.95), (1, 2, 2, 0.95), (-0.3, 2, 826, 0.95)]
    rows = []
    for mean, sd, n, level in cases:
        d = exact(mean) / exact(sd)
        t, df, tail = d * mp.sqrt(n), n - 1, (1 - exact(level)) / 2
        width = mp.sqrt(1 + t**2 / (2 * df))
        z = reach(level)
        low = solved(lambda x: noncentral(t, df, x)[1] - tail, t - z * width, width / 50)
        high = solved(lambda x: noncentral(t, df, x)[0] - tail, t + z * width, width / 50)
        half = mp.mpf(df) / 2
        j = mp.gamma(half) / mp.sqrt(half) / mp.gamma(half - 0.5) if df > 1 else mp.mpf(0)
        rows.append({
            "mean": mean, "sd": sd, "n": n, "level": level,
            "d": number(d), "limits": pair((low / mp.sqrt(n), high / mp.sqrt(n))), "g": number(d * j),
        })
    return rows


def corrections():
    values = [1, 2, 3, 9, 39, 50, 199, 200, 201, 825, 4129, 41297, 1.5, 150.25]
    half = lambda df: mp.mpf(df) / 2
    return [
        {
            "df": df,
            "j": number(0 if df == 1 else mp.gamma(half(df)) / mp.sqrt(half(df)) / mp.gamma(half(df) - 0.5)),
        }
        for df in values
    ]


def equivalences():
    golden = ([3, 5, 2, 6, 4, 4, 5, 1, 3, 6], [4, 5, 3, 6, 6, 5, 5, 3, 3, 5])
    cases = [(*golden, -1, 1), (*golden, -0.5, 0.7)]
    for n, shift in ((40, 0.1), (300, 2), (826, 0), (3, 1)):
        reference = rng.normal(3, 1.5, n).round(3)
        cases.append((list(reference), list((reference + rng.normal(shift, 1, n)).round(3)), -0.5, 0.5))
    rows = []
    for a, b, lower, upper in cases:
        p, first, second = ttost_paired(np.array(b), np.array(a), lower, upper)
        rows.append({
            "differences": [float(v) for v in np.subtract(b, a)],
            "lower": lower, "upper": upper,
            "tLower": number(first[0]), "pLower": number(first[1]),
            "tUpper": number(second[0]), "pUpper": number(second[1]), "p": number(p),
        })
    return rows


def limits_of_agreement():
    """The interval of the upper limit: a quantile of the noncentral t, by the series."""
    rows = []
    for n, level in ((2, 0.95), (10, 0.95), (17, 0.9), (100, 0.95), (826, 0.95)):
        differences = [float(v) for v in rng.normal(0.3, 1.2, n).round(2)]
        mean = sum(map(exact, differences)) / n
        sd = mp.sqrt(sum((exact(v) - mean) ** 2 for v in differences) / (n - 1))
        z, root, tail = reach(0.95), mp.sqrt(n), (1 - exact(level)) / 2
        ncp = z * root
        # In log t: with 1 df the upper quantile is far out.
        def quantile(share):
            start = mp.log(mp.mpf(float(stats.nct.ppf(float(share), n - 1, float(ncp)))))
            side = 0 if share < 0.5 else 1
            aim = share if share < 0.5 else 1 - share
            f = lambda u: mp.log(noncentral(mp.exp(u), n - 1, ncp)[side] / aim)
            return mp.exp(mp.findroot(f, (start, start + mp.mpf(1) / 1000), tol=1e-40))

        near, far = quantile(tail), quantile(1 - tail)
        rows.append({
            "differences": differences, "level": level,
            "bias": number(mean),
            "upper": number(mean + z * sd), "lower": number(mean - z * sd),
            "upperLimits": pair((mean + near * sd / root, mean + far * sd / root)),
            "lowerLimits": pair((mean - far * sd / root, mean - near * sd / root)),
        })
    return rows


def overlapping():
    """Williams' t and Zou's interval as published, with 60 digits."""
    cases = [(0.396, 0.179, 0.088, 66), (0.5, 0.2, 0.3, 103), (0.9, -0.9, -0.8, 20), (0.1, 0.1, 0.5, 826)]
    cases += [(0.999, 0.998, 0.9985, 826), (-0.4, 0.35, 0.2, 4), (0.7, 0.1, 0.05, 4130)]
    rows = []
    for xy, xz, yz, n in cases:
        a, b, c = exact(xy), exact(xz), exact(yz)
        determinant = 1 - a**2 - b**2 - c**2 + 2 * a * b * c
        error = 2 * mp.mpf(n - 1) / (n - 3) * determinant + ((a + b) / 2) ** 2 * (1 - c) ** 3
        t = (a - b) * mp.sqrt((n - 1) * (1 + c) / error)
        df = n - 3
        p = mp.betainc(mp.mpf(df) / 2, 0.5, 0, df / (df + t * t), regularized=True)
        half = reach(0.95) / mp.sqrt(n - 3)
        (l1, u1), (l2, u2) = [
            (mp.tanh(mp.atanh(r) - half), mp.tanh(mp.atanh(r) + half)) for r in (a, b)
        ]
        joint = (c - a * b / 2) * (1 - a**2 - b**2 - c**2) + c**3
        joint /= (1 - a**2) * (1 - b**2)
        lower = a - b - mp.sqrt((a - l1) ** 2 + (u2 - b) ** 2 - 2 * joint * (a - l1) * (u2 - b))
        upper = a - b + mp.sqrt((u1 - a) ** 2 + (b - l2) ** 2 - 2 * joint * (u1 - a) * (b - l2))
        rows.append({
            "xy": xy, "xz": xz, "yz": yz, "n": n,
            "t": number(t), "p": number(p), "limits": pair((lower, upper)),
        })
    return rows


def one_factor(items):
    """Least squares of the correlations off the diagonal, from many starts."""
    r = np.corrcoef(items, rowvar=False)
    k = len(r)
    upper = np.triu_indices(k, 1)
    residuals = lambda x: r[upper] - np.outer(x, x)[upper]
    best = min(
        (
            optimize.least_squares(residuals, rng.normal(0, 0.7, k), xtol=1e-15, ftol=1e-15, gtol=1e-15)
            for _ in range(30)
        ),
        key=lambda found: found.cost,
    )
    # The search ends at 1e-8; where the slopes are 0 is known further.
    slopes = lambda x: (r - np.outer(x, x)) @ x - x * (1 - x**2)
    x = optimize.root(slopes, best.x, tol=1e-15).x
    return x if x.sum() > 0 else -x


def omegas():
    sheets = [np.array([[int(v) for v in row] for row in (
        "110111 010010 111111 000000 101101 111011 001000 110110".split()
    )])]
    for n, k, levels, noise in ((40, 6, 2, 1), (826, 6, 2, 0.7), (60, 3, 5, 0.5), (300, 8, 5, 1), (100, 5, 7, 2)):
        trait = rng.normal(0, 1, (n, 1))
        raw = trait + rng.normal(0, noise, (n, k)) + levels / 2
        sheets.append(np.clip(np.round(raw), 0, levels - 1).astype(int))
    miskeyed = sheets[4].copy()
    miskeyed[:, 2] = 4 - miskeyed[:, 2]
    sheets.append(miskeyed)
    rows = []
    for items in sheets:
        loadings = one_factor(items)
        common, unique = loadings.sum() ** 2, (1 - loadings**2).sum()
        rows.append({
            "items": items.tolist(), "loadings": list(map(float, loadings)),
            "omega": float(common / (common + unique)),
        })
    return rows


def phi_variance(counts):
    """Delta method for multinomial counts, derivatives taken numerically with 60 digits."""
    n = sum(counts)
    shares = [mp.mpf(c) / n for c in counts]

    def phi(a, b, c, d):
        return (a * d - b * c) / mp.sqrt((a + b) * (a + c) * (d + b) * (d + c))

    slopes = [mp.diff(phi, tuple(shares), tuple(int(i == j) for j in range(4))) for i in range(4)]
    mean = sum(p * s for p, s in zip(shares, slopes))
    return phi(*shares), sum(p * (s - mean) ** 2 for p, s in zip(shares, slopes)) / n


def agreements():
    rows = []
    tables = [(20, 5, 10, 15), (700, 30, 50, 46), (3, 0, 1, 4), (1, 9, 8, 2), (10, 0, 0, 12), (400, 426, 5, 1)]
    tables += [(2000, 100, 150, 39048), (5, 5, 5, 5)]
    for a, b, c, d in tables:
        truth = [1] * a + [0] * b + [1] * c + [0] * d
        given = [1] * a + [1] * b + [0] * c + [0] * d
        kappa = cohens_kappa(np.array([[a, b], [c, d]]))
        phi, variance = phi_variance((a, b, c, d))
        se = mp.sqrt(abs(variance)) if b + c else mp.mpf(0)
        half = reach(0.95) * se / (1 - phi**2) if b + c else None
        recall, specificity = wilson(a, a + c, 0.95), wilson(d, b + d, 0.95)
        p, q = mp.mpf(a) / (a + c), mp.mpf(d) / (b + d)
        rows.append({
            "counts": {"truePositive": a, "falsePositive": b, "falseNegative": c, "trueNegative": d},
            "balanced": {
                "estimate": float(metrics.balanced_accuracy_score(truth, given)),
                "limits": pair((
                    (p + q) / 2 - mp.sqrt((p - recall[0]) ** 2 + (q - specificity[0]) ** 2) / 2,
                    (p + q) / 2 + mp.sqrt((p - recall[1]) ** 2 + (q - specificity[1]) ** 2) / 2,
                )),
            },
            "kappa": {
                "sklearn": float(metrics.cohen_kappa_score(truth, given)),
                "se": number(kappa.std_kappa),
                "limits": pair((kappa.kappa_low, kappa.kappa_upp)),
            },
            "mcc": {
                "sklearn": float(metrics.matthews_corrcoef(truth, given)),
                "se": number(se),
                "limits": [1, 1] if half is None else pair(
                    (mp.tanh(mp.atanh(phi) - half), mp.tanh(mp.atanh(phi) + half))
                ),
            },
        })
    return rows


def bca():
    """scipy's own BCa of draws that are given to it; the data are one value per cluster."""
    rows = []
    for shape, statistic in ((12, np.mean), (30, np.std), (25, np.median)):
        data = rng.lognormal(0, 1, shape).round(3)
        draws = np.array([statistic(rng.choice(data, shape)) for _ in range(400)])
        left = [float(statistic(np.delete(data, i))) for i in range(shape)]
        for level in (0.95, 0.8):
            lower, upper = _resampling._bca_interval(
                (data,), lambda x, axis=-1: statistic(x, axis=axis), axis=-1,
                alpha=(1 - level) / 2, theta_hat_b=draws, batch=None,
            )[:2]
            rows.append({
                "estimate": float(statistic(data)), "draws": list(map(float, draws)), "left": left,
                "level": level,
                "bca": [float(np.percentile(draws, 100 * v)) for v in (lower, upper)],
                "percentile": [float(np.quantile(draws, v)) for v in ((1 - level) / 2, (1 + level) / 2)],
            })
    return rows


def families():
    lists = [[0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216]]
    lists += [[0.5], [1, 1, 0.9], [1e-320, 3e-200, 0.04, 0.04, 0.7, 0], list(rng.random(63) ** 3)]
    return [
        {
            "ps": list(map(float, ps)),
            "holm": list(map(float, multipletests(ps, method="holm")[1])),
            "bh": list(map(float, multipletests(ps, method="fdr_bh")[1])),
        }
        for ps in lists
    ]


reference = {
    "versions": {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "statsmodels": statsmodels.__version__,
        "scikit-learn": sklearn.__version__,
        "mpmath": mp.__version__,
    },
    "shares": shares(),
    "fisher": fishers(),
    "mcnemar": mcnemars(),
    "noncentralT": noncentrals(),
    "cohenDz": effects(),
    "hedgesJ": corrections(),
    "equivalence": equivalences(),
    "blandAltman": limits_of_agreement(),
    "overlapping": overlapping(),
    "omega": omegas(),
    "agreement": agreements(),
    "bootstrap": bca(),
    "families": families(),
}
parts = []
for name, value in reference.items():
    if isinstance(value, list):
        body = ",\n".join("    " + json.dumps(row, allow_nan=False) for row in value)
        parts.append(f'  "{name}": [\n{body}\n  ]')
    else:
        parts.append(f'  "{name}": {json.dumps(value)}')
print("{\n" + ",\n".join(parts) + "\n}")
