/** Which data what is shown is of: through Polars, the builders, notebooks and their files. */
import assert from "node:assert/strict";
import pl, { type DataFrame } from "polars";
import { frame, rows, series } from "lib/frames.ts";
import * as paper from "lib/paper/print.ts";
import { carried, carries, from, opening, said, type Source, sourcesOf } from "lib/provenance.ts";
import { SIMULATED } from "lib/validation/simulate.ts";
import * as tables from "lib/paper/tables.ts";
import { z } from "zod";

const A: Source = { schema: "a", line: "Data: a" }, B: Source = { schema: "b", line: "Data: b" };

const typed = (): DataFrame =>
  frame([{ key: "x", n: 1 }, { key: "y", n: 2 }, { key: "y", n: 3 }], {
    key: "text",
    n: "integer",
  });
const of = (source: Source): DataFrame => from(typed(), [source]);

Deno.test("what Polars makes of a frame is of the same data", () => {
  const a = of(A);
  const made: Record<string, unknown> = {
    filter: a.filter(pl.col("n").gt(1)),
    select: a.select("key", pl.col("n").mul(2).alias("twice")),
    head: a.head(1),
    "group by": a.groupBy("key").agg(pl.col("n").sum()),
    "group by, short": a.groupBy("key").mean(),
    sort: a.sort("n"),
    rename: a.rename({ n: "m" }),
    drop: a.drop("n"),
    "with columns": a.withColumns(pl.col("n").add(1).alias("next")),
    pivot: a.unique({ subset: ["key"] }).pivot("n", { index: "key", on: "key" }),
    lazy: a.lazy().filter(pl.col("n").gt(1)).collectSync(),
    column: a.getColumn("n"),
    "column by name": (a as unknown as Record<string, unknown>).n,
    "of a column": a.getColumn("n").alias("m"),
    "part of several": a.partitionBy("key")[0],
    concat: pl.concat([a, a.head(1)]),
    "in an object": { table: a, caption: "A" },
  };
  for (const [name, value] of Object.entries(made)) assert.deepEqual(sourcesOf(value), [A], name);
});

Deno.test("a frame that knows its data is like any other", async () => {
  const plain = typed(), a = of(A);
  assert.ok(pl.DataFrame.isDataFrame(a));
  assert.ok(pl.Series.isSeries(a.getColumn("n")));
  assert.deepEqual(a.toRecords(), plain.toRecords());
  assert.deepEqual([a.columns, a.shape, a.height], [plain.columns, plain.shape, 3]);
  assert.deepEqual(a.getColumn("n").toArray(), [1, 2, 3]);
  assert.equal(a.writeCSV().toString(), plain.writeCSV().toString());
  assert.equal(Deno.inspect(a), Deno.inspect(plain));
  assert.ok("key" in a && !("nothing" in a));
  assert.deepEqual(Object.keys(a), ["key", "n"]);
  const jupyter = Symbol.for("Jupyter.display");
  const bundle = (value: unknown) => (value as Record<symbol, () => object>)[jupyter]!();
  assert.deepEqual(bundle(a), bundle(plain));
  assert.equal((await a.lazy().collect()).height, 3);
  assert.deepEqual(sourcesOf(await a.lazy().collect()), [A]);
  assert.throws(() => a.getColumn("nothing"), /nothing/);
  a.columns = ["k", "m"];
  assert.deepEqual(a.columns, ["k", "m"]);
});

Deno.test("what is made of two is of both, and of something unknown is not known", () => {
  const a = of(A), b = of(B), plain = typed();
  const sources = (value: unknown) => sourcesOf(value)?.map(({ schema }) => schema) ?? null;
  assert.deepEqual(sources(a.join(b, { on: "key", how: "left" })), ["a", "b"]);
  assert.deepEqual(sources(pl.concat([a, b])), ["a", "b"]);
  assert.deepEqual(sources(a.withColumn(b.getColumn("n").alias("other"))), ["a", "b"]);
  assert.deepEqual(sources({ a, b }), ["a", "b"]);
  assert.deepEqual(sources({ reference: { items: a, sheets: b } }), ["a", "b"]);
  assert.equal(sources(a.join(plain, { on: "key", how: "left" })), null);
  assert.equal(sources(a.withColumn(series("m", [1, 2, 3], "integer"))), null);
  assert.equal(sources(plain), null);
  assert.equal(sources({}), null);
  // Numbers that somebody typed in are of nothing, which is known.
  assert.deepEqual(sources(from(plain, [])), []);
  assert.deepEqual(sources(a.join(from(plain, []), { on: "key", how: "left" })), ["a"]);
  const changed = of(A);
  changed.extend(b);
  assert.deepEqual(sources(changed), ["a", "b"]);
});

Deno.test("a function that carries has the sources of its arguments, however deep", async () => {
  const total = (record: { given: DataFrame }) => {
    const [row] = rows(record.given.select(pl.col("n").sum()), z.object({ n: z.number() }));
    return { cells: frame([row!], { n: "integer" }), differing: ["x"] };
  };
  const carrying = carried(total);
  const made = carrying({ given: of(A) });
  assert.deepEqual([sourcesOf(made), sourcesOf(made.cells)], [[A], [A]]);
  assert.equal(sourcesOf(total({ given: of(A) })), null);
  assert.equal(sourcesOf(carrying({ given: typed() })), null);
  const later = carried((given: DataFrame) => Promise.resolve(frame(rows(given, z.any()), {})));
  assert.deepEqual(sourcesOf(await later(of(B))), [B]);
  // Its own come first, and what passes through something unknown is not known.
  assert.deepEqual(sourcesOf(carried(total, [SIMULATED])({ given: of(A) })), [SIMULATED]);
  const first = carried((given: DataFrame, _: DataFrame) => given);
  assert.deepEqual(sourcesOf(first(of(A), of(B))), [A, B]);
  assert.equal(sourcesOf(first(of(A), typed())), null);
});

Deno.test("every builder carries: a new one that does not is found", () => {
  const functions = (room: object) =>
    Object.entries(room).filter(([, part]) => typeof part === "function");
  const without = functions(tables).filter(([, part]) => !carries(part)).map(([name]) => name);
  // It gives names of columns, and no frame.
  assert.deepEqual(without, ["tableFactors"]);
  assert.ok(functions(tables).length > 20);
  for (const name of ["compare", "laidOut", "printed", "robustnessTable"] as const) {
    assert.ok(carries(paper[name]), name);
  }
});

Deno.test("said() says what is known, the only one that can be, or that it is not known which", () => {
  assert.deepEqual(said(null), { line: null, schemas: [] });
  assert.deepEqual(said([]), { line: null, schemas: [] });
  opening({ schema: "a", line: "Data: a" });
  assert.deepEqual(said(null), { line: "Data: a", schemas: ["a"] });
  assert.deepEqual(said([]), { line: null, schemas: [] });
  opening({ schema: "b", line: "Data: b" });
  const { line, schemas } = said(null);
  assert.match(line!, /^Data: not known which of these, the option "data" says it: a · b$/);
  assert.deepEqual(schemas, ["a", "b"]);
  assert.deepEqual(said([B]), { line: "Data: b", schemas: ["b"] });
  assert.deepEqual(said([B, A, SIMULATED]).line, `Data: b · Data: a · ${SIMULATED.line}`);
  assert.deepEqual(said([SIMULATED]).schemas, []);
});
