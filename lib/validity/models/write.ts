/** The data of a model and the script that fits it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { DataFrame } from "polars";
import { settings } from "../../config.ts";
import { described, plural } from "../../format.ts";
import { frame, type Kind } from "../../frames.ts";
import { type Instrument, itemScore, optionsOf } from "../../instruments.ts";
import { Rows, type Sheets } from "../../measures.ts";
import { given, itemsOf } from "../items.ts";
import { type Model, PACKAGES, scriptOf } from "./scripts.ts";

/** What a model is of; groups are personas and people, or the levels of a factor. */
export type Modelled =
  & { instrument: Instrument; model: Model }
  & ({ people?: Sheets; factor?: never } | { people?: never; factor?: string });

/** A model that was written. */
export interface Written {
  folder: string;
  model: Model;
  data: DataFrame;
  script: string;
  /** How to run it, in its folder, and what it needs. */
  run: string;
}

/** An item's answer on a sheet, as what it adds to its scale. */
interface Scored {
  persona: string;
  group: string;
  answers: (number | null)[];
}

export function writeModel(name: string, sheets: Sheets, of: Modelled): Written {
  const { instrument, model, people, factor } = of;
  if (!(model in PACKAGES)) {
    throw new Error(
      `\`model\` is one of ${Object.keys(PACKAGES).join(", ")}: got ${described(model)}`,
    );
  }
  const rows = new Rows(sheets.sheets);
  const column = factor === undefined ? null : rows.column(rows.known(factor, "factor"));
  const own = scoredIn(rows, instrument, (row) => column ? String(column[row]) : "personas");
  const scored = [
    // A person and a persona of the same number are two.
    ...people ? scoredIn(new Rows(people.sheets), instrument, () => "people", "people ") : [],
    ...own,
  ];
  const met = new Set(scored.map(({ group }) => group));
  const order = [
    "people",
    ...factor === undefined ? ["personas"] : rows.levels(factor).map(String),
  ];
  const groups = [...new Set(order)].filter((group) => met.has(group));
  checked(scored, groups, of);
  const data = model.startsWith("crossed") ? long(scored, instrument) : wide(scored, instrument);
  const scales = scalesOf(instrument).map(([scale, places]) =>
    [scale, places.map((at) => instrument.items[at]!.number)] as const
  );
  const script = scriptOf(model, { groups, scales });
  const folder = resolve(settings().outDir, "models", name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "data.csv"), data.writeCSV());
  writeFileSync(join(folder, "model.R"), script);
  const needs = PACKAGES[model].map(({ name }) => name).join(" and ");
  return { folder, model, data, script, run: `Rscript model.R (needs ${needs})` };
}

function scoredIn(
  rows: Rows,
  instrument: Instrument,
  groupOf: (row: number) => string,
  prefix = "",
): Scored[] {
  const items = itemsOf(rows, instrument);
  return Array.from({ length: rows.height }, (_, row) => row)
    .filter((row) => rows.weight[rows.respondent[row]!]! > 0)
    .map((row) => ({
      persona: `${prefix}${rows.respondent[row]! + 1}`,
      group: groupOf(row),
      answers: items.map((item) => itemScore(instrument, item.number, given(item, row))),
    }));
}

/** Of each scale the places of its items. */
const scalesOf = ({ scales, items }: Instrument): [string, number[]][] =>
  scales.map((scale) => [
    scale,
    items.flatMap((item, at) => item.scale === scale ? [at] : []),
  ]);

/** @throws {Error} when the data are none that the model is of */
function checked(
  scored: readonly Scored[],
  groups: readonly string[],
  { instrument, model }: Modelled,
): void {
  const { title } = instrument, scales = scalesOf(instrument);
  if (!scales.length) {
    throw new Error(
      `${title} has no scales, and the model is of what the items of one have in common`,
    );
  }
  if (model === "DIF" ? groups.length !== 2 : model === "invariance" && groups.length < 2) {
    throw new Error(
      `${model} compares ${model === "DIF" ? "two groups" : "groups"}, and there is ` +
        `${groups.join(", ") || "nobody"}: give \`people\`, or a \`factor\` of such levels`,
    );
  }
  for (const [scale, places] of scales) {
    const of = places.map((at) => new Set(scored.flatMap(({ answers }) => answers[at] ?? [])));
    const values = new Set(of.flatMap((own) => [...own]));
    if (model === "crossed logit" && [...values].some((one) => one !== 0 && one !== 1)) {
      throw new Error(
        `Items of the scale ${scale} of ${title} have ${
          plural(values.size, "score")
        }, and a logit is ` +
          'of 0 and 1: write the model "crossed ordinal"',
      );
    }
    const most = places.map((at) => optionsOf(instrument, instrument.items[at]!).length);
    if (model === "crossed ordinal" && new Set(most).size > 1) {
      throw new Error(
        `Items of the scale ${scale} of ${title} have ${
          most.join(", ")
        } options: the steps between ` +
          "answers are the same for all items of the model",
      );
    }
    if (model === "invariance" && places.length < 3) {
      throw new Error(
        `The scale ${scale} of ${title} has ${
          plural(places.length, "item")
        }: one trait is found by ` +
          "3 or more",
      );
    }
  }
}

function long(scored: readonly Scored[], instrument: Instrument): DataFrame {
  const tidy = scalesOf(instrument).flatMap(([scale, places]) =>
    scored.flatMap(({ persona, group, answers }) =>
      places.flatMap((at) =>
        answers[at] === null
          ? []
          : [{ scale, group, persona, item: instrument.items[at]!.number, answer: answers[at]! }]
      )
    )
  );
  return frame(tidy, {
    scale: "text",
    group: "text",
    persona: "text",
    item: "integer",
    answer: "number",
  });
}

/** Of each respondent of a group the first sheet on which every item of a scale is answered. */
function wide(scored: readonly Scored[], instrument: Instrument): DataFrame {
  const items = scalesOf(instrument).flatMap(([, places]) =>
    places.map((at) => ({ at, name: `item${instrument.items[at]!.number}` }))
  );
  const met = new Set<string>();
  const first = scored.filter(({ group, persona, answers }) => {
    const key = JSON.stringify([group, persona]);
    return !met.has(key) && items.every(({ at }) => answers[at] !== null) && met.add(key);
  });
  const kinds: Record<string, Kind> = Object.fromEntries(items.map(({ name }) => [name, "number"]));
  return frame(
    first.map(({ group, persona, answers }) => ({
      group,
      persona,
      ...Object.fromEntries(items.map(({ at, name }) => [name, answers[at]!])),
    })),
    { group: "text", persona: "text", ...kinds },
  );
}
