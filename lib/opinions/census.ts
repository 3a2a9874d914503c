/**
 * The arm that the published ladder lacks: the objective form filled from tables, without a model. From
 * `meta` to `objective` two things change, how many facts there are and who wrote them; here the facts are
 * as many and no model wrote any. These people answer as profiles, so that filling the form asks nobody.
 *
 * Source of the form: `lib/opinions/forms.ts`. What the tables tell of it is said in `FACTS`.
 */
import pl, { type DataFrame } from "polars";
import type { Codebook, Value, Values, Variable } from "../codebook.ts";
import { listed } from "../format.ts";
import type { Form } from "../forms.ts";
import type { Population } from "../population.ts";
import { editPrompt, type Prompt } from "../prompts.ts";
import { carried } from "../provenance.ts";
import { seeded } from "../random.ts";
import "./columns.ts";
import { LADDER, objective, OCCUPATIONS } from "./forms.ts";
import { NOT_APPLICABLE } from "./sample.ts";

/** What a field of the form is filled with. */
export interface Fact {
  /** The variable that was drawn. */
  from: string;
  /** By level of it, what the form has; a level that is left out, like one not applicable, leaves the field empty. */
  levels: Readonly<Record<string, string | readonly [from: number, below: number]>>;
}

const GROUPS = Object.values(OCCUPATIONS).flat();

/** How many of the census's 25 occupations, one after the other, are in each of the form's 17 groups. */
const IN_GROUP = [2, 3, 4, 2, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];

const groups = IN_GROUP.flatMap((count, at) => new Array<string>(count).fill(GROUPS[at]!));
const codes = groups.map((_, at) => `o${String(at + 1).padStart(2, "0")}`);
const majorOf = (group: string): string =>
  Object.entries(OCCUPATIONS).find(([, inside]) => inside.includes(group))![0];

const same = (from: string): Fact => ({ from, levels: {} });

/**
 * What the tables of `dataset/census` tell of the form's fields. No table tells ancestry, class of worker,
 * children and disability; whether insurance is private or public is not told, so that who has any is
 * off the form's list; income is that of those who work. The last band of it has no end: it is taken up to 250,000.
 */
export const FACTS: Readonly<Record<string, Fact>> = {
  age: same("age"),
  sex: same("sex"),
  race: same("race"),
  state: same("state"),
  household_language: {
    from: "language",
    levels: {
      english_only: "English",
      spanish: "Spanish",
      other_indo_european: "Other Indo-European",
      asian_pacific: "Asian/Pacific Islander languages",
      other: "Other",
    },
  },
  education: {
    from: "education",
    levels: {
      lt_9th: "Less than HS",
      "9_12_no_diploma": "Less than HS",
      hs: "HS Graduate",
      some_college: "Some College",
      associate: "Some College",
      bachelor: "Bachelor's",
      graduate: "Graduate Degree",
    },
  },
  employment: {
    from: "employment",
    levels: {
      employed: "Employed",
      armed_forces: "Employed",
      unemployed: "Unemployed",
      not_in_labor_force: "Not in Labor Force",
    },
  },
  industry_category: {
    from: "occupation",
    levels: Object.fromEntries(codes.map((code, at) => [code, majorOf(groups[at]!)])),
  },
  occupation_category: {
    from: "occupation",
    levels: Object.fromEntries(codes.map((code, at) => [code, groups[at]!])),
  },
  income: {
    from: "earnings",
    levels: {
      "1-10k": [1, 10_000],
      "10-15k": [10_000, 15_000],
      "15-25k": [15_000, 25_000],
      "25-35k": [25_000, 35_000],
      "35-50k": [35_000, 50_000],
      "50-75k": [50_000, 75_000],
      "75-100k": [75_000, 100_000],
      "100k+": [100_000, 250_000],
    },
  },
  marriage: {
    from: "marital",
    levels: {
      never: "Never Married",
      married: "Married",
      separated: "Separated",
      widowed: "Widowed",
      divorced: "Divorced",
    },
  },
  household_type: {
    from: "living_arrangement",
    levels: {
      spouse: "Family",
      child_of_householder: "Family",
      other_relatives: "Family",
      alone: "Non-family",
      unmarried_partner: "Non-family",
      nonrelatives: "Non-family",
    },
  },
  place_of_birth: {
    from: "nativity",
    levels: {
      us_born: "US State",
      foreign_naturalized: "Foreign Country",
      foreign_not_citizen: "Foreign Country",
    },
  },
  citizenship: {
    from: "nativity",
    levels: {
      us_born: "US citizen by birth",
      foreign_naturalized: "US citizen by naturalization",
      foreign_not_citizen: "Not a US citizen",
    },
  },
  veteran: { from: "veteran", levels: { veteran: "Veteran", nonveteran: "Non-veteran" } },
  health_insurance: {
    from: "insurance",
    levels: { insured: "Private or public", uninsured: "None" },
  },
};

