/**
 * Which data the numbers of a frame are of. Frames that were read know it, and so does whatever Polars
 * or a builder makes of them; what is shown says it and nothing else.
 *
 * Three things can be known of a value: its sources; that it has none, because somebody typed it in; or
 * nothing (`null`), as of a frame that was made of plain records. What is made of something of which
 * nothing is known is not known either: a line that leaves out a source would be worse than none.
 */

/** Where numbers came from. */
export interface Source {
  /** What must stand wherever they are shown: `Data: …`. */
  line: string;
  /** The schema that they were read from; null where it was none. */
  schema: string | null;
}

type Sources = readonly Source[];

const known = new WeakMap<object, Sources>();
/** The Polars object behind one that knows its sources. */
const bare = new WeakMap<object, object>();

/** Methods of Polars that change the object itself. */
const CHANGING = ["extend", "insertAtIdx", "replaceAtIdx"];

const isObject = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function";

/** Frames name themselves in a property, series by a method. */
function tagOf(value: object): unknown {
  const tag = (value as Record<symbol, unknown>)[Symbol.toStringTag];
  return typeof tag === "function" ? tag.call(value) : tag;
}

/** A frame, lazy or not, grouped or not, or a series: what holds data. An expression does not. */
function isPolars(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  return ["DataFrame", "LazyDataFrame", "Series"].includes(tagOf(value) as string) ||
    typeof (value as { agg?: unknown }).agg === "function";
}

const isPlain = (value: object): boolean =>
  Object.getPrototypeOf(value) === Object.prototype && tagOf(value) === undefined;

const same = (a: Sources, b: Sources): boolean =>
  a.length === b.length && a.every(({ line }, at) => line === b[at]!.line);

/** How deep arguments are looked into: `{ table1, table2 }`, `{ reference: { items, sheets } }`. */
const DEPTH = 2;

function found(value: unknown, depth: number): (Sources | null)[] {
  if (!isObject(value)) return [];
  const own = known.get(value);
  if (own) return [own];
  if (isPolars(value)) return [null];
  if (depth === 0) return [];
  const parts = Array.isArray(value) ? value : isPlain(value) ? Object.values(value) : [];
  return parts.flatMap((part) => found(part, depth - 1));
}

/** The sources of several things together; null where one of them is not known, or none was given. */
export function sourcesOf(...values: readonly unknown[]): Sources | null {
  const all = values.flatMap((value) => found(value, DEPTH));
  if (!all.length) return null;
  const sources = all.flatMap((one) => one ?? []);
  return all.includes(null)
    ? null
    : [...new Map(sources.map((source) => [JSON.stringify(source), source])).values()];
}

/**
 * A value that knows its sources: frames, series and plain objects as new ones that do, arrays and other
 * objects themselves. Of `null` nothing is known any more.
 */
export function from<T>(value: T, sources: Sources | null): T {
  if (!isObject(value)) return value;
  if (isPolars(value)) return traced(value, sources) as T;
  const before = known.get(value);
  if (before && sources && same(before, sources)) return value;
  const made = parted(value, (part) => isPolars(part) ? traced(part, sources) : part);
  if (sources) known.set(made, sources);
  else known.delete(made);
  return made as T;
}

/** A plain object, or an array with frames in it, made of its parts anew. */
function parted(value: object, each: (part: unknown) => unknown): object {
  if (Array.isArray(value)) return value.some(isPolars) ? value.map(each) : value;
  return isPlain(value)
    ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, each(part)]))
    : value;
}

/**
 * A Polars object whose methods return such objects as well.
 *
 * It stands before the real one and not in place of it: what a frame says of its own properties to a
 * proxy made of it directly is an error for every name that is no column.
 */
function traced(value: object, sources: Sources | null): object {
  const target = bare.get(value) ?? value;
  if (sources === null) return target;
  const made = (result: unknown, of: Sources | null): unknown =>
    isPolars(result)
      ? traced(result, of)
      : result instanceof Promise
      ? result.then((end) => made(end, of))
      : Array.isArray(result) && isPolars(result[0])
      ? result.map((part) => made(part, of))
      : result;
  const inspect = Symbol.for("nodejs.util.inspect.custom");
  const proxy: object = new Proxy({ [inspect]: () => String(target) }, {
    get(_, name) {
      const property: unknown = Reflect.get(target, name, target);
      if (typeof property !== "function") return made(property, known.get(proxy) ?? null);
      return (...given: unknown[]) => {
        const result: unknown = property.apply(target, given);
        const of = sourcesOf(proxy, ...given);
        if (CHANGING.includes(String(name))) {
          if (of) known.set(proxy, of);
          else known.delete(proxy);
        }
        return made(result, of);
      };
    },
    set: (_, name, part) => Reflect.set(target, name, part, target),
    has: (_, name) => Reflect.has(target, name),
    ownKeys: () => Reflect.ownKeys(target),
    getOwnPropertyDescriptor: (_, name) => Reflect.getOwnPropertyDescriptor(target, name),
  });
  known.set(proxy, sources);
  bare.set(proxy, target);
  return proxy;
}

// deno-lint-ignore no-explicit-any
type Act = (...given: any[]) => any;

const carriers = new WeakSet<object>();

/** Whether what a function returns knows its sources. */
export const carries = (act: object): boolean => carriers.has(act);

/**
 * A function whose results have the sources of what it is given.
 *
 * @param own what they have instead, where it is always the same
 */
export function carried<F extends Act>(act: F, own?: Sources): F {
  const carrying = (...given: unknown[]): unknown => {
    const result: unknown = act(...given);
    const end = (made: unknown) => from(made, own ?? sourcesOf(...given));
    return result instanceof Promise ? result.then(end) : end(result);
  };
  carriers.add(carrying);
  return carrying as F;
}

/** The functions of a module, each {@link carried}; what else it holds stays as it is. */
export function carrying<M extends object>(room: M, own?: Sources): M {
  return Object.fromEntries(
    Object.entries(room).map(([name, part]) => [
      name,
      typeof part === "function" ? carried(part as Act, own) : part,
    ]),
  ) as M;
}

/** By schema, what was opened in this process last. */
const opened = new Map<string, Source>();

/** Notes that a schema was opened: what nothing is known of may be of it. */
export function opening(source: Source & { schema: string }): void {
  opened.set(source.schema, source);
}

/** What is said of the data of something shown. */
export interface Said {
  /** `Data: …`; null where nothing is to be said. */
  line: string | null;
  /** The schemas that it may be of. */
  schemas: readonly string[];
}

/**
 * What is said of sources. Of what nothing is known, that it is of the one schema that was opened; were
 * there several, that it is not known which.
 */
export function said(sources: Sources | null): Said {
  const all = sources ?? [...opened.values()];
  const schemas = [...new Set(all.flatMap(({ schema }) => schema ?? []))];
  const lines = [...new Set(all.map(({ line }) => line))];
  if (!lines.length) return { line: null, schemas };
  if (sources || schemas.length < 2) return { line: lines.join(" · "), schemas };
  const names = lines.map((line) => line.replace(/^Data: /, "")).join(" · ");
  return { line: `Data: not known which of these, the option "data" says it: ${names}`, schemas };
}
