// Where the data are: with the kernel, or in this file.
import { inflated, isConstant, tableOf, valueOf } from "./rows.js";
import { at, say } from "./words.js";

/** What is looked at: what stands on the page besides people, and the rows of both lists when they are there. */
export const data = { about: null, personas: null, sheets: null };

const textIn = async (id) => new TextDecoder().decode(await inflated(at(id).textContent));

function ofServer() {
  const post = async (route, body) => {
    let response;
    try {
      response = await fetch(route, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    } catch {
      throw new Error("The kernel does not answer: run the cell again");
    }
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    return answer;
  };
  const unpacked = async (rows) => tableOf(await inflated(rows));
  return {
    async open() {
      const { about, rows } = await post("open", {});
      return { about, table: await unpacked(rows) };
    },
    sheets: async () => unpacked((await post("sheets", {})).rows),
    find: async (words) => (await post("find", { words })).ids,
    behind: async (kind, keys) => keys.length ? (await post("behind", { kind, keys })).behind : [],
  };
}

/** Blocks that stay unpacked. */
const KEPT = 6;

function ofFile() {
  let starts, places;
  const blocks = new Map();
  /** What is searched in, in lower case: unpacked by the first search, and kept for the next. */
  let searched = null;
  const textsRead = async () => {
    const texts = [], { length } = starts.personas;
    for (let n = 0; n < length; n++) {
      for (const { fields = {} } of JSON.parse(await textIn(`personas-${n}`))) {
        texts.push(Object.values(fields).join("\n").toLowerCase());
      }
      say(`Searching … ${Math.round(100 * (n + 1) / length)}%`);
    }
    return texts;
  };
  const block = async (kind, n) => {
    const id = `${kind}-${n}`;
    if (!blocks.has(id)) {
      blocks.set(id, JSON.parse(await textIn(id)));
      if (blocks.size > KEPT) blocks.delete(blocks.keys().next().value);
    }
    return blocks.get(id);
  };
  const one = async (kind, row) => {
    const n = starts[kind].findLastIndex((start) => start <= row);
    return (await block(kind, n))[row - starts[kind][n]];
  };
  const rows = async (kind) => tableOf(await inflated(at(`rows-${kind}`).textContent));
  return {
    async open() {
      const { about, starts: all, profiles } = JSON.parse(await textIn("about"));
      starts = all;
      places = new Map(profiles.map((key, place) => [key.join(), place]));
      return { about, table: await rows("personas") };
    },
    sheets: () => rows("sheets"),
    async find(words) {
      const texts = await (searched ??= textsRead());
      const wanted = words.map((word) => word.toLowerCase());
      return [...data.personas.of.get("id").values]
        .filter((_, row) => wanted.every((word) => texts[row].includes(word)));
    },
    behind: (kind, keys) =>
      Promise.all(
        keys.map((key) =>
          one(kind, kind === "profiles" ? places.get(key.join()) : rowOf(data[kind], key))
        ),
      ),
  };
}

/** The row of an id: ids rise. */
export function rowOf({ height, of }, id) {
  const { values } = of.get("id");
  let low = 0, high = height - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < id) low = middle + 1;
    else high = middle;
  }
  return values[low] === id ? low : -1;
}

export const source = at("about") ? ofFile() : ofServer();

export function ready(of) {
  // Where whoever wrote a persona also answers as it, one column says it.
  const [writer, other] = ["model", "answering_model"].map((name) => of.of.get(name));
  if (other && other.values.every((_, row) => valueOf(other, row) === valueOf(writer, row))) {
    other.part = "hidden";
  }
  for (const column of of.columns) column.constant = of.height === 0 ? false : isConstant(column);
  return of;
}

let reading = null;
/** The sheets, which are read when the personas are there. */
export const sheetsRead = () =>
  reading ??= source.sheets().then((made) => (data.sheets = ready(made)), (error) => {
    reading = null;
    throw error;
  });

/** Whom a row is about where nothing says which of the personas answered. */
export const relative = (of, row) =>
  `${valueOf(of.of.get("population"), row)} ${valueOf(of.of.get("profile"), row)}`;
/** The columns that say what a row is of. */
export const factorsOf = (of) => of.columns.filter(({ part }) => part === "factor");
