/** The files in a zip, read in place: nothing is unpacked to disk. */
import { configure, type FileEntry, Reader, ZipReader } from "zip";
import { AGAIN, fault, type Input } from "./input.ts";

configure({ useWebWorkers: false });

/**
 * The files of a zip, named `ZIP/path`; folders, dot files and `__MACOSX` are passed over.
 *
 * The check sum of each file is compared when it has been read to its end.
 *
 * @throws {SourceError} when the zip is cut off, damaged or encrypted; also while a file is read
 */
export async function listZip(file: string, path: string): Promise<Input[]> {
  const zip = new ZipReader(new Disk(file));
  try {
    const entries = await zip.getEntries();
    return entries.flatMap((entry) => {
      const hidden = entry.filename.split("/").some((name) => /^\.|^__MACOSX$/.test(name));
      return entry.directory || hidden ? [] : inZip(entry, `${path}/${entry.filename}`);
    });
  } catch (error) {
    throw damaged(error, path);
  } finally {
    await zip.close();
  }
}

function inZip(entry: FileEntry, path: string): Input {
  return {
    path,
    async *open() {
      if (entry.encrypted) {
        throw fault("An encrypted file", path, "unpack the zip and give its folder");
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
        yield* pipe.readable;
        await done;
      } catch (error) {
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
