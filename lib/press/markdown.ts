/** A table as GitHub's Markdown. */
import { type Grid, letters } from "./grid.ts";
import { capital, symbolOf, worded } from "./heads.ts";

/** A heading, the table, and below it the notes and the source. */
export function markdown({ title, source, notes = [], side, head, body }: Grid): string {
  const names = head[0]!.map((_, column) =>
    head.map((labels) => labels[column]!).filter((label) => label).join(" ")
  );
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const below = [...notes.map(escaped), ...source ? [`_${escaped(source)}_`] : []];
  return [
    `### ${escaped(title)}`,
    "",
    line([...side.map((name) => label(capital(worded(name)))), ...names.map(label)]),
    line([
      ...side.map(() => "---"),
      ...names.map((_, i) => body.some(({ cells }) => letters(cells[i]!)) ? "---" : "---:"),
    ]),
    ...body.map(({ keys, cells }) => line([...keys, ...cells].map(cell))),
    ...below.flatMap((text) => ["", text]),
    "",
  ].join("\n");
}

function label(text: string): string {
  const symbol = symbolOf(text);
  if (!symbol) return escaped(worded(text));
  const index = symbol.index && `<sub>${symbol.index}</sub>`;
  return `*${symbol.letter}*${index}${symbol.rest && ` ${escaped(symbol.rest)}`}`;
}

/** The paper's own bold, italic and underlined numbers stay. */
const cell = (text: string): string =>
  /^(\*|<u>)[^*<]*\d(\*|<\/u>)*$|^\*\*[^*]*\d\*\*$/.test(text) ? text : escaped(text);

const escaped = (text: string): string =>
  text.replace(/\s+/g, " ").replace(/[\\`*|<>[\]]|(?<!\w)_|_(?!\w)/g, (letter) => `\\${letter}`);
