/** The same persona twice: names, descriptions and attributes that come again. */
import type { DataFrame } from "polars";
import { columnsOf, frame } from "../../frames.ts";
import { nearDuplicates, wordsOf } from "../../stats.ts";
import { column } from "./answers.ts";
import { clusterOf } from "./clusters.ts";
import { inCells, type Person } from "./people.ts";
import { cellKey, cellsOf } from "./shown.ts";

/** What makes one persona another's double, names apart from their order. */
const ATTRIBUTES = [
  "name",
  "gender",
  "race",
  "religious_belief",
  "sexual_orientation",
  "occupation",
  "location",
] as const;

type Text = string | null;

const bare = (text: Text): Text =>
  text?.normalize("NFKC").toLowerCase().match(/\S+/g)?.join(" ") ?? null;

/**
 * How often personas of one model and condition come again, among repetitions 1–5: as many personas in
 * every cell of the paper, since in a larger set more would.
 *
 * - `same name`: personas whose name another has, whatever its case and space;
 * - `most common name`: personas with that name, which is in `example`;
 * - `distinct names`: different names, to the number of personas;
 * - `equal description`: personas whose description another has, whatever its case and space;
 * - `near-duplicate`: personas with another whose description overlaps by half or more: Jaccard's
 *   coefficient of the sets of three-word sequences of both, computed for all pairs. A text of 150
 *   words with one word in nine replaced is one still. Source: Broder 1997, Compression and Complexity
 *   of Sequences, 21–29;
 * - `near-duplicate, other profile`: those for whom such another was made from another profile;
 * - `same attributes`: personas with another of the same name, age, gender, race, religion, sexual
 *   orientation, occupation and location; those that lack one are not counted.
 *
 * No intervals: pairs of personas are not independent, and the shares depend on their number.
 *
 * @param biographies as `Study.biographies` reads them
 * @returns model, condition, measure, n (personas that have what is compared), count, estimate (share;
 *   undefined where n is 0), example
 */
export function duplicates(biographies: DataFrame): DataFrame {
  const people = inCells(columnsOf(biographies));
  const groups = Map.groupBy(people, cellKey);
  const texts = Object.fromEntries(
    [...ATTRIBUTES, "description"].map((name) => [name, column<Text>(biographies, name)]),
  );
  const age = column<number | null>(biographies, "age");
  const twin = (row: number): Text => {
    const own = [age[row] ?? null, ...ATTRIBUTES.map((name) => bare(texts[name]![row] ?? null))];
    return own.includes(null) ? null : JSON.stringify(own);
  };
  const tidy = cellsOf(people).flatMap((cell) => {
    const own = groups.get(cellKey(cell)) ?? [];
    const names = kindsOf(own.map(({ row }) => bare(texts.name![row] ?? null)));
    const described = own.filter(({ row }) => wordsOf(texts.description![row] ?? "").length > 0);
    const near = nearDuplicates(described.map((person) => ({
      words: wordsOf(texts.description![person.row]!),
      group: clusterOf(person),
    })));
    const row = (measure: string, n: number, count: number, example: Text = null) => ({
      ...cell,
      measure,
      n,
      count: n ? count : null,
      estimate: n ? count / n : null,
      example,
    });
    const again = (measure: string, kinds: Kinds) => row(measure, kinds.n, kinds.again);
    return [
      again("same name", names),
      row("most common name", names.n, names.most, spelled(own, texts.name!, names.common)),
      row("distinct names", names.n, names.distinct),
      again(
        "equal description",
        kindsOf(described.map(({ row }) => bare(texts.description![row]!))),
      ),
      row("near-duplicate", described.length, near.any),
      row("near-duplicate, other profile", described.length, near.across),
      again("same attributes", kindsOf(own.map(({ row }) => twin(row)))),
    ];
  });
  return frame(tidy, {
    model: "text",
    condition: "text",
    measure: "text",
    n: "integer",
    count: "integer",
    estimate: "number",
    example: "text",
  });
}

interface Kinds {
  n: number;
  distinct: number;
  /** Things that are not the only one of their kind. */
  again: number;
  common: Text;
  most: number;
}

function kindsOf(values: readonly Text[]): Kinds {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  // Among equally common ones the first by its letters, so that the order of rows does not matter.
  const [common, most] = [...counts].toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0] ??
    [null, 0];
  const [n, again] = counts.values().reduce(
    ([all, more], count) => [all + count, more + (count > 1 ? count : 0)],
    [0, 0],
  );
  return { n, distinct: counts.size, again, common, most };
}

/** The name as it was first written. */
const spelled = (people: readonly Person[], names: readonly Text[], common: Text): Text =>
  common === null
    ? null
    : names[people.find(({ row }) => bare(names[row] ?? null) === common)!.row]!.trim();
