/** What notebooks 32 to 38 say of their seven questions. */
import type { DataFrame } from "polars";
import { interval, list, nothing, number, percent, range, records, some } from "./words.ts";

/** @param criteria as `campbellFiske` gives them */
export function multitraitReading(criteria: DataFrame): string[] {
  const all = records(criteria, ["model", "trait", "against", "pair"], [
    "validity",
    "ci_lower",
    "ci_upper",
    "comparisons",
    "larger",
    "clearly",
    "largest",
  ]).filter(({ validity }) => validity !== null);
  if (!all.length) return nothing("convergence and discrimination");
  const traits = [...Map.groupBy(all, ({ trait }) => trait)].map(([trait, own]) =>
    `${trait} at ${range(own.map(({ validity }) => validity))}`
  );
  const sum = (name: "comparisons" | "larger" | "clearly") =>
    all.reduce((total, row) => total + (row[name] ?? 0), 0);
  const largest = all.toSorted((a, b) => b.largest! - a.largest!)
    .filter((row, at, rows) => rows.findIndex(({ model }) => model === row.model) === at);
  return [
    `The instruments agree about ${list(traits)}. Of ${
      sum("comparisons")
    } comparisons the validity is ` +
    `larger in ${sum("larger")} and clearly so in ${
      sum("clearly")
    }. The largest correlation that it is ` +
    `held against in each model: ${
      list(largest.map((row) => `${row.model} ${number(row.largest)} (${row.pair})`))
    }.`,
  ];
}

const APART = 0.1;

/** @param yes as `acquiescence` gives it for two answers */
export function acquiescenceReading(yes: DataFrame): string[] {
  const all = records(yes, ["model", "condition", "scale", "measure"], [
    "estimate",
    "ci_lower",
    "ci_upper",
  ]).filter(({ estimate }) => estimate !== null);
  const profiles = new Map(
    all.filter(({ model }) => model === "Profiles")
      .map((row) => [`${row.condition} ${row.scale} ${row.measure}`, row.estimate!]),
  );
  const rest = all.filter(({ model }) => model !== "Profiles");
  const apart = (measure: string, from: (row: typeof all[number]) => number | undefined) =>
    rest.filter((row) => row.measure === measure).flatMap((row) => {
      const expected = from(row);
      return expected === undefined ? [] : [{ ...row, expected, away: row.estimate! - expected }];
    });
  const told = (row: ReturnType<typeof apart>[number]) =>
    `${row.model} ${row.condition} ${row.scale} ${number(row.estimate)} ` +
    `${interval(row.ci_lower, row.ci_upper)} against ${number(row.expected)}`;
  const far = (rows: ReturnType<typeof apart>) =>
    rows.filter(({ away }) => Math.abs(away) >= APART)
      .toSorted((a, b) => Math.abs(b.away) - Math.abs(a.away));
  const raw = apart("raw", (row) => profiles.get(`${row.condition} ${row.scale} raw`));
  const balanced = apart("balanced", () => 0.5);
  return [
    ...raw.length
      ? [
        `The share of Yes is ${number(APART, 1)} and more from that of the profiles as shown in ${
          far(raw).length
        } of ${raw.length} cells: ${some(far(raw).map(told))}.`,
      ]
      : nothing("the share of Yes beside that of the profiles"),
    ...balanced.length
      ? [
        `The balanced share, which the trait alone leaves at ½, is ${
          number(APART, 1)
        } and more from it in ${far(balanced).length} of ${balanced.length}: ${
          some(far(balanced).map(told))
        }.`,
      ]
      : nothing("the balanced share of Yes"),
  ];
}

/**
 * @param copies as `copying` gives them
 * @param whole as `copiedSheets` gives them
 */
