/** Answers of the same personas with every option in every place: which places are taken too often. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import type { Instrument } from "../../instruments.ts";
import { cells, factorsOf, keysOf, kindsOf, Rows, type Sheets, withHolm } from "../../measures.ts";
import { cyclicOrders } from "../../prompts.ts";
import { clusteredMean } from "../../stats.ts";
import { clustered, unitsIn } from "../units.ts";
import { itemsOf } from "./changes.ts";

const PLACES = {
  scale: "text",
  place: "text",
  n: "integer",
  clusters: "integer",
  share: "number",
  chance: "number",
  estimate: "number",
  se: "number",
  df: "number",
  ci_lower: "number",
  ci_upper: "number",
  p: "number",
  p_holm: "number",
} as const satisfies Record<string, Kind>;

export function places(
  sheets: Sheets,
  { instrument, by = [] }: { instrument: Instrument; by?: readonly string[] },
): DataFrame {
  const rows = new Rows(sheets.sheets), factor = "option_order";
  const factors = factorsOf(rows, by, Object.keys(PLACES));
  const asked = rows.column(rows.known(factor, "factor"));
  const items = itemsOf(rows, instrument);
  const orders = cyclicOrders(Math.max(...items.map(({ printed }) => printed.length)));
  const missing = orders.find((order) => !rows.levels(factor).includes(order));
  if (missing !== undefined) {
    throw new Error(
      `Nobody was asked with ${factor} ${missing}: to have each option in each place a plan lists ` +
        `\`options: cyclicOrders(${orders.length})\``,
    );
  }
  const tidy = cells(rows, factors).flatMap((cell) => {
    const units = unitsIn(rows, cell, {
      place: (row) => orders.indexOf(asked[row] as typeof orders[number]),
      levels: orders.length,
      factors: [factor],
    });
    /** Of each persona and item that was answered with each of its options in each place: the places taken. */
    const taken = units.flatMap(({ cluster, rows }) =>
      items.flatMap(({ scale, answer, printed }) => {
        const K = printed.length;
        const own = rows.slice(0, K).map(([first], by) => {
          const at = first === undefined ? -1 : printed.indexOf(answer[first] as number);
          return at < 0 ? null : (at - by + K) % K + 1;
        });
        return own.includes(null) ? [] : [{ cluster, scale, places: own as number[] }];
      })
    );
    return ["All", ...instrument.scales].flatMap((scale) => {
      const own = taken.filter((one) => scale === "All" || one.scale === scale);
      return orders.map((_, at) => {
        const some = own.filter(({ places }) => places.length > at);
        const away = clusteredMean(
          clustered(
            some,
            ({ places }) => places.map((place) => Number(place === at + 1) - 1 / places.length),
          ),
        );
        const { estimate: chance } = clusteredMean(
          clustered(some, ({ places }) => places.map(() => 1 / places.length)),
        );
        return {
          ...keysOf(factors, cell),
          scale,
          place: String(at + 1),
          n: away.n,
          clusters: away.clusters,
          share: away.estimate === null ? null : away.estimate + chance!,
          chance,
          estimate: away.estimate,
          se: away.se,
          df: away.df,
          ci_lower: away.ciLower,
          ci_upper: away.ciUpper,
          p: away.p,
        };
      });
    });
  });
  return frame(withHolm(tidy), { ...kindsOf(rows, factors), ...PLACES });
}
