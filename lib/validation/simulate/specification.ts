/** What a simulated study is to be, and what comes of it. */
import type { Condition } from "../../conditions.ts";
import type { Attribute } from "../../paper/design.ts";
import type { UniformInstrument } from "../../instruments.ts";

/** One number for all scales, or one for each that is named. */
export type ByScale = number | Readonly<Record<string, number>>;

/** A study and its truth, as data. */
export interface Specification {
  profiles: {
    n: number;
    /** One of two answers, all items keyed; the EPQR-A without it. */
    instrument?: UniformInstrument;
    /** How often items are answered Yes: one rate, or one per item in their order; 0.5 without it. */
    yes?: number | readonly number[];
    /** KR-20 of each scale; 0.7 without it. */
    reliability?: ByScale;
  };
  models: readonly SimulatedModel[];
  /** By name or as data; Base, MaxN and MaxP without them. */
  conditions?: readonly (string | Condition)[];
  /** Personas of each profile by each model in each condition; 5 without it. */
  repetitions?: number;
  /** How many of them, from the first, answer the questionnaires; 1 without it. */
  sheets?: number;
}

export interface SimulatedModel {
  id: string;
  label: string;
  /** The chance that a persona's answer is its profile's, after the condition; 1 without it. */
  fidelity?: ByScale;
  /** How often the other answers are Yes; 0.5 without it. */
  otherwise?: ByScale;
  /**
   * Least and most keyed answers of a scale: on a sheet beyond them, items drawn at random are turned
   * round until it is there.
   */
  floor?: Readonly<Record<string, number>>;
  ceiling?: Readonly<Record<string, number>>;
  /** Without it the personas have no BFI. */
  bfi?: SimulatedBfi;
  demographics?: Readonly<Partial<Record<Attribute["column"], Demographic>>>;
}

/**
 * The BFI from the latents of the profile: a trait is Σ loading × latent, filled up to variance 1 with
 * what is the persona's own, and an item the whole number next to mean + sd × (item × trait + noise),
 * from 1 to 5, reverse-scored items the other way.
 *
 * A condition moves a latent by as many standard deviations as it moves the profile's scale score.
 */
export interface SimulatedBfi {
  /** By trait, then by scale of the profiles. */
  loadings: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Correlation of an item with its trait before rounding; 0.6 without it. */
  item?: number;
  mean?: number;
  sd?: number;
}

/**
 * One attribute: a multinomial logit of the category, with a profile's repetitions alike.
 *
 * The weight of a category is its rate × exp(effect of the condition + slope × trait). A trait is the
 * share of the scale's items that the profile, after the condition, answers as keyed, less the share
 * expected of the unchanged profiles: the slope is what the whole range of the scale adds in log odds.
 */
export interface Demographic {
  /** By category as cleaning names them (`CATEGORIES`); they add up to 1. */
  rates: Readonly<Record<string, number>>;
  /** By condition and category, in log odds; 0 where nothing is said. */
  conditions?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** By scale and category, in log odds over the whole range. */
  traits?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /**
   * Intraclass correlation of every category by profile, on the scale of the shares and given the
   * profile's rates; 0 without it. Shares of a profile are Dirichlet-distributed: see `Urn`.
   */
  icc?: number;
  /**
   * `own`: what a profile favours is another in each condition; `common` without it. Where a condition
   * moves a rate by d, the common profiles do not all move by d: the moves vary by icc · d (1 − d).
   */
  profileEffect?: "common" | "own";
}

/** What one model's personas are in one condition. */
export interface Drawn {
  categories: readonly string[];
  /** Place of the category, n × repetitions: all repetitions of the first profile, then the next. */
  values: Uint8Array;
  /** The truth: each category's rate, as the mean over these profiles. */
  rates: readonly number[];
}

/** One model in one condition. What is an accessor is drawn when it is first asked for. */
export interface SimulatedCell {
  model: SimulatedModel;
  condition: Condition;
  population: string;
  /** Profiles after the condition, n × items. */
  readonly shown: Uint8Array;
  /** Numbers of the items that the condition set, by profile. */
  readonly changed: readonly (readonly number[])[];
  /** Answers to the profiles' instrument, n × sheets × items. */
  readonly sheets: Uint8Array;
  /** Answers to the BFI, n × sheets × 44; null where the model has none. */
  readonly bfi: Uint8Array | null;
  /** @throws {RangeError} when the model has no such attribute */
  demographic(attribute: Attribute["column"]): Drawn;
}

export interface Simulated {
  specification: Specification;
  seed: number;
  /** Name of the population of profiles. */
  reference: string;
  instrument: UniformInstrument;
  n: number;
  repetitions: number;
  /** Sheets of each profile in each cell. */
  sheetsEach: number;
  /** Answers of the profiles, n × items, whose ids are 1 to n. */
  profiles: Uint8Array;
  /** Standard normal, n × scales. */
  latents: Float64Array;
  /** Every condition of the first model, then of the next. */
  cells: readonly SimulatedCell[];
}

export const DEFAULTS = ["Base", "MaxN", "MaxP"];

export const RELIABILITY = 0.7;
