/** What to ask: the cheapest number of settings and repeats, and a part of many settings that stands for all. */
import type { DataFrame } from "polars";
import { z } from "zod";
import { frame, type Kind, rows } from "../../frames.ts";
import { cost, type Model } from "../../llm.ts";
import { carried } from "../../provenance.ts";
import { seeded } from "../../random.ts";
import { type Components, designCoefficients } from "../../stats.ts";

const ALLOCATION = {
  model: "text",
  scale: "text",
  target: "number",
  settings_used: "integer",
  repeats_used: "integer",
  phi: "number",
  erho2: "number",
  calls: "integer",
  usd: "number",
  price_as_of: "text",
  reached: "text",
} as const satisfies Record<string, Kind>;

const Source = z.object({
  scale: z.string(),
  variance_of: z.string(),
  variance_reml: z.number().nullable(),
});

/**
 * The cheapest number of settings and repeats that reaches a coefficient within a budget, for each scale, at the prices
 * of models.
 *
 * Every persona is asked once for each setting and repeat, so that a design costs personas × settings × repeats
 * calls. A repeat costs what a setting costs and averages less, so that repeats come in only where there are no
 * more settings. What another model would reach with the same components is no more than a guess: the components are of
 * the model that answered.
 *
 * @param found as `components` returns them, of one level of each factor that they are by
 * @param of `models`: with their prices, such as `[model("gpt4omini")]`; `tokens`: of one call, as `lab.estimate(…)` has
 *   them (tokens_in, tokens_out); `budget`: USD for each model; `coefficient`: `absolute` (Φ) unless said; `most`:
 *   settings and repeats at most, of which the first is how many there are
 * @returns by model and scale: target, settings_used, repeats_used, phi, erho2, calls, usd, price_as_of, reached (yes; no: then
 *   the best that the budget and the settings allow; undefined numbers where not even one call is within it)
 * @throws {Error} when a scale has several components of a kind, or a model has no price
 */
export const cheapest = carried((
  found: DataFrame,
  of: {
    target: number;
    personas: number;
    models: readonly Model[];
    tokens: { input: number; output: number };
    budget: number;
    most: { settings: number; repeats: number };
    coefficient?: "absolute" | "relative";
  },
): DataFrame => {
  const { target, personas, models, tokens, budget, most, coefficient = "absolute" } = of;
  if (!(target > 0 && target < 1)) {
    throw new RangeError(`A target coefficient lies between 0 and 1: got ${target}`);
  }
  const scales = Map.groupBy(rows(found, Source), ({ scale }) => scale);
  const tidy = models.flatMap((model) => {
    const call = cost(model, tokens);
    if (call === null) {
      throw new Error(
        `The price of ${model.id} is unknown: give its entry in the registry a price, or name another`,
      );
    }
    return [...scales].map(([scale, own]) => {
      const components = componentsOf(scale, own);
      const repeatable = components.interaction === null ? 1 : most.repeats;
      const designs = Array.from({ length: most.settings }, (_, at) => at + 1).flatMap((settings) =>
        Array.from({ length: repeatable }, (_, at) => at + 1).map((repeats) => {
          const calls = personas * settings * repeats;
          const { relative, absolute } = designCoefficients(components, { settings, repeats });
          return { settings, repeats, calls, usd: calls * call, relative, absolute };
        })
      ).filter((design) => design.usd <= budget);
      const value = (design: typeof designs[number]) => design[coefficient] ?? -Infinity;
      const enough = designs.filter((design) => value(design) >= target)
        .toSorted((a, b) => a.usd - b.usd || a.calls - b.calls || value(b) - value(a));
      const best = enough[0] ??
        designs.toSorted((a, b) => value(b) - value(a) || a.calls - b.calls)[0];
      return {
        model: model.label,
        scale,
        target,
        settings_used: best?.settings ?? null,
        repeats_used: best?.repeats ?? null,
        phi: best?.absolute ?? null,
        erho2: best?.relative ?? null,
        calls: best?.calls ?? null,
        usd: best?.usd ?? null,
        price_as_of: model.price!.as_of,
        reached: enough.length ? "yes" : "no",
      };
    });
  });
  return frame(tidy, ALLOCATION);
});

