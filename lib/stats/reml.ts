/** Variance components of crossed subjects and settings by restricted maximum likelihood. */
import { checked, mean, sum } from "./basics.ts";

/** A value of one subject in one setting; the two have several where the same was measured again. */
export interface Measured {
  subject: string;
  setting: string;
  value: number;
}

/** Variances of y = μ + subject + setting + subject × setting + error. */
export interface Components {
  subject: number;
  setting: number;
  /** Null where nothing was measured twice in a setting: then it is part of `error`. */
  interaction: number | null;
  error: number;
}

/**
 * Variance components by restricted maximum likelihood, none below 0: subjects, settings, their
 * interaction where there are repeats, and error; any cell may have any number of values, or none.
 *
 * The deviance is profiled over the error variance, as lme4 does, and minimised over the standard
 * deviations of the effects relative to it. Cells enter by their means: the effects of subjects are
 * eliminated by rows and those of settings by a Cholesky factor of their number. Null with fewer than 2
 * subjects or settings, with no more values than subjects and settings have effects, where nothing varies, and where
 * squares are too large or too small for doubles.
 * Source: Patterson & Thompson 1971, Biometrika 58, 545–554; Bates et al. 2015, Journal of Statistical
 * Software 67(1).
 *
 * @throws {RangeError} when a value is not finite
 */
export function remlComponents(of: readonly Measured[]): Components | null {
  checked(of.map(({ value }) => value));
  const data = cellsOf(of);
  if (data.P < 2 || data.S < 2 || data.N <= data.P + data.S - 1) return null;
  if (!(data.square > 0)) return null;
  const repeated = data.N > data.w.length;
  const full = (theta: readonly number[]) => deviance(data, theta);
  const size = repeated ? 3 : 2;
  let theta = minimum(full, new Array<number>(size).fill(1));
  let least = full(theta).deviance;
  // A variance of 0 is at the edge, which a descent only comes near.
  for (let at = 0; at < size; at++) {
    const edge = theta.with(at, 0);
    const rest = theta.keys().filter((other) => other !== at).toArray();
    const within = (free: readonly number[]) =>
      full(rest.reduce((made, other, place) => made.with(other, free[place]!), edge));
    const free = minimum(within, rest.map((other) => theta[other]!));
    if (within(free).deviance > least + 1e-9) continue;
    theta = rest.reduce((made, other, place) => made.with(other, free[place]!), edge);
    least = full(theta).deviance;
  }
  const { error } = full(theta);
  const variance = (at: number) => theta[at]! ** 2 * error;
  if (!Number.isFinite(error) || !theta.every((_, at) => Number.isFinite(variance(at)))) {
    return null;
  }
  return {
    subject: variance(0),
    setting: variance(1),
    interaction: repeated ? variance(2) : null,
    error,
  };
}

interface Cells {
  /** By cell: its subject, setting, number of values, and their mean less the mean of all. */
  p: Int32Array;
  s: Int32Array;
  w: Float64Array;
  y: Float64Array;
  P: number;
  S: number;
  N: number;
  /** Squares within cells, and of all. */
  within: number;
  square: number;
}

function cellsOf(of: readonly Measured[]): Cells {
  const places = (names: Iterable<string>) =>
    new Map([...new Set(names)].map((name, at) => [name, at]));
  const subjects = places(of.map(({ subject }) => subject));
  const settings = places(of.map(({ setting }) => setting));
  const centre = mean(of.map(({ value }) => value)) ?? 0;
  const groups = [
    ...Map.groupBy(of, ({ subject, setting }) => JSON.stringify([subject, setting])).values(),
  ];
  const means = groups.map((group) => mean(group.map(({ value }) => value - centre))!);
  const within = sum(
    groups.flatMap((group, at) => group.map(({ value }) => (value - centre - means[at]!) ** 2)),
  );
  return {
    p: Int32Array.from(groups, ([one]) => subjects.get(one!.subject)!),
    s: Int32Array.from(groups, ([one]) => settings.get(one!.setting)!),
    w: Float64Array.from(groups, ({ length }) => length),
    y: Float64Array.from(means),
    P: subjects.size,
    S: settings.size,
    N: of.length,
    within,
    square: sum(of.map(({ value }) => (value - centre) ** 2)),
  };
}

