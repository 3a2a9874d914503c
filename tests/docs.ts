/** The pages for readers, taken apart: blocks, links, anchors, commands. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "lib/config.ts";

export const PAGES = [
  // First what restores the shipped data, then what puts others in their place.
  "docs/your-own-study.md",
  "dataset/README.md",
  "README.md",
  "docs/replication.md",
  "docs/prompts.md",
  "docs/papers.md",
  "docs/instruments.md",
  "docs/results.md",
  "docs/forms.md",
  "docs/populations.md",
  "docs/conditions.md",
  "docs/opinions.md",
  "docs/database.md",
  "docs/models.md",
  "docs/validity.md",
  "docs/cluster.md",
  "docs/batches.md",
  "docs/scale.md",
  "docs/browse.md",
  "docs/commands.md",
  "docs/faq.md",
  "docs/responsible-use.md",
  "docs/licences.md",
  "docs/releasing.md",
  "notebooks/README.md",
  "lib/README.md",
  "lib/opinions/README.md",
  "tests/README.md",
  "CONTRIBUTING.md",
  "ARCHITECTURE.md",
  "SECURITY.md",
] as const;

export const page = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** A fenced block, with the heading that it stands under. */
export interface Block {
  page: string;
  heading: string;
  language: string;
  text: string;
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm;

export function blocks(path: string): Block[] {
  const text = page(path);
  return [...text.matchAll(FENCE)].map(({ 1: language, 2: own, index }) => ({
    page: path,
    heading: headings(text.slice(0, index).replace(FENCE, "")).at(-1)!,
    language: language!,
    text: own!,
  }));
}

const headings = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!);

/** The anchors of a page, as GitHub makes them. */
export const anchors = (text: string): string[] =>
  headings(text.replace(FENCE, "")).map((heading) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")
  );

/** Targets of links inside the project. */
export const links = (text: string): string[] =>
  [...text.replace(FENCE, "").matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
    .filter((target) => !target.startsWith("http"));

/** What stands in backticks, in one line. */
export const spans = (text: string): string[] =>
  [...text.replace(FENCE, "").matchAll(/`([^`]+)`/g)].map(([, code]) => code!.replace(/\s+/g, " "));

/** A command of ours as it is typed: `deno task NAME …`. */
export interface Typed {
  task: string;
  /** Of `study`: which of its commands. */
  sub: string;
  flags: string[];
}

/** The commands in a line or a span; alternatives are parted by `|`. */
export function commands(line: string): Typed[] {
  return [...line.matchAll(/(?:deno|deno@[\d.]+) task ([a-z]+)((?: [^;&|`]*)?)/g)].map((found) => {
    const [, task, rest] = found as unknown as [string, string, string];
    const own = rest.split(" -- ")[0]!;
    const [, sub = ""] = task === "study"
      ? /^ (plan (?:personas|administrations)|[a-z-]+)/.exec(own) ?? []
      : [];
    return { task, sub, flags: own.match(/--[a-z][a-z-]*/g) ?? [] };
  });
}
