/** What the simulated studies of notebook 31 say. */
import type { DataFrame } from "polars";
import { whole } from "../../format.ts";
import { verdictOf } from "../../validation/simulate.ts";
import { wilson } from "../../stats.ts";
import {
  interval,
  limits,
  list,
  nothing as none,
  number,
  percent,
  range,
  records,
  some,
  type Value,
  verb,
} from "./words.ts";

const RATE = ["rejection", "rejection_lower", "rejection_upper"] as const;
type Rate = Record<(typeof RATE)[number], Value>;

/** Whether the interval of a rate leaves out 5 %, above it or below. */
const tooOften = (rate: Rate): boolean => rate.rejection_lower! > 0.05;
const tooSeldom = (rate: Rate): boolean => rate.rejection_upper! < 0.05;
const offLevel = (rate: Rate): boolean => tooOften(rate) || tooSeldom(rate);

/**
 * How often tests reject where nothing differs, and what that costs in power.
 *
 * @param nothing,something frames of rates by design, icc and method
 * @param icc of which single rates are told
 */
export function errorReading(nothing: DataFrame, something: DataFrame, icc: number): string[] {
  const all = records(nothing, ["design", "method"], ["icc", "studies", ...RATE]);
  const power = records(something, ["design", "method"], ["icc", ...RATE]);
  const at = <T extends { icc: Value; method: string }>(rates: readonly T[], method: string) =>
    rates.filter((rate) => rate.method === method && Math.abs(rate.icc! - icc) < 1e-9);
  const told = ({ design, rejection, rejection_lower, rejection_upper }: (typeof power)[number]) =>
    `${percent(rejection)} ${limits(rejection_lower, rejection_upper)} (${design})`;
  const pooled = at(all, "pooled z");
  const [bold, timid] = [
    pooled.filter(tooOften),
    pooled.filter(tooSeldom),
  ];
  const clustered = all.filter(({ method }) => method === "clustered");
  const designs = [...Map.groupBy(clustered, ({ design }) => design)].map(([design, rates]) => {
    const n = rates.reduce((sum, { studies }) => sum + studies!, 0);
    const count = rates.reduce((sum, rate) => sum + Math.round(rate.rejection! * rate.studies!), 0);
    return { design, n, ...wilson({ count, n }) };
  });
  if (!designs.length) return none("the clustered test");
  const broken = designs.filter(({ estimate }) => estimate! < 0.04 || estimate! > 0.06);
  const off = clustered.filter(offLevel);
  const dearer = bold.map(({ design }) =>
    ["pooled z", "clustered"].map((method) =>
      at(power, method).find((rate) => rate.design === design)!
    )
  );
  const cheaper = at(power, "clustered").filter(({ design, rejection }) =>
    !bold.some((rate) => rate.design === design) &&
    rejection! >= at(power, "pooled z").find((rate) => rate.design === design)!.rejection!
  );
  return [
    `**Tests of shares.** At an ICC of ${
      number(icc)
    } nothing differs. The pooled z rejects too often ` +
    `in ${some(bold.map(told))}; too seldom in ${some(timid.map(told))}. ` +
    (bold.length && timid.length
      ? "So its markers are too many or too few, depending on what is compared."
      : ""),
    `Over all ICCs the clustered test rejects in ${
      range(designs.map(({ estimate }) => 100 * estimate!), 1)
    } % of the ${whole(designs[0]!.n)} studies of each design: ` +
    (broken.length
      ? `it does not keep 5 % ± 1 in ${
        list(broken.map((of) =>
          `${of.design} (${percent(of.estimate)} ${limits(of.ciLower, of.ciUpper)})`
        ))
      }.`
      : `5 % ± 1 is kept in all ${designs.length}.`) +
    ` Of its ${clustered.length} single cells ${
      verb(off.length, "has", "have")
    } a 95 % interval without 5 %; about ${number(0.05 * clustered.length, 0)} would by chance.`,
    ...(dearer.length
      ? [
        `Where the pooled z is too bold it finds more of what is there, which is no power of its own: ` +
        list(dearer.map(([z, own]) =>
          `${percent(z!.rejection)} against ${percent(own!.rejection)} of the clustered test ` +
          `(${own!.design})`
        )) + "." +
        (cheaper.length
          ? ` The clustered test finds as much or more in ${
            list(cheaper.map((of) => of.design))
          }.`
          : ""),
      ]
      : []),
  ];
}

/** @param rates of tests by test, unit (`sheets`, `profiles`) and icc */
export function sheetReading(rates: DataFrame): string[] {
  const all = records(rates, ["test", "unit"], ["icc", ...RATE]);
  if (!all.length) return none("tests of scores");
  const most = (test: string) =>
    all.filter((rate) => rate.test === test && rate.unit === "sheets")
      .toSorted((a, b) => b.rejection! - a.rejection!)[0]!;
  const tests = [...new Set(all.map(({ test }) => test))];
  const profiles = all.filter(({ unit }) => unit === "profiles");
  const off = profiles.filter(offLevel);
  return [
    `**Tests of scores.** Where there is nothing, and sheets of a profile are taken for respondents, the ` +
    `test of a ${
      list(tests.map((test) => {
        const { icc, rejection, rejection_lower, rejection_upper } = most(test);
        return `${test} rejects in up to ${percent(rejection)} ` +
          `${limits(rejection_lower, rejection_upper)} of the studies (ICC ${number(icc, 3)})`;
      })).replace(" and ", " and that of a ")
    }. With profiles as the unit it is ${
      range(profiles.map(({ rejection }) => 100 * rejection!), 1)
    } %, and ${
      off.length
        ? `${off.length} of ${profiles.length} intervals leave out 5 %`
        : "every interval holds 5 %"
    }.`,
  ];
}

