/** `deno run -A scripts/columns.ts`: writes `lib/columns.md`, the columns of results, from their declarations. */
import { join } from "node:path";
import { type Column, decimalsOf, declared, fullLabel } from "lib/columns.ts";
import { ROOT } from "lib/config.ts";
import "lib/opinions/columns.ts";
import "lib/paper/tables.ts";
import "lib/validity/columns.ts";

export const PAGE = join(ROOT, "lib", "columns.md");

const HEAD = `# Columns

Every column that a result of this project has, as \`lib/columns.ts\` and the packages declare
them: tables in notebooks, the report, Markdown, LaTeX and the codebooks beside CSV files say the same.
Written by \`deno run -A scripts/columns.ts\`; a test compares.

- **Kind**: \`share\` is 0–1, a \`coefficient\` never beyond ±1, \`p\` prints as <0.001 below that.
- **Decimals** are those of tables; CSV files hold all digits. Undefined is — there and empty here.
- An **interval** is two columns, \`NAME_lower\` and \`NAME_upper\`, in tables one: [0.10, 0.30]. What is
  in no line below and ends so is the 95 % interval of the column before the ending; \`p_…\` is the p of
  a test, \`n_…\` a count.
- Names of a frame of your own are read by rules: words from the name, whole numbers whole, others with
  two decimals.
`;

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "\\<");

function line(column: Column): string {
  const { name, kind, unit, meaning, levels = {} } = column;
  const words = Object.entries(levels).map(([id, words]) => `\`${id}\` ${words}`).join(", ");
  const named = kind === "interval"
    ? ["lower", "upper"].map((end) => name ? `${name}_${end}` : end)
    : [name];
  const parts = [
    named.map((one) => `\`${one}\``).join(" "),
    fullLabel({ ...column, unit: undefined }),
    kind,
    unit ?? "",
    kind === "text" || kind === "interval" ? "" : String(decimalsOf(column)),
    meaning + (words ? ` Values: ${words}.` : ""),
  ];
  return `| ${parts.map(cell).join(" | ")} |`;
}

/** The page, from what is declared; in the order of the alphabet, because a name is looked up. */
export function page(): string {
  const key = ({ name, kind }: Column) => name || (kind === "interval" ? "lower" : "");
  const columns = declared().toSorted((a, b) => key(a) < key(b) ? -1 : Number(key(a) > key(b)));
  return [
    HEAD,
    "| column | label | kind | unit | decimals | meaning |",
    "| --- | --- | --- | --- | ---: | --- |",
    ...columns.map(line),
    "",
  ].join("\n");
}

if (import.meta.main) await Deno.writeTextFile(PAGE, page());
