/**
 * Special functions and quantiles of stdlib, loaded by the first call that needs them: they are hundreds
 * of small files, and most commands compute no p.
 */
import { createRequire } from "node:module";
import type betaincOf from "@stdlib/math-base-special-betainc";
import type erfcOf from "@stdlib/math-base-special-erfc";
import type fQuantileOf from "@stdlib/stats-base-dists-f-quantile";
import type normalQuantileOf from "@stdlib/stats-base-dists-normal-quantile";
import type tQuantileOf from "@stdlib/stats-base-dists-t-quantile";

const require = createRequire(import.meta.url);

function loaded<F>(name: string): () => F {
  let found: F | undefined;
  return () => found ??= require(name) as F;
}

const ofBetainc = loaded<typeof betaincOf>("@stdlib/math-base-special-betainc");
const ofErfc = loaded<typeof erfcOf>("@stdlib/math-base-special-erfc");
const ofF = loaded<typeof fQuantileOf>("@stdlib/stats-base-dists-f-quantile");
const ofNormal = loaded<typeof normalQuantileOf>("@stdlib/stats-base-dists-normal-quantile");
const ofT = loaded<typeof tQuantileOf>("@stdlib/stats-base-dists-t-quantile");

/** The regularized incomplete beta function; its complement where `upper` is set. */
export const betainc = (x: number, a: number, b: number, upper = false): number =>
  ofBetainc()(x, a, b, true, upper);

export const erfc = (x: number): number => ofErfc()(x);

export const fQuantile = (share: number, df1: number, df2: number): number =>
  ofF()(share, df1, df2);

/** The z below which a share of the standard normal lies; right for shares from 1e-6 to 1 − 1e-6. */
export const normalQuantile = (share: number): number => ofNormal()(share, 0, 1);

export const tQuantile = (share: number, df: number): number => ofT()(share, df);
