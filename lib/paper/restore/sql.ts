/** Just enough of PostgreSQL's lexical rules to tell a COPY statement from text that looks like one. */

const LONGEST = 64 * 1024;
const WORD = String.raw`\w$\u0080-\uffff`;

const CODE = new RegExp(
  String.raw`--|/\*|(?<![${WORD}])[eE]'|'|"|;|\\|` +
    String.raw`(?<![${WORD}])\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$`,
  "g",
);
const INSIDE: Record<string, RegExp> = {
  "'": /''|'/g,
  "e'": /\\[^]|''|'/g,
  '"': /""|"/g,
  "/*": /\/\*|\*\//g,
};

/** Splits SQL, line by line, into statements; what is quoted or commented out never starts one. */
export class Lexer {
  /** What is open: `'`, `e'`, `"`, `/*`, a dollar tag, or nothing. */
  open = "";
  /** Line where it was opened. */
  since = 0;
  private depth = 0;
  private text = "";

  /**
   * Takes one line with its line feed.
   *
   * @returns the statements that end in it, without comments, string constants emptied; the end of
   * a statement beyond 64 KiB is cut off
   */
  *feed(line: string, number: number): Generator<string> {
    const ended: string[] = [];
    for (let at = 0; at < line.length;) {
      at = this.open ? this.inside(line, at) : this.code(line, at, number, ended);
      if (ended.length) yield ended.pop()!;
    }
  }

  /** The beginning of a statement that has not ended. */
  get rest(): string {
    return this.text.trim();
  }

  private keep(text: string): void {
    if (this.text.length < LONGEST) this.text += text;
  }

  private code(line: string, at: number, number: number, ended: string[]): number {
    CODE.lastIndex = at;
    const match = CODE.exec(line);
    this.keep(line.slice(at, match?.index));
    if (!match) return line.length;
    const token = match[0];
    if (token === ";") {
      ended.push(this.text);
      this.text = "";
      return CODE.lastIndex;
    }
    // To psql a backslash outside quotes begins one of its own commands: \restrict, \!, \connect.
    if (token === "--" || token === "\\") {
      this.keep("\n");
      return line.length;
    }
    this.open = token.toLowerCase() === "e'" ? "e'" : token;
    this.since = number;
    this.depth = 1;
    this.keep(token === '"' ? '"' : token === "/*" ? " " : "''");
    return CODE.lastIndex;
  }

  private inside(line: string, at: number): number {
    const pattern = INSIDE[this.open];
    if (!pattern) {
      const end = line.indexOf(this.open, at);
      if (end < 0) return line.length;
      const next = end + this.open.length;
      this.open = "";
      return next;
    }
    pattern.lastIndex = at;
    const token = pattern.exec(line)?.[0];
    const next = token === undefined ? line.length : pattern.lastIndex;
    if (this.open === '"') this.keep(line.slice(at, next));
    if (token === "/*") this.depth++;
    else if (token === "*/") this.depth--;
    if (token === this.open.at(-1) || (token === "*/" && this.depth === 0)) this.open = "";
    return next;
  }
}

/** Words, quoted names and single signs; none can be read in two ways, so that no text takes long. */
const TOKEN = new RegExp(String.raw`"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][${WORD}]*|\S`, "g");

/** A `COPY … FROM stdin`: the table without and with its schema, its columns, what follows them. */
export interface Copy {
  table: string;
  path: string;
  columns: string[];
  options: string;
}

/**
 * Reads a statement of the lexer.
 *
 * @returns a COPY from the file itself; the bare table of an INSERT; `unknown` for a COPY in a form that
 * pg_dump does not write; null for all else
 */
export function read(statement: string): Copy | { inserted: string } | { unknown: true } | null {
  if (!/^\s*(?:COPY|INSERT)\b/i.test(statement)) return null;
  const tokens = [...statement.matchAll(TOKEN)];
  let at = 0;
  const is = (word: string, place = at) => tokens[place]?.[0].toUpperCase() === word;
  /** The name that comes next, as PostgreSQL folds it. */
  const name = (): string | null => {
    const token = tokens[at]?.[0];
    if (!token || !/^["A-Za-z_\u0080-\uffff]/.test(token) || token === '"') return null;
    at++;
    return token.startsWith('"') ? token.slice(1, -1).replaceAll('""', '"') : token.toLowerCase();
  };
  const path = (): string[] => {
    const names: string[] = [];
    do {
      const next = name();
      if (next === null) return [];
      names.push(next);
    } while (is(".") && ++at);
    return names;
  };
  if (is("INSERT")) {
    at = is("INTO", 1) ? 2 : tokens.length;
    if (is("ONLY")) at++;
    const table = path().at(-1);
    return table === undefined ? null : { inserted: table };
  }
  const copies = tokens.some((_, place) => is("FROM", place) && is("STDIN", place + 1));
  if (!copies) return null;
  at = is("ONLY", 1) ? 2 : 1;
  const table = path(), columns: string[] = [];
  if (table.length && is("(")) {
    do {
      at++;
      const column = name();
      if (column === null) return { unknown: true };
      columns.push(column);
    } while (is(","));
    if (!is(")")) return { unknown: true };
    at++;
  }
  if (!table.length || !is("FROM") || !is("STDIN", at + 1)) return { unknown: true };
  const { index, 0: word } = tokens[at + 1]!;
  const options = statement.slice(index + word.length).trim();
  return { table: table.at(-1)!, path: table.join("."), columns, options };
}
