/** A table as GitHub's Markdown. */
import { withMinus } from "./cells.ts";
import { flatHead, type Grid, lastOf, wordy } from "./grid.ts";
import { lettered } from "./heads.ts";

/** A heading, the table, and below it the notes and the source. */
export function markdown(grid: Grid): string {
  const { title, notes = [], side, body } = grid, last = lastOf(grid);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const below = [...notes.map(escaped), ...last ? [`_${escaped(last)}_`] : []];
  return [
    `### ${escaped(title)}`,
    "",
    line([...side, ...flatHead(grid)].map(label)),
    line([...side.map(() => "---"), ...wordy(grid).map((words) => words ? "---" : "---:")]),
    ...body.map(({ keys, cells }) => line([...keys, ...cells].map(cell))),
    ...below.flatMap((text) => ["", text]),
    "",
  ].join("\n");
}

const label = (heading: string): string =>
  lettered(heading, escaped, (letter, index) => `*${letter}*${index && `<sub>${index}</sub>`}`);

/** The paper's own bold, italic and underlined numbers stay. */
const cell = (text: string): string =>
  /^(\*|<u>)[^*<]*\d(\*|<\/u>)*$|^\*\*[^*]*\d\*\*$/.test(text)
    ? withMinus(text)
    : escaped(withMinus(text));

const escaped = (text: string): string =>
  text.replace(/\s+/g, " ").replace(/[\\`*|<>[\]]|(?<!\w)_|_(?!\w)/g, (letter) => `\\${letter}`);
