/**
 * Format, types and lint of notebooks: `deno check` and `deno lint` do not read them and the kernel
 * does not check types, so the cells of each are joined into a module and the messages mapped back.
 */
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ROOT } from "lib/config.ts";
import { place, read, source } from "./notebook.ts";

interface Module {
  at: string;
  url: string;
  /** Cell and line of each line of the module, both from 1. */
  lines: [cell: number, line: number][];
}

/** What `deno check` and `deno lint` say of the notebooks' cells, all in one run of each. */
export async function typed(paths: readonly string[]): Promise<string[]> {
  if (paths.length === 0) return [];
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "check_notebooks-" }));
  try {
    const modules = paths.map((path, index) => joined(path, join(folder, `${index}.ts`)));
    const files = modules.map(({ url }) => fileURLToPath(url));
    const [checked, linted] = await Promise.all([
      deno("check", "--quiet", ...files),
      // deno check reports unused names itself
      deno("lint", "--json", "--rules-exclude=no-unused-vars", ...files),
    ]);
    const { diagnostics, errors } = JSON.parse(linted.stdout) as Lint;
    const syntax = errors.flatMap(({ message }) => messages(`error: ${message}`, modules));
    // A cell that does not parse ends deno check before it looks at the others
    const types = syntax.length > 0 ? [] : messages(checked.stderr, modules);
    if (!checked.success && syntax.length + types.length === 0) types.push(checked.stderr.trim());
    const lint = diagnostics.map(({ filename, range: { start }, code, message }) =>
      `${locate(modules, filename, start.line, start.col + 1)} ${code}: ${message}`
    );
    return [...syntax, ...types, ...lint];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * The notebooks that `deno fmt` would change, found on copies: its `--check` (Deno 2.9.6) refuses
 * every notebook, with an empty difference.
 */
export async function unformatted(paths: readonly string[]): Promise<string[]> {
  if (paths.length === 0) return [];
  const folder = await Deno.makeTempDir({ prefix: "check_notebooks-" });
  try {
    const copies = paths.map((_, index) => join(folder, `${index}.ipynb`));
    await Promise.all(paths.map((path, index) => Deno.copyFile(path, copies[index]!)));
    await deno("fmt", "--quiet", ...copies);
    const text = Deno.readTextFileSync;
    return paths
      .filter((path, index) => text(path) !== text(copies[index]!))
      .map((path) =>
        `${place(path)} is not formatted: run \`deno fmt --no-config --line-width=100 ${
          place(path)
        }\``
      );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface Lint {
  diagnostics: {
    filename: string;
    range: { start: { line: number; col: number } };
    code: string;
    message: string;
  }[];
  errors: { message: string }[];
}

function joined(path: string, file: string): Module {
  const lines: Module["lines"] = [];
  const code: string[] = [];
  for (const [index, cell] of read(path).cells.entries()) {
    if (cell.cell_type !== "code") continue;
    for (const [line, content] of source(cell).split("\n").entries()) {
      lines.push([index + 1, line + 1]);
      code.push(content);
    }
  }
  Deno.writeTextFileSync(file, [...code, "export {};", ""].join("\n"));
  return { at: place(path), url: pathToFileURL(file).href, lines };
}

async function deno(...args: string[]) {
  const [name, ...rest] = args;
  const command = new Deno.Command(Deno.execPath(), {
    args: [name!, "--config", join(ROOT, "deno.json"), ...rest],
    env: { NO_COLOR: "1" },
  });
  const { success, stdout, stderr } = await command.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { success, stdout: decode(stdout), stderr: decode(stderr) };
}

/** The messages of deno check, each with the excerpt of code that follows it left out. */
function messages(output: string, modules: Module[]): string[] {
  const pattern = /^(?:(TS\d+) \[ERROR\]|error): ([^]*?)\n {4}at (\S+):(\d+):(\d+)$/gm;
  return [...output.matchAll(pattern)].map(([, code, message, url, line, column]) => {
    const lines = message!.split("\n");
    const said = lines.filter((_, i) => i === 0 || code && i < lines.length - 2);
    const where = locate(modules, url!, Number(line), Number(column));
    return `${where} ${code ? `${code}: ` : ""}${said.map((text) => text.trim()).join(" ")}`;
  });
}

function locate(modules: Module[], url: string, line: number, column: number): string {
  const module = modules.find((module) => module.url === url);
  const [cell, inner] = module?.lines[line - 1] ?? [];
  if (module) return `${module.at} cell ${cell ?? "last"}:${inner ?? 1}:${column}`;
  return `${url.startsWith("file:") ? place(fileURLToPath(url)) : url}:${line}:${column}`;
}