/**
 * The people of a draw, each with the form as the tables fill it: a population of its own with the same ids,
 * weights and strata, so that `withArms` pairs them. Fields that no table tells are left out, numbers are
 * drawn evenly within their band.
 *
 * @param of `facts`: what tells which field, of a design of one's own; `name` of the population; `seed` of
 *   the numbers
 * @throws {RangeError} when a field is none of the form's, or a variable was not drawn
 */
export function filledFrom(
  drawn: Population,
  of: { facts?: Readonly<Record<string, Fact>>; name?: string; seed?: number } = {},
): Population {
  const { facts = FACTS, name = "census", seed = 1 } = of;
  const from = new Map(drawn.codebook.map((variable) => [variable.name, variable]));
  const unknown = Object.keys(facts).filter((field) =>
    !objective.fields.some(({ name }) => name === field)
  );
  if (unknown.length) throw new RangeError(`The objective form has no field ${listed(unknown)}`);
  const lacking = [...new Set(Object.values(facts).map((fact) => fact.from))]
    .filter((variable) => !from.has(variable));
  if (lacking.length) {
    throw new RangeError(
      `Population ${drawn.name} was drawn without ${
        listed(lacking)
      }: draw from a design that has ` +
        "them, or give facts that do without",
    );
  }
  const told = objective.fields.filter(({ name }) => Object.hasOwn(facts, name));
  const codebook: Codebook = told.map((field): Variable => {
    const fact = facts[field.name]!, variable = from.get(fact.from)!;
    const levels = Object.values(fact.levels);
    if (!levels.length) return { ...variable, name: field.name, label: field.label };
    if (levels.some((level) => typeof level !== "string")) {
      return { name: field.name, label: field.label, kind: "number" };
    }
    const words = [...new Set(levels as string[])];
    return {
      name: field.name,
      label: field.label,
      kind: "category",
      levels: words.map((value) => ({ value, label: value })),
    };
  });
  const valuesOf = (id: number, values: Values): Values =>
    Object.fromEntries(told.map((field): [string, Value] => {
      const fact = facts[field.name]!, value = values[fact.from] ?? null;
      if (value === null || value === NOT_APPLICABLE.value) return [field.name, null];
      if (!Object.keys(fact.levels).length) return [field.name, value];
      const level = fact.levels[String(value)] ?? null;
      if (level === null || typeof level === "string") return [field.name, level];
      const [low, below] = level;
      const at = seeded("filled", seed, field.name, id).uniform();
      return [field.name, Math.floor(low + at * (below - low))];
    }));
  const { profiles } = drawn;
  return {
    name,
    origin: `${drawn.origin}; the objective form as tables fill it, no model`,
    instrument: null,
    codebook,
    profiles: {
      length: profiles.length,
      *[Symbol.iterator]() {
        for (const profile of profiles) {
          yield { ...profile, values: valuesOf(profile.id, profile.values ?? {}) };
        }
      },
    },
    random: [],
  };
}

/**
 * A prompt that shows who is asked by some fields of the form, a line each, in the form's own words: the same
 * text of a persona of the form and of people whom tables fill, so that only who wrote the facts differs.
 *
 * @param fields names; left out, all that the tables tell
 * @throws {RangeError} when the prompt has no place for a person
 */
export function factsPrompt(
  from: Prompt,
  { form = objective, fields = Object.keys(FACTS) }: { form?: Form; fields?: readonly string[] } =
    {},
): Prompt {
  const lines = form.fields.filter(({ name }) => fields.includes(name))
    .map(({ name, label }) => `{{#${name}}}${label}: {{${name}}}\n{{/${name}}}`).join("");
  const place = "{{persona}}";
  if (!from.system.includes(place)) {
    throw new RangeError(`The prompt ${from.version} has no ${place} in its system part`);
  }
  return editPrompt(from, { system: from.system.replace(place, () => lines.trimEnd()) });
}

/** From least that is known to most that a model writes, with the arm that no model wrote. */
export const ARMS = [LADDER[0], "census", ...LADDER.slice(1)] as const;

/**
 * Sheets or answers with a column `arm`: the form of the persona, `census` for people whom tables fill,
 * `meta` for other profiles; and with `respondent`, so that the same people are paired over all arms.
 *
 * @param of `census`: the name of the population that tables fill
 */
export const withArms = carried((
  answers: DataFrame,
  { census = "census" }: { census?: string } = {},
): DataFrame =>
  answers.withColumns(
    pl.when(pl.col("form").isNotNull()).then(pl.col("form"))
      .when(pl.col("profile_population").eq(pl.lit(census))).then(pl.lit("census"))
      .otherwise(pl.lit(LADDER[0])).alias("arm"),
    pl.col("profile").alias("respondent"),
  )
);
