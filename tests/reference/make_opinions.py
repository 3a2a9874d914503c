"""Distances, their null levels, Page's test: python3 -W ignore make_opinions.py > opinions_python.json

Distances: scipy wasserstein_distance, jensenshannon, entropy. Null levels: every pair of multinomial
samples. Page: scipy page_trend_test where ranks are not tied (exact and asymptotic); tied, every order of
each row. Permutations: scipy permutation_test, all of them.
"""
import itertools, json, math, sys
import numpy, scipy
from scipy import stats
from scipy.spatial.distance import jensenshannon

rng = numpy.random.default_rng(20261127)


def w1(p, r, x):
    return stats.wasserstein_distance(x, x, p, r)


distances = []
for k in (2, 3, 4, 5, 7, 12):
    for _ in range(4):
        p, r = rng.dirichlet(numpy.ones(k)), rng.dirichlet(numpy.ones(k))
        if k > 3:
            p[rng.integers(k)] = 0
            p /= p.sum()
        x = numpy.sort(rng.choice(numpy.arange(-20, 20), k, replace=False)) / 2
        x = rng.permutation(x)
        distances.append(dict(p=list(p), r=list(r), x=list(x), w1=w1(p, r, x),
                              tv=float(abs(p - r).sum() / 2), jsd=float(jensenshannon(p, r, 2) ** 2),
                              kl=float(stats.entropy(p, r, base=2))))


def compositions(n, k):
    if k == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in compositions(n - first, k - 1):
            yield (first,) + rest


def probability(counts, p):
    n = sum(counts)
    value = math.factorial(n)
    for c, q in zip(counts, p):
        value *= q ** c / math.factorial(c)
    return value


def null(p, x, n, m):
    sums = numpy.zeros(3)
    second = [(numpy.array(c) / m, probability(c, p)) for c in compositions(m, len(p))] if m else [(numpy.array(p), 1)]
    for c in compositions(n, len(p)):
        a, pa = numpy.array(c) / n, probability(c, p)
        for b, pb in second:
            sums += pa * pb * numpy.array([w1(a, b, x), abs(a - b).sum() / 2, jensenshannon(a, b, 2) ** 2])
    return list(sums)


nulls = []
for p, x, n, m in (((.5, .25, .25), (1, 2, 3), 6, 6), ((.1, .2, .7), (1, 2, 5), 5, 8),
                   ((.3, .7), (0, 1), 9, 4), ((.4, .1, .2, .3), (1, 2, 4, 5), 5, None)):
    w, tv, jsd = null(p, x, n, m)
    nulls.append(dict(p=p, x=x, n=n, m=m, w1=w, tv=tv, jsd=jsd))

page = []
for n, m in ((3, 3), (5, 4), (8, 4), (12, 5), (30, 4), (6, 6)):
    data = rng.normal(size=(n, m)) + .3 * numpy.arange(m)
    exact = stats.page_trend_test(data, method="exact")
    normal = stats.page_trend_test(data, method="asymptotic")
    page.append(dict(rows=data.round(6).tolist(), L=exact.statistic, exact=exact.pvalue, normal=normal.pvalue))


def tied(rows):
    ranks = [stats.rankdata(row) for row in rows]
    place = numpy.arange(1, len(rows[0]) + 1)
    dist = {0.0: 1.0}
    variance = mean = 0
    for r in ranks:
        own = {}
        orders = list(itertools.permutations(r))
        values = [float(place @ numpy.array(o)) for o in orders]
        for v in values:
            own[v] = own.get(v, 0) + 1 / len(orders)
        mean += numpy.mean(values)
        variance += numpy.var(values)
        nxt = {}
        for a, pa in dist.items():
            for b, pb in own.items():
                nxt[a + b] = nxt.get(a + b, 0) + pa * pb
        dist = nxt
    L = float(sum(place @ r for r in ranks))
    return dict(rows=rows, L=L, expected=mean, variance=variance, p=sum(p for v, p in dist.items() if v >= L - 1e-9))


ties = [tied(rng.integers(0, k, size=(n, m)).tolist()) for n, m, k in ((4, 4, 3), (6, 4, 2), (5, 5, 4), (7, 3, 3))]

permutations = []
for n, m in ((4, 5), (3, 6), (5, 5)):
    x, y = rng.integers(1, 6, n), rng.integers(2, 7, m)
    test = stats.permutation_test((x, y), lambda a, b: stats.wasserstein_distance(a, b), vectorized=False,
                                  n_resamples=numpy.inf, alternative="greater")
    permutations.append(dict(x=x.tolist(), y=y.tolist(), distance=test.statistic,
                             level=float(test.null_distribution.mean()), p=float(test.pvalue),
                             energy=float(2 * abs(x[:, None] - y).mean()
                                          - abs(x[:, None] - x).sum() / (n * (n - 1))
                                          - abs(y[:, None] - y).sum() / (m * (m - 1)))))

json.dump(dict(versions=dict(python=sys.version.split()[0], numpy=numpy.__version__, scipy=scipy.__version__),
               distances=distances, nulls=nulls, page=page, ties=ties, permutations=permutations), sys.stdout)
