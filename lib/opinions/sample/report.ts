/** What was drawn beside what there is. */
import type { DataFrame } from "polars";
import { wordsOf } from "../../codebook.ts";
import { frame } from "../../frames.ts";
import { expectedTv, goodnessOfFit, sampleFit, type SampleRows } from "../../stats.ts";
import type { Design, Rule } from "./design.ts";
import { type Prepared, prepared } from "./prepared.ts";
import type { Drawable, Stratum } from "./drawer.ts";
import { type Drawn, variableOf } from "./drawn.ts";
import { targetOf } from "./target.ts";

/** Below an expected count of this size Pearson's p is not to be trusted. */
const LEAST_EXPECTED = 5;

/** The rows of all strata together, and the name of the joint table's combinations, in frames. */
export const ALL = "all";

/** The words of strata, where a variable of the codebook says them. */
function stratumWords({ design, codebook }: Prepared): Map<string, string> {
  const of = codebook.find(({ name }) => name === design.variable);
  return new Map(of?.levels?.map(({ value }) => [String(value), wordsOf(of, value)]));
}

/** What stands in frames for a class of people: a variable, or all of the joint table. */
interface Classes {
  name: string;
  label: string;
  /** By class: its words. */
  words: readonly string[];
  /** By person. */
  level: Int32Array;
  /** By stratum and class. */
  shares: readonly (readonly number[])[];
}

function classesOf({ prepared, codes, stratum }: Drawn): Classes[] {
  const { joint, cells, strata, variables, codebook } = prepared;
  const place = new Map(
    Array.from(cells[0]!.keys(), (cell) => [joint.map((_, at) => cells[at]![cell]).join(), cell]),
  );
  const described = (variable: Drawable) => codebook.find(({ name }) => name === variable.name)!;
  const wordsFor = (variable: Drawable) => {
    const own = described(variable);
    return own.levels!.map(({ value }) => wordsOf(own, value));
  };
  const inWords = joint.map(wordsFor);
  const together: Classes = {
    name: joint.map(({ name }) => name).join(" × "),
    label: joint.map((variable) => described(variable).label).join(" × "),
    words: Array.from(
      cells[0]!.keys(),
      (cell) => inWords.map((words, at) => words[cells[at]![cell]!]!).join(", "),
    ),
    level: Int32Array.from(
      stratum,
      (_, i) => place.get(joint.map((variable) => codes.get(variable)![i]).join())!,
    ),
    shares: strata.map(({ count, total }) => Array.from(count, (one) => one / total)),
  };
  const single = variables.map((variable): Classes => {
    return {
      name: variable.name,
      label: described(variable).label,
      words: wordsFor(variable),
      level: Int32Array.from(codes.get(variable)!),
      shares: strata.map((one) => {
        const shares = variable.levels.map(() => 0);
        for (const { codes, share } of targetOf(prepared, one, [variable])) {
          shares[codes[0]!]! += share;
        }
        return shares;
      }),
    };
  });
  return joint.length > 1 ? [together, ...single] : single;
}

/**
 * Target against drawn, for each stratum and all together, for each variable and the combinations of the
 * joint table: stratum and variable, each with its words (stratum_label, variable_label), n, effective_n, design_effect, tv, tv_expected (of so many independent
 * draws), largest (difference of shares, drawn less target), largest_level, chi2, df, p.
 *
 * Targets are computed through the tables, not simulated. In a stratum without weights chi² is Pearson's,
 * with weights, and over all strata, Rao and Scott's; undefined where an expected count is below 5. Systematic
 * draws and quotas vary less than independent ones, and who was weighted to the tables meets them, so that
 * they have no test.
 */
export function fitted(drawn: Drawn): DataFrame {
  const { prepared, stratum, weight, method, reweighted, size } = drawn;
  const { strata } = prepared;
  const people = strata.reduce((sum, { total }) => sum + total, 0);
  const places = stratumWords(prepared);
  const members = strata.map((_, at) =>
    Array.from(stratum.keys()).filter((i) => stratum[i] === at)
  );
  const records = classesOf(drawn).flatMap(({ name, label, words, level, shares }) => {
    const row = (of: string, wanted: readonly number[], who: readonly number[] | null) => {
      const own = who ?? [...stratum.keys()];
      const rows: SampleRows = {
        level: own.map((i) => level[i]!),
        ...weight && { weight: own.map((i) => weight[i]!) },
        ...!who && { stratum },
      };
      const alike = !weight || own.every((i) => weight[i] === weight[own[0]!]);
      const fit = alike && (who || strata.length === 1)
        ? plainFit(rows, wanted)
        : sampleFit(rows, wanted);
      const tested = method === "multinomial" && !reweighted &&
        (fit.leastExpected ?? 0) >= LEAST_EXPECTED;
      const weights = own.map((i) => weight ? weight[i]! : 1);
      const effective = who ? kish(weights) : size.effectiveN;
      return {
        stratum: of,
        stratum_label: places.get(of) ?? of,
        variable: name,
        variable_label: label,
        n: own.length,
        effective_n: effective,
        design_effect: fit.designEffect,
        tv: fit.tv,
        tv_expected: effective ? expectedTv(wanted, effective) : null,
        largest: fit.largest,
        largest_level: fit.at === null ? null : words[fit.at]!,
        chi2: tested ? fit.chi2 : null,
        df: tested ? fit.df : null,
        p: tested ? fit.p : null,
      };
    };
    const whole = words.map((_, at) =>
      strata.reduce((sum, { total }, h) => sum + total / people * shares[h]![at]!, 0)
    );
    return [
      row(ALL, whole, null),
      ...strata.length > 1 ? strata.map(({ name }, h) => row(name, shares[h]!, members[h]!)) : [],
    ];
  });
  return frame(records, {
    stratum: "text",
    stratum_label: "text",
    variable: "text",
    variable_label: "text",
    n: "integer",
    effective_n: "number",
    design_effect: "number",
    tv: "number",
    tv_expected: "number",
    largest: "number",
    largest_level: "text",
    chi2: "number",
    df: "integer",
    p: "number",
  });
}

