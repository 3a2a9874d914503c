/** How near groups of people come to all of them, or to each other: what models are held against. */
import type { DataFrame } from "polars";
import { frame, rows } from "../../frames.ts";
import { mean } from "../../stats.ts";
import { z } from "zod";
import { isOrdered, type Question } from "../answers.ts";
import { measured } from "./measures.ts";
import { type People, peopleIn } from "./reference.ts";

/** A group of people by an attribute; all of them are `all` by `all`. */
export interface Group {
  attribute: string;
  group: string;
}

const ALL: Group = { attribute: "all", group: "all" };

/**
 * Each group's answers as if they were a model's: their alignment with those of all people, or of another
 * group, averaged over the questions that both were asked.
 *
 * @param reference a row per question, attribute, group and option, with share; all people have attribute
 *   and group `all`
 * @param of `against`: another group than all people
 * @returns by attribute and group: questions (that count), estimate
 * @throws {Error} when a column is missing, or nobody is `against`
 */
export function groupBaselines(
  reference: DataFrame,
  of: { questions: readonly Question[]; against?: Group },
): DataFrame {
  const { against = ALL } = of;
  const questions = of.questions.filter(isOrdered);
  const lacking = ["attribute", "group"].filter((name) => !reference.columns.includes(name));
  if (lacking.length) {
    throw new Error(
      `The reference has no column ${lacking.join(", ")}: baselines are of groups by attribute`,
    );
  }
  const groups = rows(
    reference.select("attribute", "group").unique({ maintainOrder: true }),
    z.object({ attribute: z.string(), group: z.string() }),
  );
  // A group is no factor of measures: it is read under another name.
  const people = peopleIn(reference.rename({ group: "of" }), questions, ["attribute", "of"]);
  const said = ({ attribute, group }: Group): (People | null)[] =>
    questions.map((_, at) => people(at, [attribute, group]));
  const whole = said(against);
  if (whole.every((own) => own === null)) {
    throw new Error(
      `The reference has no row of ${against.attribute} ${against.group}, with whom groups are compared`,
    );
  }
  const tidy = groups.filter(({ attribute, group }) =>
    attribute !== ALL.attribute &&
    !(attribute === against.attribute && group === against.group)
  ).map((one) => {
    const own = said(one);
    const aligned = questions.flatMap((question, at) =>
      own[at] && whole[at]
        ? measured("alignment", question)(own[at].shares, whole[at].shares) ?? []
        : []
    );
    return { ...one, questions: aligned.length, estimate: mean(aligned) };
  });
  return frame(tidy, {
    attribute: "text",
    group: "text",
    questions: "integer",
    estimate: "number",
  });
}

const Baseline = z.object({
  attribute: z.string(),
  group: z.string(),
  estimate: z.number().nullable(),
});

/**
 * The human average and the human worst: of the groups of `groupBaselines` the mean, and the least.
 *
 * @returns one row: groups (with an alignment), average, worst, worst_attribute, worst_group
 */
export function baselineSummary(baselines: DataFrame): DataFrame {
  const known = rows(baselines, Baseline).filter(({ estimate }) => estimate !== null);
  const [worst] = known.toSorted((a, b) => a.estimate! - b.estimate!);
  return frame([{
    groups: known.length,
    average: mean(known.map(({ estimate }) => estimate!)),
    worst: worst?.estimate ?? null,
    worst_attribute: worst?.attribute ?? null,
    worst_group: worst?.group ?? null,
  }], {
    groups: "integer",
    average: "number",
    worst: "number",
    worst_attribute: "text",
    worst_group: "text",
  });
}
