/** Files of one folder, written so that nobody reads half a file. */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

/** What an earlier writing left, so that it can be taken away and nothing else. */
const LIST = "files.json";

/** Writes a file beside and renames it. */
export async function keep(path: string, data: string | Uint8Array): Promise<void> {
  await writeFile(`${path}.new`, data);
  await rename(`${path}.new`, path);
}

/**
 * Writes files into a folder, and deletes those that an earlier call wrote there and this one does
 * not. What others put there stays.
 */
export async function keepAll(
  folder: string,
  files: ReadonlyMap<string, string | Uint8Array>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const before = await listed(folder);
  const list = (names: Iterable<string>) =>
    keep(join(folder, LIST), JSON.stringify([...new Set(names)].toSorted(), null, 1) + "\n");
  // Both until all is done: killed in between, the next call still knows what is ours.
  await list([...before, ...files.keys()]);
  for (const [name, data] of files) await keep(join(folder, name), data);
  const stale = before.filter((name) => !files.has(name));
  await Promise.all(stale.map((name) => rm(join(folder, name), { force: true })));
  await list(files.keys());
}

async function listed(folder: string): Promise<string[]> {
  try {
    const found: unknown = JSON.parse(await readFile(join(folder, LIST), "utf8"));
    return (found as unknown[]).filter((name): name is string =>
      typeof name === "string" && name === basename(name) && name !== ".."
    );
  } catch {
    return []; // the first time, or not our file
  }
}
