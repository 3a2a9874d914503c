/** Multitrait–multimethod: EPQR-A and BFI-44 as two methods for traits of one name. */
import type { DataFrame } from "polars";
import { z } from "zod";
import type { Administrations } from "../../db.ts";
import { MODELS, SCALES, TRAITS } from "../design.ts";
import { frame, rows } from "../../frames.ts";
import {
  correlationLimits,
  cronbachAlpha,
  feldt,
  overlappingCorrelations,
  pearson,
} from "../../stats.ts";
import { Answers, type Sheet, withNew } from "./answers.ts";
import { profileScores } from "./convergence.ts";
import { isPersonas } from "./shown.ts";

interface Variable {
  method: "EPQR-A" | "BFI-44";
  scale: string;
}

const VARIABLES: readonly Variable[] = [
  ...SCALES.map((scale) => ({ method: "EPQR-A" as const, scale })),
  ...TRAITS.map((scale) => ({ method: "BFI-44" as const, scale })),
];

const counts = (sheet: Sheet) => sheet.condition === "Base" && isPersonas(sheet);
const sheetsOf = ({ sheets }: Answers, model: string) =>
  sheets.filter((sheet) => sheet.model === model && counts(sheet));

/**
 * The multitrait–multimethod matrix of each model's Base personas: every pair of the four EPQR-A and
 * five BFI-44 scales once, and each scale with itself.
 *
 * Pairs are Pearson's r over the profiles that have all nine scores, a profile's score being the mean
 * of its complete sheets, with Fisher's interval; the diagonal is Cronbach's alpha over all complete
 * sheets, with Feldt's. The sheets that GPT-4o gave for bare profiles are left out. `kind` is
 * reliability, validity (one trait, two methods), heterotrait–monomethod or heterotrait–heteromethod;
 * E and N are the traits that both methods name. Source: Campbell & Fiske 1959, Psychological Bulletin
 * 56, 81–105.
 *
 * @returns model, row_method, row_scale, column_method, column_scale, kind, n (profiles; sheets for
 *   reliability), estimate, ci_lower, ci_upper (95 %)
 */
export function multitrait(epqra: Administrations, bfi: Administrations): DataFrame {
  const answers = {
    "EPQR-A": Answers.of(epqra, "corrected"),
    "BFI-44": Answers.of(bfi, "corrected"),
  };
  const seen = Object.values(answers).flatMap(({ sheets }) => sheets.filter(counts))
    .map(({ model }) => ({ model }));
  const models = withNew(MODELS.map(({ label }) => ({ model: label })), seen);
  const tidy = models.flatMap(({ model }) => {
    const scores = VARIABLES.map(({ method, scale }) =>
      profileScores(answers[method], sheetsOf(answers[method], model!), scale)
    );
    const common = [...scores[0]!.keys()].filter((profile) => scores.every((of) => of.has(profile)))
      .toSorted((a, b) => a - b);
    const values = scores.map((of) => common.map((profile) => of.get(profile)!));
    return VARIABLES.flatMap((row, i) =>
      VARIABLES.slice(0, i + 1).map((column, j) => ({
        model,
        row_method: row.method,
        row_scale: row.scale,
        column_method: column.method,
        column_scale: column.scale,
        kind: kindOf(row, column),
        ...(i === j ? reliable(answers[row.method], model!, row.scale) : related(
          values[i]!,
          values[j]!,
        )),
      }))
    );
  });
  return frame(tidy, {
    model: "text",
    row_method: "text",
    row_scale: "text",
    column_method: "text",
    column_scale: "text",
    kind: "text",
    n: "integer",
    estimate: "number",
    ci_lower: "number",
    ci_upper: "number",
  });
}

function kindOf(row: Variable, column: Variable): string {
  const [trait, method] = [row.scale === column.scale, row.method === column.method];
  if (trait) return method ? "reliability" : "validity";
  return `heterotrait–${method ? "monomethod" : "heteromethod"}`;
}

function related(x: readonly number[], y: readonly number[]) {
  const { r, n } = pearson(x, y);
  const { ciLower, ciUpper } = correlationLimits({ r, n });
  return { n, estimate: r, ci_lower: ciLower, ci_upper: ciUpper };
}

function reliable(answers: Answers, model: string, scale: string) {
  const complete = sheetsOf(answers, model)
    .map(({ row }) => answers.scores(row, scale))
    .filter((scores): scores is number[] => scores.every((score) => score !== null));
  const found = cronbachAlpha(complete);
  const { ciLower, ciUpper } = feldt(found);
  return { n: complete.length, estimate: found.alpha, ci_lower: ciLower, ci_upper: ciUpper };
}

