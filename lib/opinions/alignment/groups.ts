/** Alignment over groups, contexts and topics. */
import type { DataFrame } from "polars";
import { listed } from "../../format.ts";
import { frame, rows } from "../../frames.ts";
import { mean, slopeThroughOrigin } from "../../stats.ts";
import { z } from "zod";

const scored = (frame: DataFrame, names: readonly string[]) => {
  const lacking = [...names, "estimate"].filter((name) => !frame.columns.includes(name));
  if (lacking.length) {
    throw new Error(
      `These alignments have no column ${lacking.join(", ")}: there are ${listed(frame.columns)}`,
    );
  }
  return rows(
    frame.select(...names, "estimate"),
    z.object({
      ...Object.fromEntries(names.map((name) => [name, z.string().nullable()])),
      estimate: z.number().nullable(),
    }),
  ) as unknown as (Record<string, string | null> & { estimate: number | null })[];
};

/**
 * Alignment over groups: by their share of the population, each counting once, and the worst.
 *
 * @param alignments a row per group: the column `group` names, and estimate; one question (or `All`)
 * @param of `weights` of the groups in the population, by level
 * @returns one row: groups, weighted, unweighted, worst, worst_group; undefined where a group has none
 * @throws {Error} when a group has no weight, or two rows
 */
export function overGroups(
  alignments: DataFrame,
  { group, weights }: { group: string; weights: Readonly<Record<string, number>> },
): DataFrame {
  const all = scored(alignments, [group]);
  const names = all.map((row) => String(row[group]));
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) {
    throw new Error(`Group ${twice} is there twice: choose one question and measure, such as All`);
  }
  const without = names.filter((name) => !(weights[name]! >= 0));
  if (without.length) throw new Error(`No weight is given for ${listed(without)}`);
  const values = all.map(({ estimate }) => estimate);
  const known = !values.includes(null) && values.length > 0;
  const total = names.reduce((sum, name) => sum + weights[name]!, 0);
  const [worst] = all.keys().toArray().filter((at) => values[at] !== null)
    .toSorted((a, b) => values[a]! - values[b]!);
  return frame([{
    groups: all.length,
    weighted: known && total > 0
      ? names.reduce((sum, name, at) => sum + weights[name]! * values[at]!, 0) / total
      : null,
    unweighted: known ? mean(values as number[]) : null,
    worst: worst === undefined ? null : values[worst]!,
    worst_group: worst === undefined ? null : names[worst]!,
  }], {
    groups: "integer",
    weighted: "number",
    unweighted: "number",
    worst: "number",
    worst_group: "text",
  });
}

/**
 * How far contexts steer each group: its alignment without a context, with the best, and with each.
 *
 * The best of several contexts is chosen by what is measured, so that it is an optimistic most.
 *
 * @param alignments a row per group and context: their columns, and estimate
 * @param of `group` and `context` name the columns; `against` is the context without steering
 * @returns by group: unsteered, steered (best), best_context, gain, and mean_gain of all contexts
 * @throws {Error} when a group has no row without steering, or two of a context
 */
export function steerability(
  alignments: DataFrame,
  { group, context, against }: { group: string; context: string; against: string },
): DataFrame {
  const all = scored(alignments, [group, context]);
  const groups = Map.groupBy(all, (row) => row[group] ?? "");
  const tidy = [...groups].map(([name, own]) => {
    const contexts = own.map((row) => String(row[context]));
    const twice = contexts.find((one, at) => contexts.indexOf(one) < at);
    if (twice !== undefined) {
      throw new Error(`Group ${name} has context ${twice} twice: choose one question and measure`);
    }
    const base = own.find((row) => row[context] === against);
    if (!base) throw new Error(`Group ${name} has no ${context} ${against} to compare with`);
    const others = own.filter((row) => row !== base && row.estimate !== null);
    const [best] = others.toSorted((a, b) => b.estimate! - a.estimate!);
    const unsteered = base.estimate;
    const gain = (estimate: number | null | undefined) =>
      estimate === null || estimate === undefined || unsteered === null
        ? null
        : estimate - unsteered;
    return {
      [group]: name,
      unsteered,
      steered: best?.estimate ?? null,
      best_context: best ? best[context]! : null,
      gain: gain(best?.estimate),
      mean_gain: unsteered === null ? null : mean(others.map((row) => row.estimate! - unsteered)),
    };
  });
  return frame(tidy, {
    [group]: "text",
    unsteered: "number",
    steered: "number",
    best_context: "text",
    gain: "number",
    mean_gain: "number",
  });
}

