/** Copying: answers that are the profile's own. */
import type { DataFrame } from "polars";
import type { Administrations } from "../../db.ts";
import { SCALES } from "../design.ts";
import { frame } from "../../frames.ts";
import { clusteredShare } from "../../stats.ts";
import { Answers, type Sheet } from "./answers.ts";
import { clustered, clusterOf } from "./clusters.ts";
import { cellKey, cellsOf, isPersonas, rowsOf, shownTo } from "./shown.ts";

type Value = number | null;

/** The two profiles that an answer is held against: before the condition, and as the prompt showed it. */
const AGAINST = ["profile", "shown"] as const;

interface Side {
  model: string;
  condition: string;
  against: (typeof AGAINST)[number];
  sheets: readonly Sheet[];
  /** A profile's answer to an item, null where unknown. */
  before: (sheet: Sheet, item: number) => Value;
}

function sides(epqra: Administrations, reference: Administrations): Side[] {
  const answers = Answers.of(epqra, "corrected"), profiles = Answers.of(reference, "corrected");
  const rowOf = rowsOf(profiles);
  const sheets = answers.sheets.filter((sheet) => isPersonas(sheet) && rowOf.has(sheet.profile));
  const groups = Map.groupBy(sheets, cellKey);
  const before = {
    profile: ({ profile }: Sheet, item: number) =>
      profiles.item("answer", item)(rowOf.get(profile)),
    shown: shownTo(epqra, reference),
  };
  return cellsOf(answers.sheets.filter(isPersonas)).flatMap((cell) =>
    AGAINST.map((against) => ({
      ...cell,
      against,
      sheets: groups.get(cellKey(cell)) ?? [],
      before: before[against],
    }))
  );
}

interface Compared {
  cluster: number;
  item: number;
  given: number;
  own: number;
}

/**
 * Share of answers that are the profile's answer to the same item, by scale, over all items and by item.
 *
 * `against` is the profile before the condition, or as the prompt showed it; in Base they are one. Under a
 * dose the second is known of personas that are stored with what they were shown, and else undefined. Answers and profile answers
 * that are missing are left out. `chance` is what answers would reach that have the same share of Yes
 * on each item but do not depend on the profile, mean of p·q + (1 − p)(1 − q) over the answers; `excess`
 * is how far the share goes from there to 1, (share − chance) / (1 − chance), undefined where chance is
 * 1. Intervals are Wilson's at the effective n by profile.
 *
 * @returns model, condition, against, scale (`All` for the whole sheet), item (null but in rows of one
 *   item), n (answers), clusters (profiles), estimate, ci_lower, ci_upper (95 %), chance, excess
 */
export function copying(epqra: Administrations, reference: Administrations): DataFrame {
  const answers = Answers.of(epqra, "corrected");
  const printed = SCALES.filter((scale) => answers.scales.has(scale));
  const scales = [...new Set<string>([...printed, ...answers.scales.keys()])]
    .map((scale) => [scale, answers.scales.get(scale)!] as const);
  const tidy = sides(epqra, reference).flatMap((side) => {
    const { model, condition, against } = side;
    const items = new Map(
      scales.flatMap(([, items]) => items).map((item) => [item, compared(answers, side, item)]),
    );
    const row = (scale: string, item: number | null, of: readonly number[]) => ({
      model,
      condition,
      against,
      scale,
      item,
      ...copied(of.map((item) => items.get(item)!)),
    });
    return [
      ...scales.map(([scale, items]) => row(scale, null, items)),
      row("All", null, [...items.keys()]),
      ...scales.flatMap(([scale, items]) => items.map((item) => row(scale, item, [item]))),
    ];
  });
  return frame(tidy, {
    model: "text",
    condition: "text",
    against: "text",
    scale: "text",
    item: "integer",
    n: "integer",
    clusters: "integer",
    estimate: "number",
    ci_lower: "number",
    ci_upper: "number",
    chance: "number",
    excess: "number",
  });
}

function compared(answers: Answers, { sheets, before }: Side, item: number): Compared[] {
  const column = answers.item("answer", item);
  return sheets.flatMap((sheet) => {
    const given = column(sheet.row), own = before(sheet, item);
    return given === null || own === null ? [] : [{ cluster: clusterOf(sheet), item, given, own }];
  });
}

function copied(items: readonly (readonly Compared[])[]) {
  const all = items.flat();
  const hits = all.map(({ cluster, given, own }) => ({ cluster, value: Number(given === own) }));
  const { n, clusters, estimate, ciLower, ciUpper } = clusteredShare(clustered(hits));
  const expected = items.reduce((sum, own) => {
    const yes = (of: "given" | "own") => own.filter((one) => one[of] === 1).length;
    const [p, q] = [yes("given"), yes("own")];
    return own.length ? sum + (p * q + (own.length - p) * (own.length - q)) / own.length : sum;
  }, 0);
  const chance = n > 0 ? expected / n : null;
  const excess = estimate === null || chance === null || chance === 1
    ? null
    : (estimate - chance) / (1 - chance);
  return { n, clusters, estimate, ci_lower: ciLower, ci_upper: ciUpper, chance, excess };
}

/**
 * Share of complete sheets that are their profile, answer by answer.
 *
 * @returns model, condition, against (as in {@link copying}), n (sheets without a gap), clusters
 *   (profiles), count (copies), estimate, ci_lower, ci_upper (95 %, Wilson's at the effective n)
 */
export function copiedSheets(epqra: Administrations, reference: Administrations): DataFrame {
  const answers = Answers.of(epqra, "corrected");
  const items = [...answers.scales.values()].flat();
  const tidy = sides(epqra, reference).map((side) => {
    const { model, condition, against, sheets, before } = side;
    const values = sheets.flatMap((sheet) => {
      const pairs = items.map((item) => [
        answers.item("answer", item)(sheet.row),
        before(sheet, item),
      ]);
      if (pairs.some(([given, own]) => given === null || own === null)) return [];
      const value = Number(pairs.every(([given, own]) => given === own));
      return [{ cluster: clusterOf(sheet), value }];
    });
    const { n, clusters, estimate, ciLower, ciUpper } = clusteredShare(clustered(values));
    const count = values.reduce((sum, { value }) => sum + value, 0);
    const interval = { estimate, ci_lower: ciLower, ci_upper: ciUpper };
    return { model, condition, against, n, clusters, count, ...interval };
  });
  return frame(tidy, {
    model: "text",
    condition: "text",
    against: "text",
    n: "integer",
    clusters: "integer",
    count: "integer",
    estimate: "number",
    ci_lower: "number",
    ci_upper: "number",
  });
}
