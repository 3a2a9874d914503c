/** CSV as rows and records: every reader of such files but the one of the study's own tables. */
import { parse } from "csv-parse/sync";

/**
 * The rows of a table that a person or a spreadsheet wrote, each with as many cells as it has. Blanks
 * around cells and quotes within them are borne; `""` in quotes is one.
 *
 * @throws {Error} naming the line, where a quote has no end, or text follows one
 */
export const sheet = (text: string, separator: string): string[][] =>
  parse(text, {
    delimiter: separator,
    relax_column_count: true,
    relax_quotes: true,
    trim: true,
  });

/**
 * The records of a file with a header, by the names in it; an empty file has none.
 *
 * @param path what the file is called in errors
 * @param nothing what a cell without text is; `""` in quotes is always an empty text
 * @throws {Error} naming file and line, of a row that is longer or shorter than the header, an empty
 * line, and quotes that are not closed or stand within a bare text
 */
export function records<Nothing extends string | null>(
  text: string,
  path: string,
  nothing: Nothing,
): Record<string, string | Nothing>[] {
  try {
    return parse(text, {
      bom: true,
      columns: true,
      cast: (value, { quoting }) => value === "" && !quoting ? nothing : value,
    });
  } catch (error) {
    throw new Error(`${path} is no CSV: ${(error as Error).message}`);
  }
}
