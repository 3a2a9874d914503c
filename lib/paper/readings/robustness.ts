/** What the five tables with markers say together, and what hangs on a choice (notebook 30). */
import type { DataFrame } from "polars";
import pl from "polars";
import { interval, nothing, number, range, records, some, type Value, verb } from "./words.ts";

/**
 * @param counted as `markers` of `lib/paper/tables.ts` counts them
 * @param tables what survives, by table
 */
export function robustnessReading(
  counted: DataFrame,
  tables: Readonly<Record<string, DataFrame>>,
): string[] {
  const counts = records(counted.filter(pl.col("rows").eq(pl.lit("all"))), ["table"], [
    "markers",
    "stands",
    "weakens",
    "vanishes",
    "appears",
  ]);
  const sum = (name: "markers" | "stands" | "weakens" | "vanishes" | "appears") =>
    counts.reduce((total, row) => total + row[name]!, 0);
  const [marked, stands, weakens, vanishes] = [
    sum("markers"),
    sum("stands"),
    sum("weakens"),
    sum("vanishes"),
  ];
  if (
    !marked && !Object.values(tables).some((table) => table.getColumn("verdict").dropNulls().len())
  ) {
    return nothing("the paper’s markers");
  }
  const untested = marked - stands - weakens - vanishes;
  const gone = Object.values(tables).flatMap((table) =>
    records(
      table.filter(pl.col("verdict").eq(pl.lit("vanishes")).and(pl.col("effect").isNotNull())),
      ["effect_name"],
      ["effect", "most"],
    )
  );
  const sizes = [...Map.groupBy(gone, ({ effect_name }) => effect_name)].map(([name, rows]) => {
    const most = rows.reduce<Value>(
      (found, row) => row.most !== null && row.most > (found ?? 0) ? row.most : found,
      null,
    );
    return `|${name}| ${
      range(rows.map(({ effect }) => Math.abs(effect!)))
    }, by its intervals up to ${number(most)}`;
  });
  const lost = Object.values(tables)
    .filter((table) => table.columns.includes("in_paper"))
    .flatMap((table) =>
      records(
        table.filter(pl.col("in_paper").eq(pl.lit("no")).and(pl.col("verdict").isNotNull())),
        ["model", "condition", "category", "subcategory", "verdict"],
        ["count", "n", "estimate", "effect", "effect_lower", "effect_upper"],
      )
    ).filter(({ verdict }) => verdict === "appears")
    .toSorted((a, b) => Math.abs(b.effect!) - Math.abs(a.effect!));
  const [first] = lost;
  return [
    (marked
      ? `Of the paper’s ${marked} markers in these ${counts.length} tables ${
        verb(stands, "stands", "stand")
      }, ${verb(weakens, "weakens", "weaken")} and ${verb(vanishes, "vanishes", "vanish")}` +
        (untested ? `; ${untested} cannot be tested, because too little varies. ` : ". ")
      : "No cell of these tables has a marker that could stand or vanish. ") +
    (sizes.length ? `What vanishes is, in size: ${sizes.join("; ")}.` : ""),
    `${verb(lost.length, "row", "rows")} that the paper does not print ${
      lost.length === 1 ? "appears" : "appear"
    }` +
    (first
      ? `, the largest ${first.model} ${first.condition} ${first.category} ${first.subcategory}: ${
        number(100 * first.count! / first.n!, 1)
      } % of the personas, ${number(100 * first.estimate!, 1)} points from Base (h ${
        number(first.effect)
      } ${interval(first.effect_lower, first.effect_upper)}).`
      : "."),
  ];
}

/** Of the items set, so many answered as set count as followed; below the other as hardly. */
const FOLLOWED = 90, HARDLY = 70;

/**
 * @param panel as `sensitivity` gives it
 * @param summary as `sensitivitySummary` gives it
 */
export function choiceReading(panel: DataFrame, summary: DataFrame): string[] {
  const shown = records(
    panel.filter(
      pl.col("variant").eq(pl.lit("manipulated profile")).and(
        pl.col("measure").eq(pl.lit("accuracy")),
      )
        .and(pl.col("difference").isNotNull()).and(pl.col("difference").neq(0)),
    ),
    ["cell"],
    ["printed", "variant_value", "difference"],
  ).toSorted((a, b) => b.variant_value! - a.variant_value!);
  const told = (row: typeof shown[number]) =>
    `${row.cell} ${number(row.variant_value, 1)} % (printed ${number(row.printed, 1)} %)`;
  const [followed, hardly] = [
    shown.filter((row) => row.variant_value! >= FOLLOWED),
    shown.filter((row) => row.variant_value! < HARDLY),
  ];
  const between = shown.filter((row) => !followed.includes(row) && !hardly.includes(row));
  const all = records(
    summary.withColumns(pl.col("at").fillNull("")),
    ["table", "variant", "measure", "at"],
    ["cells", "differ", "markers_changed", "largest"],
  );
  const of = (variant: string) => all.filter((row) => row.variant === variant);
  const differing = (rows: typeof all) => rows.reduce((sum, { differ }) => sum + differ!, 0);
  const markers = (rows: typeof all) =>
    rows.reduce((sum, row) => sum + (row.markers_changed ?? 0), 0);
  const worst = (rows: typeof all) =>
    rows.toSorted((a, b) => Math.abs(b.largest ?? 0) - Math.abs(a.largest ?? 0))[0];
  const keyed = of("keyed answers");
  const accuracy = differing(keyed.filter(({ measure }) => measure === "accuracy"));
  const shares = worst(
    keyed.filter(({ measure }) => ["precision", "recall", "specificity"].includes(measure)),
  );
  const group = of("without group 372"), moved = worst(group);
  const repetitions = of("all repetitions"), last = of("last answer");
  const means = differing(repetitions.filter(({ measure }) => measure === "mean"));
  const sentences = [
    shown.length
      ? `Held against the profile that the model was shown, Table A7’s answers are right in ${FOLLOWED} % ` +
        `and more of the items that were set in ${
          some(followed.map(told), 10)
        }; between that and ` +
        `${HARDLY} % in ${
          some(between.map(told), 10)
        }; below, so that the manipulation was followed in ` +
        `part only, in ${some(hardly.map(told), 10)}.`
      : "",
    shares && differing(keyed)
      ? `Which answer counts as positive changes ${accuracy} accuracies, and precision, recall or ` +
        `specificity by up to ${
          number(Math.abs(shares.largest!), 1)
        } points (${shares.at}): it has to be said.`
      : "",
    moved && differing(group)
      ? `Group 372 moves r by up to ${
        number(Math.abs(moved.largest!))
      } (${moved.at}) and changes ` +
        `${verb(markers(group), "marker", "markers")}.`
      : "",
    repetitions.length
      ? `Taking all repetitions of Base changes ${means} means and ${
        verb(markers(repetitions), "marker", "markers")
      }${means ? "" : ", by the larger n alone"}.`
      : "",
    last.length
      ? differing(last)
        ? `Which of several answers counts changes ${differing(last)} numbers.`
        : "Which of several answers counts changes nothing here: no sheet has several that differ."
      : "",
  ];
  const said = sentences.filter((text) => text).join(" ");
  return said ? [said] : nothing("choices made otherwise");
}