/**
 * Steering over all groups: whether it raises them, and whether it evens them out.
 *
 * @param groups as `steerability` returns them; groups without one of the two numbers do not count
 * @returns one row: groups, unsteered and steered (means), gain, range_unsteered, range_steered (best less
 *   worst group), slope (of steered on unsteered, through the origin)
 */
export function steering(groups: DataFrame): DataFrame {
  const known = rows(
    groups.select("unsteered", "steered"),
    z.object({ unsteered: z.number().nullable(), steered: z.number().nullable() }),
  ).filter(({ unsteered, steered }) => unsteered !== null && steered !== null);
  const before = known.map(({ unsteered }) => unsteered!);
  const after = known.map(({ steered }) => steered!);
  const range = (of: readonly number[]) => of.length ? Math.max(...of) - Math.min(...of) : null;
  return frame([{
    groups: known.length,
    unsteered: mean(before),
    steered: mean(after),
    gain: mean(after.map((one, at) => one - before[at]!)),
    range_unsteered: range(before),
    range_steered: range(after),
    slope: slopeThroughOrigin(before, after),
  }], {
    groups: "integer",
    unsteered: "number",
    steered: "number",
    gain: "number",
    range_unsteered: "number",
    range_steered: "number",
    slope: "number",
  });
}

/** Alignments this near are equally good. */
const TIE = 1e-12;

/**
 * Whether the group that is represented best is the same in every topic.
 *
 * @param alignments a row per attribute, group, topic and question, with estimate
 * @returns by attribute, and for `All` the mean over them: best_group (over all questions), topics, agreeing
 *   (topics whose best group it is), tied (topics without one best group, which count for nothing),
 *   consistency (agreeing by topics that have one); undefined where no group is best over all
 */
export function consistency(alignments: DataFrame): DataFrame {
  const all = scored(alignments, ["attribute", "group", "topic"])
    .filter(({ estimate }) => estimate !== null);
  const tidy = [...Map.groupBy(all, ({ attribute }) => attribute!)].map(([attribute, own]) => {
    const best_group = bestOf(own);
    const topics = [...Map.groupBy(own, ({ topic }) => topic).values()].map(bestOf);
    const tied = topics.filter((best) => best === null).length;
    const agreeing = topics.filter((best) => best !== null && best === best_group).length;
    const decided = topics.length - tied;
    return {
      attribute,
      best_group,
      topics: topics.length,
      agreeing: best_group === null ? null : agreeing,
      tied,
      consistency: best_group === null || decided === 0 ? null : agreeing / decided,
    };
  });
  const values = tidy.flatMap(({ consistency }) => consistency ?? []);
  const total = {
    attribute: "All",
    best_group: null,
    topics: null,
    agreeing: null,
    tied: null,
    consistency: mean(values),
  };
  return frame([...tidy, total], {
    attribute: "text",
    best_group: "text",
    topics: "integer",
    agreeing: "integer",
    tied: "integer",
    consistency: "number",
  });
}

/** The group with the highest mean; null where two have it. */
function bestOf(
  of: readonly (Record<string, string | null> & { estimate: number | null })[],
): string | null {
  const means = [...Map.groupBy(of, ({ group }) => group!)]
    .map(([group, own]) => ({ group, mean: mean(own.map(({ estimate }) => estimate!))! }))
    .toSorted((a, b) => b.mean - a.mean);
  const [first, second] = means;
  return !first || (second && first.mean - second.mean <= TIE) ? null : first.group;
}
