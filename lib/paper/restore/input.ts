/** The bytes of the input: read in pieces, hashed, unpacked, refused with a place and a remedy. */
import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate } from "node:timers";
import { createGunzip } from "node:zlib";
import { cut, plural } from "../../format.ts";

/** A problem of the input: what was found and expected, in which file and line, and what to do. */
export class SourceError extends Error {
  override name = "SourceError";
}

/** A file that was read: bytes and SHA-256 (hex) as it lies on disk or in its zip. */
export interface FileRead {
  path: string;
  bytes: number;
  sha256: string;
}

/** A file that can be read, on disk or in a zip; the path is the one the user knows it by. */
export interface Input {
  path: string;
  open(): AsyncIterable<Uint8Array>;
}

/** One reading of the input: what it has met so far, and the signal that stops it. */
export class Reading {
  readonly files: FileRead[] = [];
  readonly #skipped: string[] = [];
  #more = 0;
  /** Uncompressed bytes. */
  bytes = 0;
  /** Where the reader is, for errors that are noticed below it. */
  place: () => string = () => "";

  constructor(readonly signal?: AbortSignal) {}

  /** Notes what is passed over; of very many only how many. */
  skip(sentence: string): void {
    if (this.#skipped.length < MOST_SKIPPED) this.#skipped.push(cut(sentence, SAID));
    else this.#more++;
  }

  get skipped(): string[] {
    return [...this.#skipped, ...(this.#more ? [`and ${plural(this.#more, "more item")}`] : [])];
  }
}

const MOST_SKIPPED = 20;

/** Nothing of the study shrinks to a 30th; a file of one byte over and over to a 1,000th. */
const MOST_SWOLLEN = 200;
/** Unpacked bytes that are looked at in any case. */
const FREE = 64 * 1024 * 1024;

/** @throws {SourceError} when packed bytes become so many that they are no data of the study */
export function unswollen(unpacked: number, packed: number, path: string): void {
  if (unpacked <= FREE || unpacked <= MOST_SWOLLEN * packed) return;
  const found = `Packed data (${
    plural(packed, "byte")
  }) that unpack to over ${MOST_SWOLLEN} times as much`;
  throw fault(found, path, "this is no data of the study: download it again");
}

const CHUNK = 256 * 1024;
/** Nothing of the study comes near it; an unclosed quote would otherwise take the whole file. */
export const LONGEST_ROW = 64 * 1024 * 1024;

export const AGAIN = "the file is incomplete or damaged: download it again";

/** Letters of what a file says that are told. */
const SAID = 500;

/** An error in the house's order: what, where, what to do; what a file says in it is cut. */
export const fault = (what: string, where: string, remedy: string): SourceError =>
  new SourceError(`${cut(what, SAID)}: ${cut(where, SAID)}: ${cut(remedy, 1000)}`);

export function onDisk(file: string | URL, path: string): Input {
  return {
    path,
    async *open() {
      using handle = await Deno.open(file);
      for (;;) {
        const chunk = new Uint8Array(CHUNK);
        const n = await handle.read(chunk);
        if (n === null) return;
        yield chunk.subarray(0, n);
      }
    },
  };
}

/** The raw bytes of a file; its size and sum are in the reading when the last one was taken. */
export async function* raw(input: Input, reading: Reading): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of input.open()) {
    reading.signal?.throwIfAborted();
    hash.update(chunk);
    bytes += chunk.length;
    yield chunk;
  }
  reading.files.push({ path: input.path, bytes, sha256: hash.digest("hex") });
}

/** The uncompressed bytes of a file; gzip is known by its first bytes, whatever the name says. */
export async function* plain(input: Input, reading: Reading): AsyncGenerator<Uint8Array> {
  const chunks = raw(input, reading);
  try {
    const { value: first, done } = await chunks.next();
    if (done) return;
    const all = prepend(first, chunks);
    const zipped = first[0] === 0x1f && first[1] === 0x8b;
    for await (const chunk of zipped ? gunzip(all, input.path, reading) : all) {
      // Where all bytes are at hand nothing else would let a signal in.
      await new Promise((resolve) => setImmediate(resolve));
      reading.signal?.throwIfAborted();
      reading.bytes += chunk.length;
      yield chunk;
    }
  } finally {
    await chunks.return(undefined);
  }
}

async function* prepend<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

