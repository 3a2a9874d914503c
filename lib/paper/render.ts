/** A printed layout as Markdown and as LaTeX (booktabs). */
import type { Grid } from "../paper.ts";

/** A GitHub table; keys that run across are joined in one heading. */
export function markdown({ title, side, head, body }: Grid, note: string | null): string {
  const names = head[0]!.map((_, column) => head.map((labels) => labels[column]).join(" "));
  // `*` marks significance here, and would be emphasis in Markdown; the paper's own bold stays.
  const cell = (text: string) =>
    /^(\*|<u>).*(\*|>)$/.test(text) ? text : text.replace(/\*/g, "\\*");
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = line([...side.map(() => "---"), ...names.map(() => "---:")]);
  return [
    `### ${title}`,
    "",
    line([...side.map(words), ...names.map(words)]),
    rule,
    ...body.map(({ keys, cells }) => line([...keys, ...cells.map(cell)])),
    ...(note ? ["", `_${note}_`] : []),
    "",
  ].join("\n");
}

/** A `table` environment with booktabs rules; needs `\usepackage{booktabs}`. */
export function latex(
  { title, side, head, body }: Grid,
  label: string,
  note: string | null,
): string {
  const columns = head[0]!.length;
  const heads = head.map((labels, level) => {
    const last = level === head.length - 1;
    const spans = last ? labels.map((text) => ({ text, width: 1 })) : runs(labels);
    const cells = spans.map(({ text, width }) =>
      width === 1 ? tex(words(text)) : `\\multicolumn{${width}}{c}{${tex(words(text))}}`
    );
    const keys = side.map((name) => last ? tex(words(name)) : "");
    return `${[...keys, ...cells].join(" & ")} \\\\${last ? "" : rules(spans, side.length)}`;
  });
  let before: string[] = [];
  const lines = body.map(({ keys, cells }, index) => {
    const shown = keys.map((key, level) =>
      keys.slice(0, level + 1).every((other, at) => other === before[at]) ? "" : tex(key)
    );
    const group = index > 0 && keys.length > 1 && keys[0] !== before[0] ? "\\addlinespace\n" : "";
    before = keys;
    return `${group}${[...shown, ...cells.map(tex)].join(" & ")} \\\\`;
  });
  return [
    ...(note ? [`% ${note}`] : []),
    "\\begin{table}",
    "\\centering",
    `\\caption{${tex(title)}}`,
    `\\label{tab:${label}}`,
    `\\begin{tabular}{${"l".repeat(side.length)}${"r".repeat(columns)}}`,
    "\\toprule",
    ...heads,
    "\\midrule",
    ...lines,
    "\\bottomrule",
    "\\end{tabular}",
    ...(note ? [`\\par\\smallskip\\footnotesize ${tex(note)}`] : []),
    "\\end{table}",
    "",
  ].join("\n");
}

/** Columns of ours in words: `epqra_scale` is "epqra scale". */
const words = (name: string): string => name.replaceAll("_", " ");

/** Neighbours with the same label, as one heading over them. */
function runs(labels: readonly string[]): { text: string; width: number }[] {
  const spans: { text: string; width: number }[] = [];
  for (const text of labels) {
    const last = spans.at(-1);
    if (last?.text === text) last.width += 1;
    else spans.push({ text, width: 1 });
  }
  return spans;
}

function rules(spans: readonly { width: number }[], first: number): string {
  let column = first + 1;
  const parts = spans.map(({ width }) => {
    const part = `\\cmidrule(lr){${column}-${column + width - 1}}`;
    column += width;
    return part;
  });
  return ` ${parts.join(" ")}`;
}

const SYMBOLS: Record<string, string> = {
  "±": "$\\pm$",
  "†": "$\\dagger$",
  "‡": "$\\ddagger$",
  "¶": "\\P{}",
  "§": "\\S{}",
  "—": "---",
  "–": "--",
  "−": "$-$",
  "%": "\\%",
  "&": "\\&",
  "#": "\\#",
  "_": "\\_",
  "$": "\\$",
  "{": "\\{",
  "}": "\\}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "\\": "\\textbackslash{}",
};

/** Text of ours as LaTeX: symbols, the paper's bold, italic and underlined correlations. */
function tex(text: string): string {
  const marked = [
    [/^\*\*(.*)\*\*$/, "textbf"],
    [/^\*(.*)\*$/, "textit"],
    [/^<u>(.*)<\/u>$/, "underline"],
  ] as const;
  for (const [pattern, command] of marked) {
    const inner = pattern.exec(text)?.[1];
    if (inner !== undefined) return `\\${command}{${tex(inner)}}`;
  }
  return text.replaceAll(" $\\pm$ ", " ± ")
    .replace(/^-(?=\d)/, "−")
    .replace(/[±†‡¶§—–−%&#_${}~^\\]/g, (symbol) => SYMBOLS[symbol]!);
}
