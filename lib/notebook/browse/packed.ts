/** Rows as they travel to a page: the bytes of their columns, compressed, as text. */
import { gzipSync } from "node:zlib";
import { Buffer } from "node:buffer";
import { columnOf, fullLabel, wordsOf } from "../../columns.ts";
import type { Rows } from "../../db.ts";
import type { Form } from "../../forms.ts";

/** Begins each column at a place that any array of numbers may begin at. */
const ALIGNED = 8;

const aligned = (bytes: Uint8Array): Uint8Array[] => [
  bytes,
  new Uint8Array((ALIGNED - bytes.length % ALIGNED) % ALIGNED),
];

/** Compressed, in base64. */
export const compressed = (bytes: Uint8Array | string, level: number): string =>
  gzipSync(bytes, { level }).toString("base64");

/**
 * Four bytes that say how long its head is (little-endian), the head as JSON, and the columns one after the
 * other; each begins at a multiple of eight bytes, the first of them after that of the head.
 */
export function packed({ rows, parts }: Rows, forms: readonly Form[], level: number): string {
  const labels = new Map(
    forms.flatMap(({ fields }) => fields.map(({ name, label }) => [name, label] as const)),
  );
  const body: Uint8Array[] = [];
  const columns = rows.names.map((name) => {
    const { values, none, texts } = rows.bare(name);
    const from = body.reduce((sum, { length }) => sum + length, 0);
    body.push(...aligned(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)));
    return {
      name,
      label: labels.get(name) ?? labelOf(name),
      part: parts.get(name)!,
      kind: rows.kind(name),
      array: values.constructor.name,
      from,
      length: values.length,
      none: Number.isNaN(none) ? null : none,
      texts,
    };
  });
  const head = Buffer.from(JSON.stringify({ height: rows.height, columns }));
  const start = Buffer.alloc(4);
  start.writeUInt32LE(head.length);
  return compressed(
    Buffer.concat([...aligned(Buffer.concat([start, head])), ...body]),
    level,
  );
}

/** What a column is called: as the registry declares it, else its name in words; with a capital. */
function labelOf(name: string): string {
  const words = /^(.+) words$/.exec(name);
  const column = columnOf(name);
  const label = words ? `words of ${words[1]}` : column ? fullLabel(column) : wordsOf(name);
  return label.charAt(0).toUpperCase() + label.slice(1);
}
