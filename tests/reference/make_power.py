"""Power from statsmodels and mpmath for stats_power_test.ts, and truths of simulated scores from scipy
for coverage_test.ts: inputs and results as JSON on stdout. Results are never rounded."""

import json
import platform

import mpmath as mp
import numpy as np
import scipy
import statsmodels
from scipy import integrate, stats
from statsmodels.stats.power import TTestPower, normal_power, normal_power_het

mp.mp.dps = 30

PAIRED = [(0.2, 100), (0.1, 826), (0.5, 10), (0.0, 30), (0.8, 3), (0.02, 5000), (1.5, 40)]
SHARES = [(0.4, 0.45, 500), (0.5, 0.52, 4130), (0.01, 0.02, 826), (0.3, 0.3, 200), (0.9, 0.5, 60)]
CORRELATION = [(0.2, 100), (0.1, 826), (0.5, 20), (-0.3, 50), (0.0, 40)]
TOST = [(-0.3, 0.3, 0, 100), (-0.3, 0.3, 0.3, 100), (-1, 1, 0, 6), (-2, 1, 0, 2), (-0.1, 0.2, 0.05, 826)]
TOST += [(-0.5, 0.5, 0.1, 25), (-0.05, 0.05, 0, 41298)]


def tost(lower, upper, difference, n, alpha=0.05):
    df = n - 1
    tail = lambda x: mp.betainc(mp.mpf(df) / 2, mp.mpf(1) / 2, 0, df / (df + x * x), regularized=True) / 2
    t = mp.findroot(lambda x: tail(x) - mp.mpf(alpha), stats.t.ppf(1 - alpha, df))
    root = mp.sqrt(n)
    low, high = (mp.mpf(str(b)) - mp.mpf(str(difference)) for b in (lower, upper))
    low, high = low * root, high * root
    most = (high - low) / (2 * t)
    log = mp.log(2) + mp.mpf(df) / 2 * mp.log(mp.mpf(df) / 2) - mp.loggamma(mp.mpf(df) / 2)

    def term(s):
        density = mp.exp(log + (df - 1) * mp.log(s) - df * s * s / 2)
        return density * (mp.ncdf(high - t * s) - mp.ncdf(low + t * s))

    sd = 1 / np.sqrt(2 * df)
    nodes = sorted({max(0.0, 1 + k * sd) for k in range(-12, 13, 2)})
    nodes = [mp.mpf(0) if nodes[0] > 0 else mp.mpf(nodes[0])] + [mp.mpf(x) for x in nodes if 0 < x < most]
    return float(mp.quad(term, nodes + [min(most, mp.mpf(max(14.0, 1 + 14 * sd)))]))


# What is true of sums of two-valued items whose latents share a factor: every pattern of answers of
# profile and persona, weighted by an adaptive quadrature over the factor.
ITEMS = [
    dict(rates=[0.5] * 3, keyed=[1, 0, 1], correlation=0.3, fidelity=0.8, otherwise=0.6),
    dict(rates=[0.08, 0.1, 0.2], keyed=[1, 1, 0], correlation=0.6, fidelity=0.9, otherwise=0.3),
    dict(rates=[0.3, 0.5, 0.7], keyed=[1, 1, 1], correlation=0.5, fidelity=0.7, otherwise=0.5, floor=1, ceiling=2),
]


def expectation(case, of):
    k = len(case["rates"])
    w, rest = np.sqrt(case["correlation"]), np.sqrt(1 - case["correlation"])
    f, o = case["fidelity"], case["otherwise"]
    cuts = stats.norm.ppf(case["rates"])

    def at(z):
        p = stats.norm.cdf((cuts + w * z) / rest)
        total = 0.0
        for pattern in range(4**k):
            weight, own, its = 1.0, [], []
            for i in range(k):
                cell = pattern // 4**i % 4
                x, y = cell // 2, cell % 2
                other = o if case["keyed"][i] else 1 - o
                chance = f * x + (1 - f) * other
                weight *= (p[i] if x else 1 - p[i]) * (chance if y else 1 - chance)
                own.append(x)
                its.append(y)
            total += weight * of(own, its)
        return total * stats.norm.pdf(z)

    return integrate.quad(at, -9, 9, epsabs=1e-13, epsrel=1e-13, limit=200)[0]