const Cell = z.object({
  model: z.string(),
  row_method: z.string(),
  row_scale: z.string(),
  column_method: z.string(),
  column_scale: z.string(),
  kind: z.string(),
  n: z.number(),
  estimate: z.number().nullable(),
  ci_lower: z.number().nullable(),
  ci_upper: z.number().nullable(),
});

/**
 * Campbell and Fiske's criteria, counted: is the validity of a trait above zero, above the correlations
 * in its row and column with other traits by the other method (`heteromethod`), and above those of its
 * two variables with other traits by their own method (`monomethod`)?
 *
 * Other traits' correlations count by their size, since what the ends of two scales have to do with each
 * other is not at issue. `larger` are the comparisons in which the validity is larger, `clearly` those
 * in which the lower limit of the difference is above 0: Zou's 95 % interval of two correlations that
 * share a variable. Nothing is adjusted for their number. The fourth criterion, one pattern of
 * correlations whatever the method, asks for more than the two traits that both methods name.
 *
 * @param matrix of {@link multitrait}
 * @returns model, trait, n (profiles), validity, ci_lower, ci_upper, against (heteromethod,
 *   monomethod), comparisons, larger, clearly, largest (of the others, by size), its pair
 */
export function campbellFiske(matrix: DataFrame): DataFrame {
  const models = Map.groupBy(rows(matrix, Cell), ({ model }) => model);
  const tidy = [...models].flatMap(([model, cells]) => {
    const found = new Map(cells.map((cell) => [pairKey(...ends(cell)), cell]));
    const r = (a: Variable, b: Variable) => found.get(pairKey(a, b))?.estimate ?? null;
    return cells.filter(({ kind }) => kind === "validity").flatMap((cell) => {
      const compared = comparisons(cell, r);
      return ["heteromethod", "monomethod"].map((against) => {
        const own = compared.filter((one) => one.against === against);
        const defined = own.filter((one) => one.difference !== null);
        const largest = defined.toSorted((a, b) => b.size - a.size)[0];
        return {
          model,
          trait: cell.row_scale,
          n: cell.n,
          validity: cell.estimate,
          ci_lower: cell.ci_lower,
          ci_upper: cell.ci_upper,
          against,
          comparisons: defined.length,
          larger: defined.filter(({ difference }) => difference! > 0).length,
          clearly: defined.filter(({ lower }) => lower !== null && lower > 0).length,
          largest: largest?.size,
          pair: largest?.pair,
        };
      });
    });
  });
  return frame(tidy, {
    model: "text",
    trait: "text",
    n: "integer",
    validity: "number",
    ci_lower: "number",
    ci_upper: "number",
    against: "text",
    comparisons: "integer",
    larger: "integer",
    clearly: "integer",
    largest: "number",
    pair: "text",
  });
}

const ends = (cell: z.infer<typeof Cell>): [Variable, Variable] => [
  { method: cell.row_method as Variable["method"], scale: cell.row_scale },
  { method: cell.column_method as Variable["method"], scale: cell.column_scale },
];

const named = ({ method, scale }: Variable): string => `${method} ${scale}`;
const pairKey = (a: Variable, b: Variable): string => [named(a), named(b)].toSorted().join("|");

/** A validity beside every correlation that one of its two variables has with another trait. */
function comparisons(
  cell: z.infer<typeof Cell>,
  r: (a: Variable, b: Variable) => number | null,
) {
  const [first, second] = ends(cell);
  return [[first, second], [second, first]].flatMap(([x, y]) =>
    VARIABLES.filter(({ scale }) => scale !== cell.row_scale).map((z) => {
      const [xz, yz] = [r(x!, z), r(y!, z)];
      const against = z.method === x!.method ? "monomethod" : "heteromethod";
      const pair = `${named(x!)} with ${named(z)}`;
      if (cell.estimate === null || xz === null || yz === null) {
        return { against, pair, size: 0, difference: null, lower: null };
      }
      const turn = xz < 0 ? -1 : 1;
      const of = { xy: cell.estimate, xz: turn * xz, yz: turn * yz, n: cell.n };
      const { estimate, ciLower } = overlappingCorrelations(of);
      return { against, pair, size: Math.abs(xz), difference: estimate, lower: ciLower };
    })
  );
}