/**
 * What so many studies can tell: where a true 5 % and a true 95 % are found in 95 of 100 simulations.
 *
 * @param slow how many studies the bootstraps and the noncentral t are made in
 */
export function precisionReading({ studies, slow }: { studies: number; slow: number }): string[] {
  const within = (share: number, n: number) => {
    const reach = 1.96 * Math.sqrt(share * (1 - share) / n);
    return `${number(100 * (share - reach), 1)} to ${number(100 * (share + reach), 1)} %`;
  };
  return [
    `${
      whole(studies)
    } studies of each kind are drawn. An error rate that is truly 5 % is then found at ` +
    `${
      within(0.05, studies)
    } in 95 of 100 such simulations, and a coverage that is truly 95 % at ` +
    `${within(0.95, studies)}; what is made in ${whole(slow)} studies at ${within(0.95, slow)}.`,
  ];
}

/** @param intervals by population and interval, with coverage in percent and `holds` */
export function coverageReading(intervals: DataFrame): string[] {
  const all = records(intervals, ["population", "interval", "holds"], [
    "studies",
    "coverage",
    "coverage_lower",
    "coverage_upper",
  ]);
  if (!all.length) return none("intervals");
  const of = (holds: string) =>
    all.filter((row) => row.holds === holds).toSorted((a, b) => a.coverage! - b.coverage!);
  const told = (rows: typeof all) =>
    some(
      rows.map((row) =>
        `${row.interval} (${row.population}) ${number(row.coverage, 1)} % ` +
        interval(row.coverage_lower, row.coverage_upper, 1)
      ),
      20,
    );
  const [yes, open, narrow, wide] = ["yes", "open", "too narrow", "too wide"].map(of);
  const chance = all.map(({ studies }) => byChance(studies!));
  const expected = (of: "outside" | "beyond") =>
    number(chance.reduce((total, own) => total + own[of], 0), 1);
  return [
    `**Intervals.** Of ${all.length}, ${yes!.length} were found within 95 % ± 1, ${
      open!.length
    } outside of it but near enough for chance, ${narrow!.length} are too narrow and ${
      wide!.length
    } too wide. Were all exactly at 95 %, ${
      expected("outside")
    } would be found outside by chance, and ${expected("beyond")} called too narrow or too wide.`,
    `Too narrow: ${told(narrow!)}.`,
    `Too wide: ${told(wide!)}.`,
  ];
}

/** How likely so many studies find a true 95 % outside of 95 ± 1, and so far that its limits are as well. */
function byChance(studies: number): { outside: number; beyond: number } {
  let [outside, beyond, logP] = [0, 0, studies * Math.log(0.05)];
  for (let count = 0; count <= studies; count++) {
    const { estimate, ciLower, ciUpper } = wilson({ count, n: studies });
    const rate = { coverage: estimate!, coverageLower: ciLower!, coverageUpper: ciUpper! };
    const found = verdictOf(rate);
    if (found !== "yes") outside += Math.exp(logP);
    if (found.startsWith("too")) beyond += Math.exp(logP);
    logP += Math.log((studies - count) / (count + 1) * 19);
  }
  return { outside, beyond };
}

/** @param checked sample sizes whose power was drawn, in percent */
export function sampleSizeReading(checked: DataFrame): string[] {
  const all = records(checked, ["groups"], [
    "difference",
    "icc",
    "repetitions",
    "profiles",
    "formula",
    "found",
    "found_lower",
    "found_upper",
  ]);
  if (!all.length) return none("sample sizes");
  const held = all.filter((row) =>
    row.found_lower! <= row.formula! && row.formula! <= row.found_upper!
  );
  return [
    `**Sample size.** The power that the formula promises lies within the interval of what was found ` +
    `in ${held.length} of ${all.length} cells drawn: ` +
    list(all.map((row) =>
      `${number(row.formula, 1)} % promised, ${number(row.found, 1)} ` +
      `${interval(row.found_lower, row.found_upper, 1)} found with ` +
      `${whole(row.profiles!)} profiles (${row.groups})`
    )) + ".",
  ];
}

/** @param scores as `scored` counts them, by table */
export function wholeStudyReading(scores: DataFrame): string[] {
  const all = records(scores, ["table"], [
    "cells",
    "held",
    "cells_null",
    "naive_null",
    "cluster_null",
    "cells_true",
    "cluster_true",
    "holm_true",
  ]).map((row) => ({ ...row, table: row.table.replace("table", "Table ") }));
  if (!all.some(({ cells }) => cells)) return none("a whole study");
  const tested = all.filter((row) => row.cells_null! + row.cells_true! > 0);
  return [
    `**One whole study.** The truth lies in ${
      list(all.map((row) => `${row.held} of ${row.cells} intervals (${row.table})`))
    }. Where there is nothing, at 5 % the paper's test marks ${
      list(tested.map((row) => `${row.naive_null} of ${row.cells_null} (${row.table})`))
    }, the clustered test ${
      list(tested.map((row) => `${row.cluster_null} of ${row.cells_null}`))
    }. Where there is something the clustered test marks ${
      list(tested.map((row) => `${row.cluster_true} of ${row.cells_true} (${row.table})`))
    }, and after Holm ${
      list(tested.map((row) => `${row.holm_true} of ${row.cells_true}`))
    }. One study shows little about a test, which is why the sections before it draw many.`,
  ];
}
