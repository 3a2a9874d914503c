/** The files in a zip, read in place: nothing is unpacked to disk. */
import { configure, type FileEntry, Reader, ZipReader } from "zip";
import { AGAIN, fault, type Input, SourceError, unswollen } from "./input.ts";

// A piece may unpack to 1,000 times its size before anybody can look at it.
configure({ useWebWorkers: false, chunkSize: 16 * 1024 });

/** Methods of ZIP's specification (APPNOTE 4.4.5) that are whole and not read. */
const UNREAD: Readonly<Record<number, string>> = {
  1: "Shrink",
  6: "Implode",
  12: "BZip2",
  14: "LZMA",
  93: "Zstandard",
  95: "XZ",
  98: "PPMd",
};

/**
 * The files of a zip, named `ZIP/path`; folders, dot files and `__MACOSX` are passed over.
 *
 * The check sum of each file is compared when it has been read to its end.
 *
 * @throws {SourceError} when the zip is cut off, damaged or encrypted; also while a file is read
 */
export async function listZip(file: string, path: string): Promise<Input[]> {
  const disk = new Disk(file), zip = new ZipReader(disk);
  try {
    const entries = await zip.getEntries();
    return entries.flatMap((entry) => {
      const hidden = entry.filename.split("/").some((name) => /^\.|^__MACOSX$/.test(name));
      return entry.directory || hidden ? [] : inZip(entry, `${path}/${entry.filename}`, disk.size);
    });
  } catch (error) {
    throw damaged(error, path);
  } finally {
    await zip.close();
  }
}

function inZip(entry: FileEntry, path: string, size: number): Input {
  return {
    path,
    async *open() {
      if (entry.encrypted) {
        throw fault("An encrypted file", path, "unpack the zip and give its folder");
      }
      const method = UNREAD[entry.compressionMethod];
      if (method) {
        throw fault(
          `A file compressed by ${method}`,
          path,
          "it is not read here: unpack the zip and give its folder",
        );
      }
      const stop = new AbortController();
      let control!: TransformStreamDefaultController<Uint8Array>;
      const pipe = new TransformStream<Uint8Array, Uint8Array>({
        start: (controller) => void (control = controller),
      });
      const done = entry.getData(pipe.writable, { checkSignature: true, signal: stop.signal });
      // A wrong check sum must end the stream as an error, not as an end of file.
      done.catch((error) => control.error(error));
      try {
        let unpacked = 0;
        for await (const chunk of pipe.readable) {
          unpacked += chunk.length;
          unswollen(unpacked, Math.min(entry.compressedSize, size), path);
          yield chunk;
        }
        await done;
      } catch (error) {
        if (error instanceof SourceError) throw error;
        throw damaged(error, path);
      } finally {
        stop.abort();
        await done.catch(() => {});
      }
    },
  };
}

function damaged(error: unknown, path: string): Error {
  return fault(`Damaged zip (${(error as Error).message})`, path, AGAIN);
}

/** A file by random access; opened for each piece, so that nothing stays open. */
class Disk extends Reader<string> {
  constructor(private readonly path: string) {
    super(path);
    this.size = Deno.statSync(path).size;
  }

  override readUint8Array(index: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - index)));
    using file = Deno.openSync(this.path);
    file.seekSync(index, Deno.SeekMode.Start);
    let filled = 0;
    while (filled < bytes.length) {
      const n = file.readSync(bytes.subarray(filled));
      if (n === null) break;
      filled += n;
    }
    return Promise.resolve(bytes.subarray(0, filled));
  }
}
