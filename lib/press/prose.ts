/** Paragraphs with `**strong**`, `_emphasis_` and `code` in backticks, which are Markdown as they stand. */
import { escape } from "./html.ts";
import { tex } from "./tex.ts";

const MARKED = /`(.+?)`|\*\*(.+?)\*\*|(?<=^|[\s(])_(.+?)_(?=[\s,.;:)]|$)/;

/** What stands between marks, and how each mark is written. */
interface Pen {
  plain(text: string): string;
  code(text: string): string;
  strong(inner: string): string;
  emphasis(inner: string): string;
}

function written(text: string, pen: Pen): string {
  const found = MARKED.exec(text);
  if (!found) return text && pen.plain(text);
  const [all, code, strong, emphasis] = found;
  const marked = code !== undefined
    ? pen.code(code)
    : strong !== undefined
    ? pen.strong(written(strong, pen))
    : pen.emphasis(written(emphasis!, pen));
  const before = text.slice(0, found.index), after = text.slice(found.index + all.length);
  return (before && pen.plain(before)) + marked + written(after, pen);
}

/** Paragraphs as HTML. */
export const proseHtml = (paragraphs: readonly string[]): string =>
  paragraphs.map((text) => {
    const html = written(text, {
      plain: escape,
      code: (text) => `<code>${escape(text)}</code>`,
      strong: (inner) => `<strong>${inner}</strong>`,
      emphasis: (inner) => `<em>${inner}</em>`,
    });
    return `<p>${html}</p>`;
  }).join("\n");

/** A longer word of code, such as a hash, may be broken anywhere. */
const LONG = 12;
const breakable = (text: string): string => [...text].map(tex).join("\\allowbreak{}");

/** Paragraphs as LaTeX. */
export const proseTex = (paragraphs: readonly string[]): string =>
  paragraphs.map((text) =>
    written(text, {
      plain: (text) => tex(text),
      code: (text) => `\\texttt{${text.length > LONG ? breakable(text) : tex(text)}}`,
      strong: (inner) => `\\textbf{${inner}}`,
      emphasis: (inner) => `\\emph{${inner}}`,
    })
  ).join("\n\n") + "\n";

/** Paragraphs without their marks. */
export const prosePlain = (paragraphs: readonly string[]): string =>
  paragraphs.map((text) => {
    const same = (text: string) => text;
    return written(text, { plain: same, code: same, strong: same, emphasis: same });
  }).join("\n\n") + "\n";
