/** The notebook file: its shape, and the one form in which it is stored. */
import { relative, resolve, sep as SEPARATOR } from "node:path";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { ROOT } from "lib/config.ts";

/** Data by media type: a text is an array of lines, an image base64, everything else JSON. */
export type Bundle = Record<string, unknown>;

export type Output =
  | { output_type: "stream"; name: string; text: string[] }
  | { output_type: "error"; ename: string; evalue: string; traceback: string[] }
  | { output_type: "display_data"; data: Bundle; metadata: Bundle }
  | { output_type: "execute_result"; data: Bundle; metadata: Bundle; execution_count: number };

export interface Cell {
  cell_type: "code" | "markdown" | "raw";
  id?: string;
  metadata: Record<string, unknown>;
  source: string | string[];
  /** Of code cells only. */
  outputs?: Output[];
  execution_count?: number | null;
}

export interface Notebook {
  cells: Cell[];
  metadata: Record<string, unknown>;
  nbformat: number;
  nbformat_minor: number;
}

/** A path as messages show it: from the project's folder where it lies in it. */
export const place = (path: string): string =>
  resolve(path).startsWith(ROOT + SEPARATOR) ? relative(ROOT, path) : path;

export const source = (cell: Cell): string => text(cell.source);

/** What a cell shows with: the functions of `lib/notebook.ts` that are awaited and end their cell. */
export const SHOWS = "(?:show|figure|say|verdict|differences|save|exchange|edits|begin)";

const SHOWING = new RegExp(`await ${SHOWS}\\(`);

/** What a cell does under a condition: it may show nothing. */
const CONDITIONAL = /^if \((?:.*\{\n[\s\S]*?^\}|.*)$/gm;

/** A cell that must have an output. */
export const showing = (cell: Cell): boolean =>
  cell.cell_type === "code" && SHOWING.test(source(cell).replace(CONDITIONAL, ""));

/** @throws {Error} naming the file when it holds no notebook */
export function read(path: string): Notebook {
  try {
    const notebook = JSON.parse(Deno.readTextFileSync(path));
    if (Array.isArray(notebook?.cells)) return notebook;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Error(`${path} is not a notebook: it has no JSON list of cells`);
}

/**
 * The form in which notebooks are stored: what editors add for themselves (execution times, folded
 * cells, versions) is dropped, texts are arrays of lines, colours and this machine's paths are gone.
 */
export function canonical(notebook: Notebook): Notebook {
  return {
    cells: notebook.cells.map((cell, index) => ({
      cell_type: cell.cell_type,
      id: cell.id ?? `cell-${index + 1}`,
      metadata: cell.metadata?.tags ? { tags: cell.metadata.tags } : {},
      source: lines(source(cell)),
      ...(cell.cell_type === "code" && {
        execution_count: cell.execution_count ?? null,
        outputs: (cell.outputs ?? []).map(tidy),
      }),
    })),
    metadata: {
      kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
      language_info: {
        codemirror_mode: "typescript",
        file_extension: ".ts",
        mimetype: "text/x.typescript",
        name: "typescript",
        nbconvert_exporter: "script",
        pygments_lexer: "typescript",
      },
    },
    nbformat: 4,
    nbformat_minor: 5,
  };
}

/** The text of a notebook (or a part): keys sorted, one space of indent, as nbformat writes it. */
export function stringify(part: Notebook | Cell | Output): string {
  const sorted = (_key: string, value: unknown) =>
    value && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return JSON.stringify(part, sorted, 1) + "\n";
}

const HERE = pathToFileURL(ROOT).href + "/";

/** A text without colours and without this machine's path to the project. */
export const clean = (text: string): string => stripVTControlCharacters(text).replaceAll(HERE, "");

function tidy(output: Output): Output {
  switch (output.output_type) {
    case "stream":
      return { ...output, text: lines(clean(text(output.text))) };
    case "error":
      return { ...output, evalue: clean(output.evalue), traceback: output.traceback.map(clean) };
    default:
      return { ...output, data: tidyData(output.data) };
  }
}

/** nbformat splits these media types into lines and keeps the others whole. */
const SPLIT = /^text\/|^image\/svg\+xml$|^application\/javascript$/;

function tidyData(data: Bundle): Bundle {
  return Object.fromEntries(
    Object.entries(data).map(([type, value]) => {
      if (!SPLIT.test(type)) return [type, value];
      const whole = text(value as string | string[]);
      return [type, lines(type === "text/plain" ? stripVTControlCharacters(whole) : whole)];
    }),
  );
}

/** A text of the file, which may be stored whole or as lines. */
export const text = (stored: string | readonly string[]): string => [stored].flat().join("");

const lines = (text: string): string[] => text === "" ? [] : text.split(/(?<=\n)/);

/** The folder in `out` to which a notebook says that it saved files for a paper; null where it says none. */
export function savedIn({ cells }: Notebook): string | null {
  const said = cells.flatMap(({ outputs = [] }) => outputs)
    .map((output) => "data" in output ? text((output.data["text/plain"] ?? "") as string[]) : "");
  const line = said.findLast((one) => one.startsWith("For a paper: ")) ?? "";
  return / in [^/]+\/(papers\/[\w/-]+)/.exec(line)?.[1] ?? null;
}
