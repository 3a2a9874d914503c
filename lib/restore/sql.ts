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
  feed(line: string, number: number): string[] {
    const ended: string[] = [];
    for (let at = 0; at < line.length;) {
      at = this.open ? this.inside(line, at) : this.code(line, at, number, ended);
    }
    return ended;
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

const NAME = String.raw`(?:"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][${WORD}]*)`;
const PATH = String.raw`${NAME}(?:\s*\.\s*${NAME})*`;
const LIST = String.raw`\(\s*(${NAME}(?:\s*,\s*${NAME})*)\s*\)`;
const COPY = new RegExp(
  String.raw`^\s*COPY\s+(?:ONLY\s+)?(${PATH})\s*(?:${LIST})?\s*FROM\s+STDIN\b(.*)$`,
  "is",
);
const INSERT = new RegExp(String.raw`^\s*INSERT\s+INTO\s+(?:ONLY\s+)?(${PATH})`, "i");

/** The identifiers of a list, as PostgreSQL folds them. */
const names = (list: string): string[] =>
  (list.match(new RegExp(NAME, "g")) ?? []).map((name) =>
    name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase()
  );

/** A `COPY … FROM stdin`: the table without and with its schema, its columns, what follows them. */
export interface Copy {
  table: string;
  path: string;
  columns: string[];
  options: string;
}

/** Reads a statement of the lexer; null when it is no `COPY … FROM stdin`. */
export function copy(statement: string): Copy | null {
  const match = COPY.exec(statement);
  if (!match) return null;
  const path = names(match[1]!);
  return {
    table: path.at(-1)!,
    path: path.join("."),
    columns: names(match[2] ?? ""),
    options: match[3]!.trim(),
  };
}

/** The bare table of an INSERT, or null. */
export const inserted = (statement: string): string | null => {
  const match = INSERT.exec(statement);
  return match && names(match[1]!).at(-1)!;
};