function componentsOf(scale: string, own: readonly z.infer<typeof Source>[]): Components {
  const variance = (...names: string[]) => {
    const found = own.filter(({ variance_of }) => names.includes(variance_of));
    if (found.length < 2) return found[0]?.variance_reml ?? null;
    throw new Error(
      `${scale} has ${found.length} components of ${names[0]}: filter to one level of each factor`,
    );
  };
  return {
    subject: variance("persona") ?? 0,
    setting: variance("setting") ?? 0,
    interaction: variance("persona × setting"),
    error: variance("repeat", "persona × setting, repeat") ?? 0,
  };
}

/** A part of all combinations of levels. */
export interface Fractional<Levels> {
  settings: readonly Levels[];
  /** Whether a combination is left out: what a plan's `except` takes. */
  except: (levels: Readonly<Record<string, string>>) => boolean;
  /** The largest difference between how often two levels of a factor, and two pairs of two factors, are there. */
  imbalance: { levels: number; pairs: number };
}

/** How often a set is begun anew from the seed. */
const STARTS = 60;

/**
 * A few of many settings, in which every level of each factor, and every pair of levels of two factors, stands as
 * evenly as can be found: 60 settings in place of 2,500, of which the components of persona × factor are still known.
 * Found by exchange from drawn beginnings; the same seed gives the same settings.
 *
 * @param factors levels as they stand in results: `{ option_order: ["printed", "reversed"], … }`
 * @throws {RangeError} when as many settings are not there
 */
export function fraction<Name extends string>(
  factors: Readonly<Record<Name, readonly string[]>>,
  { settings, seed = 1 }: { settings: number; seed?: number },
): Fractional<Record<Name, string>> {
  const names = Object.keys(factors) as Name[];
  const all = names.reduce<number[][]>(
    (made, name) => made.flatMap((own) => factors[name].map((_, level) => [...own, level])),
    [[]],
  );
  if (!(Number.isInteger(settings) && settings >= 1 && settings <= all.length)) {
    throw new RangeError(
      `There are ${all.length} settings of these levels, of which 1 or more are asked: got ${settings}`,
    );
  }
  const sizes = names.map((name) => factors[name].length);
  // A margin for each factor and each pair; an uneven margin costs its squares.
  const margins = names.flatMap((_, a) => [
    { of: ([...own]: readonly number[]) => own[a]!, size: sizes[a]!, pair: false },
    ...names.slice(0, a).map((_, b) => ({
      of: (own: readonly number[]) => own[a]! * sizes[b]! + own[b]!,
      size: sizes[a]! * sizes[b]!,
      pair: true,
    })),
  ]);
  const random = seeded("fraction", seed);
  let best: number[] = [], least = Infinity;
  for (let start = 0; start < STARTS && least > 0; start++) {
    const kept = random.shuffled(all.keys().toArray()).slice(0, settings);
    const counts = margins.map(({ size }) => new Float64Array(size));
    const add = (at: number, by: number) =>
      margins.forEach(({ of }, margin) => counts[margin]![of(all[at]!)]! += by);
    const cost = () =>
      margins.reduce(
        (sum, { size }, margin) =>
          sum +
          counts[margin]!.reduce((own, count) => own + (count - settings / size) ** 2, 0),
        0,
      );
    for (const at of kept) add(at, 1);
    let now = cost();
    for (let changed = true; changed;) {
      changed = false;
      for (let place = 0; place < settings; place++) {
        const inside = new Set(kept);
        for (const other of all.keys()) {
          if (inside.has(other)) continue;
          const own = kept[place]!;
          add(own, -1), add(other, 1);
          const then = cost();
          if (then < now - 1e-9) {
            inside.delete(own), inside.add(other);
            [kept[place], now, changed] = [other, then, true];
          } else add(own, 1), add(other, -1);
        }
      }
    }
    if (now < least) [best, least] = [kept, now];
  }
  const chosen = best.toSorted((a, b) => a - b).map((at) => all[at]!);
  const uneven = (pairs: boolean) =>
    Math.max(
      0,
      ...margins.filter(({ pair }) => pair === pairs).map(({ of, size }) => {
        const counts = new Array<number>(size).fill(0);
        for (const own of chosen) counts[of(own)]! += 1;
        return Math.max(...counts) - Math.min(...counts);
      }),
    );
  const named = chosen.map((own) =>
    Object.fromEntries(names.map((name, at) => [name, factors[name][own[at]!]!])) as Record<
      Name,
      string
    >
  );
  const keys = new Set(named.map((own) => JSON.stringify(names.map((name) => own[name]))));
  return {
    settings: named,
    except: (levels) => !keys.has(JSON.stringify(names.map((name) => levels[name]))),
    imbalance: { levels: uneven(false), pairs: uneven(true) },
  };
}