const kish = (weights: readonly number[]): number | null => {
  const sum = weights.reduce((sum, one) => sum + one, 0);
  return sum > 0 ? sum ** 2 / weights.reduce((sum, one) => sum + one ** 2, 0) : null;
};

/** Of rows that count alike and are drawn independently. */
function plainFit({ level }: SampleRows, wanted: readonly number[]) {
  const counts = wanted.map(() => 0);
  for (let row = 0; row < level.length; row++) counts[level[row]!]! += 1;
  return { ...goodnessOfFit(counts, wanted), designEffect: 1 };
}

/**
 * How many of 1,000 people are what a rule describes: by tables whose fields are drawn apart, by the design's
 * own, and among the people drawn (weighted): combination, per_1000_apart, per_1000_target, per_1000_drawn, n
 * (drawn people that are so).
 *
 * The first two are computed, before anybody is drawn.
 *
 * @param options `apart`: a design whose fields hang on less; `rules`: others than the design's
 * @throws {RangeError} when a rule names what is not drawn
 */
export function implausible(
  drawn: Drawn,
  options: { apart?: Design; rules?: readonly Rule[] } = {},
): DataFrame {
  const { prepared: from, weight, codes, stratum } = drawn;
  const rules = options.rules ?? from.design.rules;
  const other = options.apart && prepared(options.apart, from.strata.map(({ name }) => name));
  const records = rules.map((rule) => {
    const inside = insideOf(from, rule);
    let n = 0, sum = 0, all = 0;
    for (let i = 0; i < stratum.length; i++) {
      const w = weight ? weight[i]! : 1;
      all += w;
      if (!inside.every(({ variable, at }) => at.has(codes.get(variable)![i]!))) continue;
      n += 1;
      sum += w;
    }
    return {
      combination: rule.rule,
      per_1000_apart: other ? massOf(other, rule) * 1000 : null,
      per_1000_target: massOf(from, rule) * 1000,
      per_1000_drawn: sum / all * 1000,
      n,
    };
  });
  return frame(records, {
    combination: "text",
    per_1000_apart: "number",
    per_1000_target: "number",
    per_1000_drawn: "number",
    n: "integer",
  });
}

/**
 * Which people a rule describes, person by person, as the arms of a judge that reads them.
 *
 * @param options `rules`: left out, the design's
 * @returns profile, people (`implausible` where a rule describes them, `placebo` where none does),
 *   combination (the first such rule)
 * @throws {RangeError} when a rule names what is not drawn
 */
export function suspects(
  { prepared: from, codes, population }: Drawn,
  options: { rules?: readonly Rule[] } = {},
): DataFrame {
  const rules = (options.rules ?? from.design.rules)
    .map((rule) => ({ rule: rule.rule, inside: insideOf(from, rule) }));
  const records = Array.from(population.profiles, ({ id }, i) => {
    const found = rules.find(({ inside }) =>
      inside.every(({ variable, at }) => at.has(codes.get(variable)![i]!))
    );
    return {
      profile: id,
      people: found ? "implausible" : "placebo",
      combination: found?.rule ?? null,
    };
  });
  return frame(records, { profile: "integer", people: "text", combination: "text" });
}

/** By variable of a rule, the codes that it describes. */
export const insideOf = (from: Prepared, { rule, where }: Rule) =>
  Object.entries(where).map(([name, levels]) => {
    const variable = variableOf(from, name);
    const at = levels.map((level) => variable.levels.indexOf(level));
    const odd = at.indexOf(-1);
    if (odd < 0) return { variable, at: new Set(at) };
    throw new RangeError(
      `Rule ${rule}: ${name} has no level ${levels[odd]}: there are ${variable.levels.join(", ")}`,
    );
  });

/** The share of all people whom a rule describes, by the tables of a design. */
export function massOf(from: Prepared, rule: Rule): number {
  const inside = insideOf(from, rule);
  const share = (stratum: Stratum) =>
    targetOf(from, stratum, inside.map(({ variable }) => variable))
      .filter(({ codes }) => inside.every(({ at }, k) => at.has(codes[k]!)))
      .reduce((sum, { share }) => sum + share, 0);
  const people = from.strata.reduce((sum, { total }) => sum + total, 0);
  return from.strata.reduce((sum, one) => sum + one.total / people * share(one), 0);
}
