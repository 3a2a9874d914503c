/** What the functions of this room are given, refused where it is something else. */
import pl from "polars";
import { described } from "../format.ts";

/** A call as it is written, by what each argument is. */
const CALLS = {
  show: 'show(frame, "caption")',
  figure: 'figure(drawing, "caption")',
  exchange: 'exchange(await lab.preview(plan), "caption")',
  edits: 'edits(before, after, "caption")',
  compared: 'compared(() => lab.tried(plan, trial), "caption")',
  studio: "studio(lab, plan)",
  browse: "browse(study)",
  begin: "begin(lab, run, { budget })",
  ended: "ended(lab, run)",
  save: 'save("name")',
  say: "say([…])",
  verdict: "verdict(compare(…))",
  differences: "differences(compare(…))",
} as const;

export type Call = keyof typeof CALLS;

const has = (value: unknown, ...names: string[]): boolean =>
  typeof value === "object" && value !== null && names.every((name) => name in value);

/** What an argument must be: how one is known, and in words. */
const KINDS = {
  caption: [(value: unknown) => typeof value === "string", "a caption in quotation marks"],
  frame: [(value: unknown) => pl.DataFrame.isDataFrame(value), "a frame (`frame(rows, kinds)`)"],
  drawing: [
    (value: unknown) => typeof value === "function",
    "a drawing, which the functions of lib/plots.ts return (`() => svg` for SVG text)",
  ],
  theme: [
    (value: unknown) => has(value, "across"),
    'a theme (`theme({ width: "column" })` of lib/plots.ts)',
  ],
  exchange: [
    (value: unknown) => has(value, "messages"),
    "what `await lab.preview(plan)` returns, or one of `await lab.exchanges(run)`",
  ],
  prompt: [
    (value: unknown) => has(value, "purpose", "system", "user", "hash"),
    "a prompt (`shippedPrompt(…)` or `editPrompt(…)`)",
  ],
  tried: [
    (value: unknown) => typeof value === "function" || has(value, "replies", "left"),
    "what `await lab.tried(plan, trial)` returns, or a function that calls it",
  ],
  lab: [
    (value: unknown) => has(value, "schema", "tried", "register"),
    "a study (`await openStudy({ schema })`)",
  ],
  study: [
    (value: unknown) => has(value, "schema") && (has(value, "browsed") || has(value, "register")),
    "a study (`await openDataset()` or `await openStudy({ schema })`)",
  ],
  plan: [
    (value: unknown) => has(value, "kind", "prompt", "models"),
    "a plan (`personas({ … })` or `administrations({ … })`)",
  ],
  run: [
    (value: unknown) =>
      typeof value === "string" ||
      (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string")),
    "the name of a run, or several, which `await lab.register(plan)` returns",
  ],
  name: [(value: unknown) => typeof value === "string", "a name for the files"],
  paragraphs: [
    (value: unknown) => Array.isArray(value) && value.every((one) => typeof one === "string"),
    "a list of paragraphs",
  ],
  options: [
    (value: unknown) => has(value) && !Array.isArray(value),
    "options in braces, such as { budget: { calls: 100 } }",
  ],
  verdict: [
    (value: unknown) => has(value, "agree", "printed", "differing"),
    "what `compare(name, table)` returns",
  ],
  compared: [
    (value: unknown) => has(value, "agree", "printed", "differing", "cells"),
    "what `compare(name, table)` returns",
  ],
} as const;

/** @throws {RangeError} when an argument is not of its kind, with how the call is written */
export function given(call: Call, of: Partial<Record<keyof typeof KINDS, unknown>>): void {
  for (const [kind, value] of Object.entries(of)) {
    const [fits, wanted] = KINDS[kind as keyof typeof KINDS];
    if (fits(value)) continue;
    throw new RangeError(`\`${CALLS[call]}\` takes ${wanted}: got ${described(value)}`);
  }
}
