// Rows in columns: unpacked, filtered, sorted, put together and paired. Nothing here knows the page.

/** The bytes behind a text in base64, uncompressed. */
export async function inflated(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).arrayBuffer();
}

const ARRAYS = { Int8Array, Int16Array, Int32Array, Float64Array };

/** Rows as `packed.ts` makes them: height, columns in their order, and each by its name. */
export function tableOf(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const { height, columns } = JSON.parse(
    new TextDecoder().decode(new Uint8Array(buffer, 4, length)),
  );
  const start = Math.ceil((4 + length) / 8) * 8;
  const made = columns.map((column) => {
    const Kind = ARRAYS[column.array], none = column.none ?? NaN;
    const own = new Kind(buffer, start + column.from, column.length);
    // What lacks at the end is none.
    const values = new Kind(height).fill(none);
    values.set(own);
    return { ...column, values, none };
  });
  return { height, columns: made, of: new Map(made.map((column) => [column.name, column])) };
}

/** Whether there is a value in a row. */
export const has = ({ values, none }, row) => values[row] !== none && !Number.isNaN(values[row]);

/** What stands in a row: a text, a number, or null. */
export const valueOf = (column, row) =>
  !has(column, row) ? null : column.texts ? column.texts[column.values[row]] : column.values[row];

/** How often each text comes, and how many rows have none. */
export function countsOf({ values, texts, none }) {
  const counts = new Int32Array(texts.length);
  let without = 0;
  for (const place of values) place === none ? without++ : counts[place]++;
  return { counts, without };
}

/** Whether a column says nothing: it is the same in all rows. */
export function isConstant({ values }) {
  return values.every((value) => Object.is(value, values[0]));
}

/** Places of the texts in the order in which they are read: numbers in them by size. */
export function orderOf(column) {
  const { texts } = column, { compare } = new Intl.Collator("en", { numeric: true });
  return column.order ??= [...texts.keys()].sort((a, b) => compare(texts[a], texts[b]));
}

/** Where nothing is chosen of a column, its filter lets everything through. */
const passesAll = (filter) =>
  filter.levels ? filter.levels.size === 0 : filter.least === null && filter.most === null;

function passing(column, filter) {
  const { values, none, texts } = column;
  if (filter.levels) {
    // -1 stands for rows without a value.
    const chosen = new Uint8Array(texts.length);
    for (const place of filter.levels) if (place >= 0) chosen[place] = 1;
    const without = filter.levels.has(-1);
    return (row) => values[row] === none ? without : chosen[values[row]] === 1;
  }
  const least = filter.least ?? -Infinity, most = filter.most ?? Infinity;
  return (row) => has(column, row) && values[row] >= least && values[row] <= most;
}

/**
 * The rows that pass all filters, and for each column of `faceted` how often each text comes among the rows
 * that pass all other filters.
 *
 * @param filters by the name of the column: `levels` (a set of places), or `least` and `most`
 * @param within for each row 1 where it is looked at; null: all are
 */
export function filtered(table, filters, within, faceted) {
  const active = [...filters].filter(([, filter]) => !passesAll(filter))
    .map(([name, filter]) => [name, passing(table.of.get(name), filter)]);
  const rows = new Uint32Array(table.height);
  const counts = new Map(faceted.map((name) => {
    const column = table.of.get(name);
    return [name, { column, of: new Int32Array(column.texts.length), without: 0 }];
  }));
  const all = [...counts];
  const count = (one, row) => {
    const place = one.column.values[row];
    if (place === one.column.none) one.without++;
    else one.of[place]++;
  };
  let n = 0;
  for (let row = 0; row < table.height; row++) {
    if (within && !within[row]) continue;
    let failed = null, failures = 0;
    for (const [name, passes] of active) {
      if (passes(row)) continue;
      failed = name;
      if (++failures > 1) break;
    }
    if (failures === 0) {
      rows[n++] = row;
      for (const [, one] of all) count(one, row);
    } else if (failures === 1 && counts.has(failed)) count(counts.get(failed), row);
  }
  return { rows: rows.slice(0, n), counts };
}

/** Rows by one column; rows without a value are last, whichever way it goes. */
export function sorted(table, rows, name, down) {
  const column = table.of.get(name);
  let rank = (row) => column.values[row];
  if (column.texts) {
    const ranks = new Int32Array(column.texts.length);
    orderOf(column).forEach((place, at) => (ranks[place] = at));
    rank = (row) => ranks[column.values[row]];
  }
  const key = new Float64Array(table.height);
  for (const row of rows) {
    key[row] = has(column, row) ? (down ? -rank(row) : rank(row)) : Infinity;
  }
  // Equal ones stay as they were.
  return rows.slice().sort((a, b) => key[a] < key[b] ? -1 : key[a] > key[b] ? 1 : a - b);
}

/** A number for each row, the same where the columns are the same. */
function keyed(table, names) {
  const columns = names.map((name) => table.of.get(name));
  const known = new Map();
  return (row) => {
    const key = columns.map(({ values }) => values[row]).join();
    if (!known.has(key)) known.set(key, known.size);
    return known.get(key);
  };
}

/** Rows that are the same in some columns, put together, in the order in which they first come. */
export function together(table, rows, names) {
  const key = keyed(table, names), groups = [];
  for (const row of rows) (groups[key(row)] ??= []).push(row);
  return groups;
}

/** The names of the columns that tell rows apart within one of the two levels. */
const telling = (table, names, sides) =>
  names.filter((name) => {
    const { values } = table.of.get(name);
    return sides.some((rows) => rows.some((row) => values[row] !== values[rows[0]]));
  });

/**
 * Rows of two levels of a factor side by side: those that are the same in all other factors, one by one
 * where several are.
 *
 * A factor that has one value at each of the levels goes with them, as the variant may with the prompt: it
 * tells no rows apart.
 *
 * @returns pairs, and how many rows have no other
 */
export function paired(table, rows, factors, factor, [a, b]) {
  const { values } = table.of.get(factor);
  const sides = [a, b].map((place) => rows.filter((row) => values[row] === place));
  const others = telling(table, factors.filter((name) => name !== factor), sides);
  const key = keyed(table, others), waiting = new Map();
  for (const row of sides[1]) {
    const of = key(row);
    if (waiting.has(of)) waiting.get(of).push(row);
    else waiting.set(of, [row]);
  }
  const pairs = [];
  for (const row of sides[0]) {
    const other = waiting.get(key(row))?.shift();
    if (other !== undefined) pairs.push([row, other]);
  }
  return { pairs, alone: sides[0].length + sides[1].length - 2 * pairs.length };
}

/** Whether two rows differ in one of the columns. */
export const differ = (columns, [a, b]) =>
  columns.some(({ values }) => !Object.is(values[a], values[b]));

/** A cell of CSV: in quotes where it must be. */
const cell = (value) => {
  const text = value === null ? "" : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Lines of CSV. */
export const csvOf = (lines) => lines.map((line) => line.map(cell).join(",")).join("\n") + "\n";