/** −2 log restricted likelihood but for a constant, at standard deviations relative to the error's. */
function deviance(data: Cells, [tp = 0, ts = 0, ti = 0]: readonly number[]) {
  const { p, s, w: counts, y, P, S, N } = data;
  const [a, va] = [new Float64Array(P), new Float64Array(P)];
  const [b, vb] = [new Float64Array(S), new Float64Array(S)];
  const cross = Array.from({ length: P }, () => new Float64Array(S));
  let [logs, ones, mixed, squares] = [0, 0, 0, 0];
  for (let cell = 0; cell < counts.length; cell++) {
    const d = ti ** 2 + 1 / counts[cell]!, w = 1 / d, own = w * y[cell]!;
    logs += Math.log(d * counts[cell]!);
    ones += w, mixed += own, squares += own * y[cell]!;
    a[p[cell]!]! += w, va[p[cell]!]! += own;
    b[s[cell]!]! += w, vb[s[cell]!]! += own;
    cross[p[cell]!]![s[cell]!] = w;
  }
  // Eliminates subjects: what is left is a matrix of settings.
  const left = Array.from({ length: S }, (_, j) => {
    const row = new Float64Array(S);
    row[j] = 1 + ts ** 2 * b[j]!;
    return row;
  });
  const u = b.map((one) => ts * one), v = vb.map((one) => ts * one);
  for (let i = 0; i < P; i++) {
    const pivot = 1 + tp ** 2 * a[i]!, row = cross[i]!;
    logs += Math.log(pivot);
    ones -= tp ** 2 * a[i]! ** 2 / pivot;
    mixed -= tp ** 2 * a[i]! * va[i]! / pivot;
    squares -= tp ** 2 * va[i]! ** 2 / pivot;
    const scale = tp ** 2 / pivot;
    for (let j = 0; j < S; j++) {
      const own = row[j]!;
      if (own === 0) continue;
      u[j]! -= ts * scale * own * a[i]!;
      v[j]! -= ts * scale * own * va[i]!;
      for (let k = 0; k <= j; k++) left[j]![k]! -= ts ** 2 * scale * own * row[k]!;
    }
  }
  // Cholesky's factor, row by row, and both sides with it.
  for (let j = 0; j < S; j++) {
    const row = left[j]!;
    for (let k = 0; k < j; k++) {
      let value = row[k]!;
      for (let m = 0; m < k; m++) value -= row[m]! * left[k]![m]!;
      row[k] = value / left[k]![k]!;
      u[j]! -= row[k]! * u[k]!, v[j]! -= row[k]! * v[k]!;
    }
    let value = row[j]!;
    for (let m = 0; m < j; m++) value -= row[m]! ** 2;
    row[j] = Math.sqrt(value);
    u[j]! /= row[j]!, v[j]! /= row[j]!;
    logs += 2 * Math.log(row[j]!);
    ones -= u[j]! ** 2, mixed -= u[j]! * v[j]!, squares -= v[j]! ** 2;
  }
  const quadratic = squares - mixed ** 2 / ones + data.within;
  return {
    deviance: logs + Math.log(ones) + (N - 1) * Math.log(quadratic),
    error: quadratic / (N - 1),
  };
}

/** The lowest point by Nelder and Mead, begun anew until it stays; signs do not matter. */
function minimum(
  of: (at: readonly number[]) => { deviance: number },
  from: readonly number[],
): number[] {
  const f = (at: readonly number[]) => of(at).deviance;
  let best = [...from], value = f(best);
  for (let round = 0; round < 8; round++) {
    const found = descent(f, best, round ? 0.02 : 0.5), now = f(found);
    const near = value - now < 1e-11;
    if (now <= value) [best, value] = [found.map(Math.abs), now];
    if (round && near) break;
  }
  return best;
}

function descent(
  f: (at: readonly number[]) => number,
  from: readonly number[],
  step: number,
): number[] {
  const points = [from, ...from.map((one, at) => from.with(at, one + step * Math.max(1, one)))]
    .map((at) => ({ at, value: f(at) }));
  const n = from.length;
  for (let turn = 0; turn < 400 * n; turn++) {
    points.sort((a, b) => a.value - b.value);
    const worst = points[n]!,
      spread = Math.max(
        ...points[0]!.at.map((one, at) => Math.abs(one - worst.at[at]!)),
      );
    if (spread < 1e-10) break;
    const centre = from.map((_, at) => sum(points.slice(0, n).map((one) => one.at[at]!)) / n);
    const moved = (by: number) => {
      const at = centre.map((one, place) => one + by * (worst.at[place]! - one));
      return { at, value: f(at) };
    };
    const mirrored = moved(-1);
    if (mirrored.value < points[0]!.value) {
      const further = moved(-2);
      points[n] = further.value < mirrored.value ? further : mirrored;
    } else if (mirrored.value < points[n - 1]!.value) points[n] = mirrored;
    else {
      const nearer = moved(mirrored.value < worst.value ? -0.5 : 0.5);
      if (nearer.value < Math.min(worst.value, mirrored.value)) points[n] = nearer;
      else {
        const [first] = points;
        for (let at = 1; at <= n; at++) {
          const own = points[at]!.at.map((one, place) => (one + first!.at[place]!) / 2);
          points[at] = { at: own, value: f(own) };
        }
      }
    }
  }
  return [...points.sort((a, b) => a.value - b.value)[0]!.at];
}
