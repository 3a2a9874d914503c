/** Simulations that are kept: never a number that the code would not give. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { settings } from "lib/config.ts";
import { errorRates, kept, scoreCoverage } from "lib/validation/simulate.ts";
import { codeOf } from "lib/validation/simulate/kept.ts";

const of = {
  groups: "different profiles",
  profiles: 20,
  repetitions: 3,
  share: 0.4,
  icc: 0.1,
} as const;

const home = join(settings().dataDir, "simulated");

function filesOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) => join(folder, name))
    .flatMap((path) => statSync(path).isDirectory() ? filesOf(path) : [path]);
}

/** What a call adds to the folder. */
function added(call: () => unknown): string[] {
  const before = new Set(filesOf(home));
  call();
  return filesOf(home).filter((path) => !before.has(path));
}

interface Stored {
  sha256: string;
  inputs: string;
  value: { rejected: number }[];
}
const read = (path: string): Stored => JSON.parse(readFileSync(path, "utf8"));

Deno.test("a simulation is drawn once, and each input is another one", () => {
  const asked = { seed: 1, studies: 10 };
  const [path, ...more] = added(() => kept.errorRates(of, asked));
  assert.deepEqual(more, []);
  const drawn = errorRates(of, asked);
  assert.deepEqual(kept.errorRates(of, asked), drawn);

  // That it is read at all: another number, with the hash that belongs to it.
  const file = read(path!);
  const other = file.value.map((rate) => ({ ...rate, rejected: -1 }));
  const sha256 = createHash("sha256").update(file.inputs + JSON.stringify(other)).digest("hex");
  writeFileSync(path!, JSON.stringify({ ...file, sha256, value: other }));
  assert.equal(kept.errorRates(of, asked)[0]!.rejected, -1);

  for (
    const [changed, options] of [
      [of, { seed: 2, studies: 10 }],
      [of, { seed: 1, studies: 11 }],
      [of, { seed: 1, studies: 10, level: 0.9 }],
      [of, { seed: 1, studies: 10, draws: 20 }],
      [{ ...of, share: 0.5 }, asked],
      [{ ...of, icc: 0.2 }, asked],
      [{ ...of, profiles: 21 }, asked],
    ] as const
  ) {
    let found: unknown;
    assert.equal(added(() => found = kept.errorRates(changed, options)).length, 1);
    assert.deepEqual(found, errorRates(changed, options));
    assert.deepEqual(kept.errorRates(changed, options), errorRates(changed, options));
  }
});

Deno.test("a damaged file is drawn again, and mended", () => {
  const asked = { seed: 3, studies: 10 };
  const [path] = added(() => kept.errorRates(of, asked));
  const drawn = errorRates(of, asked);
  const good = readFileSync(path!, "utf8");
  const file = read(path!);
  const another = added(() => kept.errorRates(of, { seed: 4, studies: 10 }))[0]!;
  for (
    const damaged of [
      "",
      good.slice(0, good.length / 2),
      "null",
      "[]",
      good.replace(/"rejected":\d+/, '"rejected":7777'),
      JSON.stringify({ ...file, value: undefined }),
      // Another study's file under this name.
      readFileSync(another, "utf8"),
    ]
  ) {
    writeFileSync(path!, damaged);
    assert.deepEqual(kept.errorRates(of, asked), drawn, damaged.slice(0, 80));
    assert.equal(readFileSync(path!, "utf8"), good);
  }
});

Deno.test("what JSON would change is not kept", () => {
  const asked = { seed: 5, studies: 5, level: undefined };
  assert.deepEqual(added(() => kept.scoreCoverage({ profiles: 4, sheets: 2, icc: 0 }, asked)), []);
  assert.deepEqual(
    kept.scoreCoverage({ profiles: 4, sheets: 2, icc: 0 }, { seed: 5, studies: 5 }),
    scoreCoverage({ profiles: 4, sheets: 2, icc: 0 }, { seed: 5, studies: 5 }),
  );
});

Deno.test("the code is all that is imported, however far", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const write = (name: string, text: string) => Deno.writeTextFileSync(join(folder, name), text);
    write("a.ts", 'import { b } from "./b.ts";\nexport const a = b;');
    write(
      "b.ts",
      'import type { C } from "./c.ts";\nimport d from "./d.json" with { type: "json" };',
    );
    write("c.ts", 'export { a } from "./a.ts";');
    write("d.json", "1");
    write("e.ts", "");
    const code = () => codeOf(join(folder, "a.ts"));
    const seen = new Set([code()]);
    write("e.ts", "// nobody imports it");
    seen.add(code());
    assert.equal(seen.size, 1);
    for (const name of ["a.ts", "b.ts", "c.ts", "d.json"]) {
      write(name, Deno.readTextFileSync(join(folder, name)) + "\n");
      seen.add(code());
    }
    assert.equal(seen.size, 5);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("results of other code go, and nothing else", () => {
  const other = join(home, "0123456789abcdef");
  Deno.mkdirSync(other, { recursive: true });
  Deno.writeTextFileSync(join(home, "mine.txt"), "");
  kept.errorRates(of, { seed: 6, studies: 5 });
  assert.ok(!existsSync(other));
  assert.ok(existsSync(join(home, "mine.txt")));
});
