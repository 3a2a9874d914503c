/** Where the marks and words of a figure stand, read from its SVG. */
import assert from "node:assert/strict";
import { DOMParser } from "linkedom";
import { type Theme, theme } from "lib/plots.ts";
import { measure } from "lib/plots/text.ts";

/** What figures are drawn for. */
export const LOOKS = (["column", "page", "slide"] as const)
  .flatMap((width) => [false, true].map((gray) => theme({ width, gray })));

export interface Mark {
  getAttribute(name: string): string | null;
  parentElement: Mark | null;
}

/** How far a mark is shifted itself: 0 across, 1 down. */
const shift = (mark: Mark, part: 0 | 1): number =>
  Number(
    /translate\(([^)]+)/.exec(mark.getAttribute("transform") ?? "")?.[1]?.split(",")[part] ?? 0,
  );

/** How far the mark stands from the left edge, by its own place and all shifts. */
export function left(mark: Mark | null): number {
  if (!mark) return 0;
  const at = ["x", "x1", "cx"].map((name) => Number(mark.getAttribute(name) ?? 0));
  return shift(mark, 0) + at.reduce((a, b) => a + b) + left(mark.parentElement);
}

/** How far a dot stands from the top edge, by all shifts. */
export const top = (mark: Mark | null): number =>
  mark ? shift(mark, 1) + top(mark.parentElement) : 0;

interface Box {
  text: string;
  x1: number;
  x2: number;
  y1: number;
  y2: number;
  size: number;
}

/** Where each line of each text stands, by the widths of its letters. */
function boxesOf(svg: string): Box[] {
  return [...new DOMParser().parseFromString(svg, "image/svg+xml").querySelectorAll("text")]
    .flatMap((node) => {
      const find = (name: string, of: Mark | null = node): string =>
        of ? of.getAttribute(name) ?? find(name, of.parentElement) : "";
      const size = Number(find("font-size")), bold = find("font-weight") === "bold";
      const anchor = find("text-anchor"),
        turned = /rotate\(-90/.test(node.getAttribute("transform")!);
      const em = (of: Mark) => parseFloat(of.getAttribute("y") ?? "0") * size;
      const tspans = node.querySelectorAll("tspan"), lines = tspans.length ? [...tspans] : [node];
      return lines.flatMap((line, i): Box[] => {
        const text = line.textContent, width = measure(text, bold) * size / 11;
        if (!text.trim()) return [];
        const from = anchor === "start" ? 0 : anchor === "end" ? -width : -width / 2;
        // Letters without what hangs below the line.
        const base = em(lines[0]!) + i * size;
        const [x1, x2, y1, y2] = [from, from + width, base - 0.72 * size, base];
        const box = turned ? { x1: y1, x2: y2, y1: -x2, y2: -x1 } : { x1, x2, y1, y2 };
        const dx = left(node.parentElement) + shift(node, 0), dy = top(node);
        return [{ text, size, x1: box.x1 + dx, x2: box.x2 + dx, y1: box.y1 + dy, y2: box.y2 + dy }];
      });
    });
}

/** Throws unless words stand apart, on the sheet, in letters of 7 pt at least (on a slide 12), and a slide is filled. */
export function legible(name: string, svg: string, look: Theme): void {
  const [, across, down] = svg.match(/viewBox="0 0 (\S+) (\S+)"/)!;
  assert.equal(Number(across), look.across);
  assert.ok(Number(down) >= look.down, `${name} is ${down} high`);
  const pt = look.mm / look.across / 25.4 * 72;
  const boxes = boxesOf(svg);
  assert.ok(boxes.length > 2);
  boxes.forEach(({ text, x1, x2, y1, y2, size }, i) => {
    assert.ok(size * pt > (look.down ? 11.9 : 6.95), `${name}: ${text} has ${size * pt} pt`);
    const inside = x1 > -1 && y1 > -1 && x2 < look.across + 1 && y2 < Number(down) + 1;
    assert.ok(inside, `${name}: ${text} at ${[x1, x2, y1, y2]} of ${[across, down]}`);
    const hit = boxes.slice(i + 1).find((other) =>
      x1 < other.x2 && other.x1 < x2 && y1 < other.y2 && other.y1 < y2
    );
    assert.ok(!hit, `${name}: ${text} at ${[x1, x2, y1, y2]} lies on ${JSON.stringify(hit)}`);
  });
}
