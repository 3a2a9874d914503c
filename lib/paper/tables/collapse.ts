/** Collapse: do the sheets of personas differ as much as the profiles that the personas were made from? */
import type { DataFrame } from "polars";
import type { Administrations } from "../../db.ts";
import { frame } from "../../frames.ts";
import { seeded } from "../../random.ts";
import { mean, neighbourhoods, quantile, variety } from "../../stats.ts";
import { DRAWN } from "../design.ts";
import { Answers, column } from "./answers.ts";
import { cellsOf, isPersonas, PROFILES_ROW, RANDOM_ROW, shownAnswers } from "./shown.ts";

type Points = Map<number, number[]>;

const MEASURES = ["distinct", "distance", "dimension", "hopkins", "coverage", "density"] as const;

/**
 * The variety of each model's EPQR-A sheets beside that of the profiles, as the prompt showed them in
 * that condition, and of the random control under the same condition.
 *
 * The profiles are split at random into halves A and B, `splits` times; all sources are measured on the
 * sheets that belong to B, so that all have one size and none is compared with the very profiles it was
 * made from. `estimate` is the mean over the splits, `lower` and `upper` hold the middle 95 % of them:
 * how far halves differ, no confidence interval. Of each profile its first sheet without a gap counts.
 *
 * The measures are those of `variety`. Of 0 and 1 the squared distance is the number of answers in which two
 * sheets differ. `coverage` and `density` are of the profiles of A by the sheets of B, k = 5.
 *
 * `relative` is the mean over splits of the ratio to the row `Profiles` of the same condition and split.
 * Where neither the personas' rows nor the condition say what was shown (a dose), this row, coverage,
 * density and relative are undefined; the control's row is wherever its condition's name does not say it. A measure is undefined where it is in any split.
 *
 * @returns model (or `Profiles`, `Random profiles`), condition, measure, n (sheets in a half, mean),
 *   estimate, lower, upper, relative, relative_lower, relative_upper
 */
export function collapse(
  epqra: Administrations,
  reference: Administrations,
  random: Administrations,
  options: { splits?: number; seed?: number } = {},
): DataFrame {
  const { splits = 20, seed = DRAWN.seed } = options;
  const sheets = sheetsOf(epqra);
  const cells = cellsOf(Answers.of(epqra, "corrected").sheets.filter(isPersonas));
  const ids = Answers.of(reference, "corrected").sheets.map(({ profile }) => profile!)
    .toSorted((a, b) => a - b);
  const halves = halved(ids, splits, seed);
  const tidy = [...Map.groupBy(cells, ({ condition }) => condition)].flatMap(([condition, own]) => {
    const profiles = shownPoints(reference, shownAnswers(epqra, reference, condition));
    // No persona was made from the control: what it would have been shown is what the name says.
    const control = renamed(shownPoints(random, shownAnswers(random, random, condition)), ids);
    const sources = new Map([
      ...own.map(({ model }) => [model, sheets.get(`${model}|${condition}`) ?? new Map()] as const),
      [PROFILES_ROW, profiles] as const,
      [RANDOM_ROW, control] as const,
    ]);
    const measured = halves.map(([a, b], split) => {
      const cover = neighbourhoods(pick(profiles, a));
      return new Map([...sources].map(([model, points]) => {
        const random = seeded("collapse", seed, split, model, condition);
        return [model, variety(pick(points, b), { cover, random })];
      }));
    });
    return [...sources.keys()].flatMap((model) =>
      MEASURES.map((name) => {
        const values = measured.map((of) => of.get(model)![name]);
        const ratios = measured.map((of) =>
          over(of.get(model)![name], of.get(PROFILES_ROW)![name])
        );
        const [estimate, relative] = [middle(values), middle(ratios)];
        return {
          model,
          condition,
          measure: name,
          n: mean(halves.map(([, b]) => pick(sources.get(model)!, b).length)),
          ...estimate,
          relative: relative.estimate,
          relative_lower: relative.lower,
          relative_upper: relative.upper,
        };
      })
    );
  });
  return frame(tidy, {
    model: "text",
    condition: "text",
    measure: "text",
    n: "number",
    estimate: "number",
    lower: "number",
    upper: "number",
    relative: "number",
    relative_lower: "number",
    relative_upper: "number",
  });
}

const over = (value: number | null, by: number | null): number | null =>
  value === null || by === null || by === 0 ? null : value / by;

function middle(values: readonly (number | null)[]) {
  const all = values.filter((value) => value !== null);
  if (all.length < values.length) return { estimate: null, lower: null, upper: null };
  return { estimate: mean(all), lower: quantile(all, 0.025), upper: quantile(all, 0.975) };
}

function halved(ids: readonly number[], splits: number, seed: number): [number[], number[]][] {
  return Array.from({ length: splits }, (_, split) => {
    const all = seeded("halves", seed, split).shuffled(ids);
    const half = Math.ceil(all.length / 2);
    return [all.slice(0, half), all.slice(half)];
  });
}

const pick = (points: Points, ids: readonly number[]): number[][] =>
  ids.flatMap((id) => points.has(id) ? [points.get(id)!] : []);

/** The first complete sheet of each profile, by model and condition. */
function sheetsOf(epqra: Administrations): Map<string, Points> {
  const answers = Answers.of(epqra, "corrected");
  const items = itemsOf(epqra).map((item) => answers.item("answer", item));
  const found = new Map<string, Points>();
  for (const sheet of answers.sheets.filter(isPersonas)) {
    const { profile, row, model, condition } = sheet;
    const given = items.map((of) => of(row));
    if (profile === null || given.some((answer) => answer === null)) continue;
    const key = `${model}|${condition}`;
    const own = found.get(key) ?? new Map<number, number[]>();
    found.set(key, own);
    if (!own.has(profile)) own.set(profile, given as number[]);
  }
  return found;
}

const itemsOf = ({ items }: Administrations): number[] => column<number>(items, "item");

function shownPoints(
  profiles: Administrations,
  shown: ReturnType<typeof shownAnswers>,
): Points {
  if (!shown) return new Map();
  const items = itemsOf(profiles).map((item) => shown.get(item)!);
  return new Map(
    Answers.of(profiles, "corrected").sheets.flatMap(({ profile, row }) => {
      const given = items.map((of) => of[row] ?? null);
      return given.some((answer) => answer === null) ? [] : [[profile!, given as number[]]];
    }),
  );
}

/** The random control under the profiles' ids, since it has nothing else to do with them. */
const renamed = (control: Points, ids: readonly number[]): Points =>
  new Map([...control.values()].slice(0, ids.length).map((points, at) => [ids[at]!, points]));