def truth(case):
    k = len(case["rates"])
    low, high = case.get("floor", 0), case.get("ceiling", k)
    x = lambda own, its: sum(own)
    y = lambda own, its: min(high, max(low, sum(its)))
    mean = lambda f: expectation(case, f)
    mx, my = mean(x), mean(y)
    vx = mean(lambda a, b: (x(a, b) - mx) ** 2)
    vy = mean(lambda a, b: (y(a, b) - my) ** 2)
    c = mean(lambda a, b: (x(a, b) - mx) * (y(a, b) - my))

    def item(i):
        # After items drawn at random are turned round, given the pattern.
        def rate(own, its):
            t = sum(its)
            if its[i]:
                return high / t if t > high else 1.0
            return (low - t) / (k - t) if t < low else 0.0

        return mean(rate)

    rates = [item(i) for i in range(k)]
    alpha = k / (k - 1) * (1 - sum(p * (1 - p) for p in rates) / vy)
    yes = lambda v, i: v[i] if case["keyed"][i] else 1 - v[i]
    away = lambda a, b: sum(yes(b, i) - yes(a, i) for i in range(k))
    four = [
        sum(mean(lambda a, b, i=i: float(yes(b, i) == s and yes(a, i) == t)) for i in range(k)) / k
        for s, t in ((1, 1), (1, 0), (0, 1), (0, 0))
    ]
    return dict(
        difference=my - mx,
        sd=np.sqrt(vx + vy - 2 * c),
        r=c / np.sqrt(vx * vy),
        consistency=c / ((vx + vy) / 2),
        agreement=c / ((vx + vy) / 2 + (my - mx) ** 2 / 2),
        alpha=alpha,
        mae=mean(lambda a, b: abs(away(a, b))),
        rmse=np.sqrt(mean(lambda a, b: away(a, b) ** 2)),
        classes=four,
    )


out = dict(
    versions=dict(
        python=platform.python_version(),
        numpy=np.__version__,
        scipy=scipy.__version__,
        statsmodels=statsmodels.__version__,
        mpmath=mp.__version__,
    ),
    paired=[dict(d=d, n=n, power=float(TTestPower().power(d, n, 0.05))) for d, n in PAIRED],
    shares=[],
    correlation=[],
    equivalence=[dict(lower=a, upper=b, difference=d, n=n, power=tost(a, b, d, n)) for a, b, d, n in TOST],
    counts=[],
    scores=[dict(scale=case, **truth(case)) for case in ITEMS],
)
for a, b, n in SHARES:
    sd = np.sqrt(a * (1 - a) + b * (1 - b))
    # With a difference of 0 normal_power_het has a power of 0 / 0.
    power = 0.05 if a == b else normal_power_het(abs(a - b), n, 0.05, std_null=sd, std_alternative=sd)
    out["shares"].append(dict(a=a, b=b, n=n, power=float(power)))
for r, n in CORRELATION:
    power = normal_power(abs(np.arctanh(r)), n - 3, 0.05)
    out["correlation"].append(dict(r=r, n=n, power=float(power)))
for share, repetitions, icc in [(0.4, 10, 1 / 6), (0.05, 5, 0.5), (0.9, 3, 0.01)]:
    a = 1 / icc - 1
    pmf = stats.betabinom(repetitions, a * share, a * (1 - share)).pmf(range(repetitions + 1))
    out["counts"].append(dict(share=share, repetitions=repetitions, icc=icc, pmf=[float(v) for v in pmf]))
print(json.dumps(out, default=float))
