"""Numbers from Python for stats_neighbours_test.ts: inputs and results as JSON on stdout.

Nothing is rounded. `prdc` is the definition of Naeem et al. on scikit-learn's distances, with closed
balls; `brute` compares all pairs of Python sets.
"""

import json
import platform

import numpy as np
import scipy
import sklearn
import statsmodels
import statsmodels.api as sm
from scipy.spatial.distance import cdist, pdist
from scipy.stats import entropy
from sklearn.neighbors import NearestNeighbors
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(826)


def binary(n, d, groups):
    """Sheets of 0 and 1, some of them equal."""
    kinds = rng.integers(0, 2, (groups, d))
    flip = rng.random((n, d)) < 0.15
    return np.abs(kinds[rng.integers(0, groups, n)] - flip)


def prdc(reference, sample, k):
    radii = NearestNeighbors(n_neighbors=k + 1).fit(reference).kneighbors(reference)[0][:, -1]
    # Whole squared distances tell ties from neighbours; roots of them are equal where they are.
    inside = cdist(reference, sample) <= radii[:, None]
    return {
        "coverage": float(inside.any(axis=1).mean()),
        "density": float(inside.sum(axis=0).mean() / k),
    }


COVER = []
for n, m, d, k in [(60, 40, 24, 5), (30, 80, 6, 3), (40, 40, 12, 1), (9, 5, 4, 5)]:
    COVER.append((binary(n, d, 8), binary(m, d, 5), k))
COVER.append((rng.normal(size=(50, 3)), rng.normal(1, 0.5, (40, 3)), 5))


def hopkins(points, places, exponent, uniform):
    n, m = len(points), len(places)
    rest = list(range(n))
    for i in range(m):
        j = i + int(uniform[i] * (n - i))
        rest[i], rest[j] = rest[j], rest[i]
    u = NearestNeighbors(n_neighbors=1).fit(points).kneighbors(places)[0][:, 0]
    w = []
    for i in rest[:m]:
        others = np.delete(points, i, axis=0)
        w.append(cdist(points[i : i + 1], others).min())
    a, b = np.sum(u**exponent), np.sum(np.array(w) ** exponent)
    return float(a / (a + b))


HOPKINS = []
for n, m, d, exponent in [(50, 12, 2, 2), (80, 20, 24, 2), (30, 30, 4, 4)]:
    points = binary(n, d, 6) if d == 24 else rng.random((n, d))
    places = binary(m, d, 9) if d == 24 else rng.random((m, d))
    HOPKINS.append((points, places, exponent, [float(v) for v in rng.random(m)]))


def spread(points):
    values = np.linalg.eigvalsh(np.cov(points, rowvar=False))
    return {
        "distance": float(np.mean(pdist(points) ** 2)),
        "dimension": float(values.sum() ** 2 / (values**2).sum()),
    }


SPREAD = [binary(40, 24, 6), binary(826, 24, 200), rng.normal(size=(20, 3))]


def share(groups, values, level):
    """Korn and Graubard's effective n of statsmodels' clustered se, in statsmodels' Wilson."""
    fit = sm.OLS(values, np.ones(len(values))).fit()
    robust = fit.get_robustcov_results("cluster", groups=groups, use_correction=False)
    g = len(set(groups))
    variance = robust.bse[0] ** 2 * g / (g - 1)
    p, n = np.mean(values), len(values)
    effective = min(n, p * (1 - p) / variance)
    limits = proportion_confint(p * effective, effective, 1 - level, "wilson")
    return {"effectiveN": float(effective), "limits": [float(v) for v in limits]}


CLUSTERS = []
for g, size, level in [(40, 6, 0.95), (12, 3, 0.9), (200, 24, 0.95)]:
    chance = rng.beta(2, 3, g)
    groups = np.repeat(np.arange(g), size)
    CLUSTERS.append((groups, (rng.random(g * size) < np.repeat(chance, size)).astype(int), level))

COUNTS = [[5, 3, 2], [1], [10, 0, 0], [826, 1, 1, 1], [4, 4, 4, 4], [int(v) for v in rng.integers(1, 99, 30)]]

WORDS = [f"w{i}" for i in range(40)]


def texts():
    """Texts of some families: copies with words replaced, so that overlaps lie around a half."""
    found = []
    for profile in range(24):
        base = [WORDS[i] for i in rng.integers(0, 40, int(rng.integers(12, 30)))]
        for copy in range(int(rng.integers(1, 5))):
            words = [w if rng.random() > 0.05 * copy else WORDS[int(rng.integers(0, 40))] for w in base]
            found.append({"words": words, "profile": profile if rng.random() < 0.8 else 0})
    found += [{"words": ["a", "b"], "profile": 1}, {"words": ["a", "b"], "profile": 2}]
    return found


def brute(of):
    sets = []
    for text in of:
        w = text["words"]
        sets.append({tuple(w[i : i + 3]) for i in range(max(1, len(w) - 2))})
    near, across = set(), set()
    for i in range(len(of)):
        for j in range(len(of)):
            if i != j and 2 * len(sets[i] & sets[j]) >= len(sets[i] | sets[j]):
                near.add(i)
                if of[i]["profile"] != of[j]["profile"]:
                    across.add(i)
    return {"any": len(near), "across": len(across)}


def rows(points):
    """Sheets of 0 and 1 as text, to keep the file short."""
    if points.dtype.kind == "f":
        return points.tolist()
    return ["".join(str(v) for v in row) for row in points]


TEXTS = [texts() for _ in range(6)]

print(json.dumps({
    "versions": {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "statsmodels": statsmodels.__version__,
    },
    "coverage": [
        {"reference": rows(a), "sample": rows(b), "k": k, **prdc(a, b, k)} for a, b, k in COVER
    ],
    "hopkins": [
        {
            "points": rows(p),
            "places": rows(q),
            "exponent": e,
            "uniform": u,
            "value": hopkins(p, q, e, u),
        }
        for p, q, e, u in HOPKINS
    ],
    "spread": [{"points": rows(p), **spread(p)} for p in SPREAD],
    "shares": [
        {"size": int(sum(g == 0)), "values": "".join(map(str, v)), "level": l, **share(g, v, l)}
        for g, v, l in CLUSTERS
    ],
    "effective": [{"counts": c, "value": float(np.exp(entropy(c)))} for c in COUNTS],
    "duplicates": [
        {"texts": [[" ".join(one["words"]), one["profile"]] for one in t], **brute(t)} for t in TEXTS
    ],
}))