async function* gunzip(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
  reading: Reading,
): AsyncGenerator<Uint8Array> {
  // node:zlib, not DecompressionStream: that one refuses files of several gzip members.
  const unzip = createGunzip({ chunkSize: CHUNK });
  const fed = pipeline(Readable.from(chunks), unzip);
  fed.catch(() => {});
  let unpacked = 0;
  try {
    for await (const chunk of unzip) {
      unpacked += chunk.length;
      unswollen(unpacked, unzip.bytesWritten, path);
      yield chunk;
    }
    await fed;
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    if (!code.startsWith("Z_")) throw error;
    const found = code === "Z_BUF_ERROR"
      ? "The gzip data end too early"
      : `Damaged gzip data (${(error as Error).message})`;
    const place = reading.place();
    const where = `${path} near byte ${unzip.bytesWritten}${place && `, after ${place}`}`;
    throw fault(found, where, AGAIN);
  } finally {
    unzip.destroy();
    await fed.catch(() => {});
  }
}

/** The bytes of a stream that are not used yet, in one piece. */
export class Window {
  bytes: Uint8Array = new Uint8Array(0);
  /** Offset of the first byte that is not used yet. */
  at = 0;
  /** True when the stream holds no further bytes. */
  ended = false;

  constructor(
    private readonly chunks: AsyncGenerator<Uint8Array>,
    private readonly path: string,
    private readonly reading: Reading,
  ) {}

  /**
   * Drops what is used and adds the next bytes, at least as many as are kept, so that a long row
   * costs no more than a short one. Earlier pieces of `bytes` stay valid.
   */
  async more(): Promise<void> {
    this.reading.signal?.throwIfAborted();
    const kept = this.bytes.subarray(this.at);
    if (kept.length > LONGEST_ROW) {
      const where = `${this.path} after ${this.reading.place()}`;
      throw fault("A row of more than 64 MiB", where, AGAIN);
    }
    const pieces = [kept];
    const wanted = Math.max(CHUNK, kept.length);
    for (let got = 0; got < wanted && !this.ended;) {
      const { value, done } = await this.chunks.next();
      if (done) this.ended = true;
      else got += pieces[pieces.push(value) - 1]!.length;
    }
    this.bytes = pieces.length === 2 && kept.length === 0 ? pieces[1]! : join(pieces);
    this.at = 0;
  }

  /** Passes over empty lines that are at hand, and returns how many. */
  blank(): number {
    const from = this.at;
    while (this.bytes[this.at] === 10) this.at++;
    return this.at - from;
  }

  /** The next line that is at hand, with its line feed; null when it is not whole yet. */
  atHand(): Uint8Array | null {
    const feed = this.bytes.indexOf(10, this.at);
    if (feed < 0) return null;
    const line = this.bytes.subarray(this.at, feed + 1);
    this.at = feed + 1;
    return line;
  }

  /** The next line with its line feed, or null at the end. */
  async line(): Promise<Uint8Array | null> {
    for (;;) {
      const line = this.atHand();
      if (line) return line;
      if (this.ended) {
        const rest = this.bytes.subarray(this.at);
        this.at = this.bytes.length;
        return rest.length ? rest : null;
      }
      await this.more();
    }
  }

  /**
   * Takes the first bytes and passes over a byte order mark.
   *
   * @throws {SourceError} when there are none, or they are UTF-16
   */
  async begin(): Promise<void> {
    await this.more();
    const [a, b, c] = this.bytes;
    if (this.bytes.length === 0) {
      throw fault("The file is empty", this.path, "download it again");
    }
    if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
      throw fault("The file is UTF-16", `${this.path} byte 1`, "save it as UTF-8");
    }
    if (a === 0xef && b === 0xbb && c === 0xbf) this.at = 3;
    if (this.bytes.length === this.at && this.ended) {
      throw fault("The file is empty", this.path, "download it again");
    }
  }

  /**
   * What a reader of this window makes. Behind its error the file is read on to the end: where the
   * bytes are damaged, a check sum there says so, and that is what the user must know.
   */
  async *verified<T>(made: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* made;
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      while (!(await this.chunks.next()).done);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.chunks.return(undefined);
  }
}

export function join(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** Index of the first row (rows end in a line feed) that is not UTF-8; −1 when all are. */
export function badRow(rows: Uint8Array): number {
  if (isUtf8(rows)) return -1;
  let row = 0;
  for (let at = 0, end; at < rows.length; at = end, row++) {
    end = rows.indexOf(10, at) + 1 || rows.length;
    if (!isUtf8(rows.subarray(at, end))) break;
  }
  return row;
}
