import assert from "node:assert/strict";
import { records, sheet } from "lib/csv.ts";

Deno.test("records() tells an empty cell from an empty text, and keeps blanks and line ends", () => {
  const text = '\ufeffa,b\r\n1,\r\n"","say ""no"",\r\n or"\r\n x ,é\r\n';
  assert.deepEqual(records(text, "own.csv", null), [
    { a: "1", b: null },
    { a: "", b: 'say "no",\r\n or' },
    { a: " x ", b: "é" },
  ]);
  assert.deepEqual(records(text, "own.csv", "").map(({ b }) => b)[0], "");
  assert.deepEqual(records("", "own.csv", ""), []);
});

const WRONG: [text: string, line: number][] = [
  ["a,b\n1,2\n1,2,3\n", 3],
  ["a,b\n1\n", 2],
  ["a,b\n1,2\n\n", 3],
  ['a,b\n1,"2', 2],
  ['a,b\n1,"2"x\n', 2],
  ['a,b\n1,2"x\n', 2],
];

Deno.test("records() refuses what it would have to guess, naming file and line", () => {
  for (const [text, line] of WRONG) {
    const message = new RegExp(`^own\\.csv is no CSV: .* line ${line}\\b`);
    assert.throws(() => records(text, "own.csv", ""), { message }, JSON.stringify(text));
  }
});

Deno.test("sheet() takes rows as long as they are, blank ones too, and bears blanks and quotes", () => {
  assert.deepEqual(sheet('a;b\n\n1; "x;y" ;5\' 10"\n;\n', ";"), [
    ["a", "b"],
    [""],
    ["1", "x;y", "5' 10\""],
    ["", ""],
  ]);
  assert.deepEqual(sheet('a\tb\n "1"\t\n', "\t"), [["a", "b"], ["1", ""]]);
});