export function copyingReading(copies: DataFrame, whole: DataFrame): string[] {
  const all = records(
    copies.filter(copies.getColumn("item").isNull()),
    ["model", "condition", "against", "scale"],
    ["estimate", "ci_lower", "ci_upper", "chance"],
  ).filter(({ scale, estimate }) => scale === "All" && estimate !== null);
  const of = (against: string) => all.filter((row) => row.against === against);
  const base = of("shown").filter(({ condition }) => condition === "Base");
  const changed = of("shown").filter(({ condition }) => condition !== "Base").flatMap((row) => {
    const before = of("profile").find((other) =>
      other.model === row.model && other.condition === row.condition
    );
    return before ? [{ ...row, away: row.estimate! - before.estimate! }] : [];
  });
  const old = changed.filter(({ away }) => away <= 0);
  const sheets = records(whole, ["model", "condition", "against"], ["n", "count", "estimate"])
    .filter(({ against, estimate }) => against === "shown" && estimate !== null)
    .toSorted((a, b) => b.estimate! - a.estimate!);
  const [most, least] = [sheets[0], sheets.at(-1)];
  return [
    ...base.length
      ? [
        `In Base the profile’s answers are given back by ${
          list(
            base.map((row) =>
              `${row.model} in ${percent(row.estimate)} (${percent(row.chance)} by chance)`
            ),
          )
        }.`,
      ]
      : nothing("what is copied in Base"),
    ...(changed.length
      ? [
        `Under a manipulation ${
          changed.length - old.length
        } of ${changed.length} cells are nearer to the ` +
        `profile that was shown than to the one before` +
        (old.length ? `; not so ${some(old.map((row) => `${row.model} ${row.condition}`))}.` : "."),
      ]
      : []),
    ...(most && least
      ? [
        `Sheets that equal the profile as shown in every answer: from ${least.count} of ${least.n} ` +
        `(${least.model} ${least.condition}) to ${most.count} of ${most.n} (${most.model} ${most.condition}).`,
      ]
      : []),
  ];
}

/** @param wrong as `faults` counts them */
export function faultReading(wrong: DataFrame): string[] {
  const all = records(wrong, ["instrument", "model", "condition", "fault"], [
    "n",
    "count",
    "ci_upper",
  ]).filter(({ fault }) => fault === "any");
  if (!all.length) return nothing("faulty sheets");
  const faulty = all.filter(({ count }) => count! > 0);
  const clean = all.filter(({ count }) => count === 0)
    .toSorted((a, b) => b.ci_upper! - a.ci_upper!)[0];
  return [
    (faulty.length
      ? `Faulty sheets are in ${faulty.length} of ${all.length} cells: ${
        some(
          faulty.toSorted((a, b) => b.count! / b.n! - a.count! / a.n!).map((row) =>
            `${row.instrument} ${row.model} ${row.condition} ${row.count} of ${row.n}`
          ),
        )
      }.`
      : `No sheet of ${all.length} cells is missing or faulty.`) +
    (clean
      ? ` A count of 0 of ${clean.n} does not exclude a rate of ${
        percent(clean.ci_upper, 2)
      }, the upper ` +
        `limit: it would give none in ${
          percent((1 - clean.ci_upper!) ** clean.n!, 0)
        } of such samples.`
      : ""),
  ];
}

/** @param variety as `collapse` gives it, with the profiles and their random control */
export function collapseReading(variety: DataFrame): string[] {
  const all = records(variety, ["model", "condition", "measure"], ["estimate", "relative"]);
  const control = all.filter(({ model }) => model === "Random profiles");
  if (!control.some(({ estimate }) => estimate !== null)) return nothing("the random control");
  const told = (measure: string, column: "estimate" | "relative") =>
    list(
      control.filter((row) => row.measure === measure && row[column] !== null)
        .map((row) => `${number(row[column])} (${row.condition})`),
    );
  return [
    `The control, which has the profiles’ rates and none of their structure: ` +
    `different sheets, of all sheets ${
      told("distinct", "estimate")
    }; dimensions, as a ratio to the ` +
    `profiles ${told("dimension", "relative")}; Hopkins’ statistic ${
      told("hopkins", "estimate")
    }; ` +
    `coverage of the profiles ${told("coverage", "estimate")}.`,
  ];
}

/** @param categories as `diversity` gives them */
export function diversityReading(categories: DataFrame): string[] {
  const all = records(categories, ["model", "condition", "attribute"], ["estimate"])
    .filter(({ estimate }) => estimate !== null);
  if (!all.length) return nothing("the variety of demographics");
  const groups = [...Map.groupBy(all, ({ model, attribute }) => `${model} ${attribute}`)];
  const one = groups.filter(([, own]) => own.every(({ estimate }) => estimate! < 1.005));
  const moves = groups.flatMap(([name, own]) => {
    const base = own.find(({ condition }) => condition === "Base");
    return base
      ? own.filter((row) => row !== base).map((row) => ({
        name,
        ...row,
        from: base.estimate!,
        ratio: row.estimate! / base.estimate!,
      }))
      : [];
  }).toSorted((a, b) => Math.abs(Math.log(b.ratio)) - Math.abs(Math.log(a.ratio)));
  return [
    (one.length
      ? `There is one category only, in all conditions, in ${some(one.map(([name]) => name))}. `
      : "Nothing has one category only in all conditions. ") +
    (moves.length
      ? `The largest changes of the effective number from Base: ${
        some(
          moves.slice(0, 5).map((row) =>
            `${row.name} ${number(row.from)} → ${number(row.estimate)} under ${row.condition}`
          ),
        )
      }.`
      : "No condition can be compared with Base."),
  ];
}
