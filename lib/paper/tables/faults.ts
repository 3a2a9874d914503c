/** Administrations that gave no sheet, or a sheet with something wrong. */
import type { DataFrame } from "polars";
import { z } from "zod";
import { frame, rows } from "../../frames.ts";
import { bfi44, epqra } from "../instruments.ts";
import { clusteredShare } from "../../stats.ts";
import { clustered, clusterOf } from "./clusters.ts";
import { cellKey, cellsOf } from "./shown.ts";

const Count = z.number().nullable();
const Row = z.object({
  instrument: z.string(),
  model: z.string().nullable(),
  condition: z.string().nullable(),
  population: z.string().nullable(),
  profile: Count,
  items: Count,
  answered: z.number(),
  answers: z.number(),
  least: Count,
  most: Count,
});
type Listed = z.infer<typeof Row>;

const complete = ({ answered, items }: Listed) => answered > 0 && answered === items;
const constant = (of: Listed) => complete(of) && of.least === of.most;
const INSTRUMENTS = new Map([epqra, bfi44].map((instrument) => [instrument.name, instrument]));

/** What can be wrong; undefined where the instrument's range is not known. */
const FAULTS: Record<string, (of: Listed) => boolean | undefined> = {
  "no answer": ({ answered }) => answered === 0,
  "incomplete": ({ answered, items }) => answered > 0 && items !== null && answered < items,
  "repeated answers": ({ answered, answers }) => answers > answered,
  "out of range": ({ instrument, least, most }) => {
    const known = INSTRUMENTS.get(instrument);
    if (!known) return undefined;
    return least !== null && (least < known.lowest || most! > known.highest);
  },
  "all lowest": (of) => constant(of) && of.least === INSTRUMENTS.get(of.instrument)?.lowest,
  "all highest": (of) => constant(of) && of.least === INSTRUMENTS.get(of.instrument)?.highest,
  "all alike": constant,
};

/**
 * How many of the administrations planned came to nothing or to a faulty sheet, by instrument, model,
 * condition and fault; a count of 0 has its interval as any other.
 *
 * `no answer`: none at all. `incomplete`: some items without an answer. `repeated answers`: more answers
 * than items answered, of which tables use the first. `out of range`: an answer that the instrument does
 * not have. `all alike`: a complete sheet of one answer, of which `all lowest` (No to everything; 1) and
 * `all highest` (Yes; 5) are two kinds. `any`: at least one of them. The sheets that GPT-4o gave for
 * bare profiles have a row of their own, `bare profile`.
 *
 * Refusals are not among them: what a model replied instead of answers is known only where requests were
 * kept, as in a study of one's own (`Study.quality`).
 *
 * @param administered as `Study.administered` reads it
 * @returns instrument, model, condition, fault, n (administrations planned), clusters (profiles), count,
 *   estimate (share), ci_lower, ci_upper (95 %, Wilson's at the effective n by profile)
 */
export function faults(administered: DataFrame): DataFrame {
  const listed = rows(administered, Row).map((row, at) => ({
    ...row,
    row: at,
    condition: row.population === "spain826" ? "bare profile" : row.condition,
  }));
  const tidy = [...Map.groupBy(listed, ({ instrument }) => instrument)].flatMap(
    ([instrument, own]) => {
      const groups = Map.groupBy(own, cellKey);
      return cellsOf(own).filter((cell) => groups.has(cellKey(cell))).flatMap((cell) => {
        const sheets = groups.get(cellKey(cell))!;
        const found = sheets.map((sheet) => Object.values(FAULTS).map((is) => is(sheet)));
        const any = found.map((is) => is.some((fault) => fault));
        return [...Object.keys(FAULTS), "any"].map((fault, at) => ({
          instrument,
          ...cell,
          fault,
          ...counted(sheets, fault === "any" ? any : found.map((is) => is[at])),
        }));
      });
    },
  );
  return frame(tidy, {
    instrument: "text",
    model: "text",
    condition: "text",
    fault: "text",
    n: "integer",
    clusters: "integer",
    count: "integer",
    estimate: "number",
    ci_lower: "number",
    ci_upper: "number",
  });
}

function counted(
  sheets: readonly (Listed & { row: number })[],
  is: readonly (boolean | undefined)[],
) {
  const values = sheets.flatMap((sheet, at) =>
    is[at] === undefined ? [] : [{ cluster: clusterOf(sheet), value: Number(is[at]) }]
  );
  const { n, clusters, estimate, ciLower, ciUpper } = clusteredShare(clustered(values));
  const count = n ? values.reduce((sum, { value }) => sum + value, 0) : null;
  return { n, clusters, count, estimate, ci_lower: ciLower, ci_upper: ciUpper };
}
