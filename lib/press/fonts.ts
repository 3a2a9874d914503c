/** DejaVu Sans, the font of the figures: its files, and which letters a figure takes from it. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** Bitstream Vera's free licence, which allows embedding; the package holds its text. */
export const FAMILY = "DejaVu Sans";

export const STYLES = {
  regular: { file: "DejaVuSans.ttf", weight: "normal", slope: "normal" },
  bold: { file: "DejaVuSans-Bold.ttf", weight: "bold", slope: "normal" },
  italic: { file: "DejaVuSans-Oblique.ttf", weight: "normal", slope: "italic" },
  boldItalic: { file: "DejaVuSans-BoldOblique.ttf", weight: "bold", slope: "italic" },
} as const;
export type Style = keyof typeof STYLES;

export const styleOf = (bold: boolean, italic: boolean): Style =>
  bold ? italic ? "boldItalic" : "bold" : italic ? "italic" : "regular";

const files = new Map<Style, Promise<Uint8Array>>();

/** A font as TrueType; read once. */
export function font(style: Style): Promise<Uint8Array> {
  const known = files.get(style);
  if (known) return known;
  const address = import.meta.resolve(`dejavu-fonts-ttf/ttf/${STYLES[style].file}`);
  const file = readFile(fileURLToPath(address));
  files.set(style, file);
  return file;
}

/** The letters that a figure shows, by the style in which they stand. */
export function lettersOf(svg: string): Map<Style, Set<string>> {
  const found = new Map<Style, Set<string>>();
  const open: { bold: boolean; italic: boolean }[] = [];
  const shown = svg.replace(/<(title|desc|style|metadata)\b[\s\S]*?<\/\1>|<!--[\s\S]*?-->/g, "");
  for (const [, end, , attributes, empty, text] of shown.matchAll(PIECES)) {
    const above = open.at(-1) ?? { bold: false, italic: false };
    if (text !== undefined) {
      const style = styleOf(above.bold, above.italic);
      const letters = found.get(style) ?? new Set();
      for (const letter of decoded(text)) letters.add(letter);
      found.set(style, letters);
    } else if (end) open.pop();
    else if (!empty) {
      const weight = /font-weight="([^"]*)"/.exec(attributes!)?.[1];
      const slope = /font-style="([^"]*)"/.exec(attributes!)?.[1];
      open.push({
        bold: weight === undefined ? above.bold : /^(bold|[6-9]00)$/.test(weight),
        italic: slope === undefined ? above.italic : /^(italic|oblique)/.test(slope),
      });
    }
  }
  return found;
}

/** A tag, or text between tags. */
const PIECES = /<(\/?)([\w:-]+)((?:\s+[\w:-]+="[^"]*")*)\s*(\/?)>|([^<]+)/g;

const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

const decoded = (text: string): string =>
  text.replace(
    /&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi,
    (whole, hex, decimal, name) =>
      hex || decimal
        ? String.fromCodePoint(hex ? parseInt(hex, 16) : Number(decimal))
        : NAMED[name] ?? whole,
  );
