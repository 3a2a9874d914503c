/**
 * The notebooks in an editor: Deno's language server, which VS Code's extension talks to, is sent them cell
 * by cell as that extension does, with the settings of this folder.
 *
 * The protocol: Language Server Protocol 3.17, “Notebook Document Synchronization”.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import { ROOT } from "lib/config.ts";
import { read, source } from "../scripts/jupyter/notebook.ts";
import { find } from "../scripts/notebooks.ts";
import { atNight } from "./command.ts";

const SETTINGS = JSON.parse(Deno.readTextFileSync(join(ROOT, ".vscode", "settings.json")));

/** What the settings say under `deno`, as the editor hands them over. */
const OURS = Object.fromEntries(
  Object.entries(SETTINGS).flatMap(([name, value]) =>
    name.startsWith("deno.") ? [[name.slice("deno.".length), value]] : []
  ),
);

interface Position {
  line: number;
  character: number;
}
interface Diagnostic {
  range: { start: Position };
  code?: string | number;
  message: string;
}

/** An editor that has opened this folder. */
class Editor implements AsyncDisposable {
  readonly #found = new Map<string, Diagnostic[]>();
  /** What the server says is wrong with itself or its settings. */
  readonly told: string[] = [];
  #changed = Promise.withResolvers<void>();

  private constructor(
    private readonly connection: MessageConnection,
    private readonly end: () => Promise<unknown>,
  ) {
    connection.onNotification(
      "textDocument/publishDiagnostics",
      ({ uri, diagnostics }: { uri: string; diagnostics: Diagnostic[] }) => {
        this.#found.set(uri, diagnostics);
        this.#changed.resolve();
        this.#changed = Promise.withResolvers();
      },
    );
    connection.onNotification("window/logMessage", ({ type, message }) => {
      // 1 is an error, 2 a warning.
      if (type <= 2) this.told.push(message);
    });
    connection.onRequest(
      "workspace/configuration",
      ({ items }: { items: { section?: string }[] }) =>
        items.map(({ section }) => section === "deno" ? OURS : {}),
    );
    for (const method of ["client/registerCapability", "window/workDoneProgress/create"]) {
      connection.onRequest(method, () => null);
    }
    connection.onUnhandledNotification(() => {});
    connection.listen();
  }

  static async opened(): Promise<Editor> {
    const child = spawn(Deno.execPath(), ["lsp"], { cwd: ROOT, stdio: ["pipe", "pipe", "ignore"] });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const connection = createMessageConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
    );
    const editor = new Editor(connection, () => {
      connection.dispose();
      child.kill();
      return ended;
    });
    const folder = pathToFileURL(ROOT).href;
    await connection.sendRequest("initialize", {
      processId: Deno.pid,
      rootUri: folder,
      workspaceFolders: [{ uri: folder, name: basename(ROOT) }],
      initializationOptions: OURS,
      capabilities: {
        workspace: { configuration: true, workspaceFolders: true },
        notebookDocument: { synchronization: { dynamicRegistration: true } },
        textDocument: { publishDiagnostics: {}, synchronization: {}, completion: {}, hover: {} },
      },
    });
    await connection.sendNotification("initialized", {});
    return editor;
  }

  /** Opens a notebook of these cells; returns their addresses. */
  async open(path: string, cells: readonly string[]): Promise<string[]> {
    const texts = cells.map((text, at) => ({
      uri: `vscode-notebook-cell:${path}#W${at}`,
      languageId: "typescript",
      version: 1,
      text,
    }));
    await this.connection.sendNotification("notebookDocument/didOpen", {
      notebookDocument: {
        uri: pathToFileURL(path).href,
        notebookType: "jupyter-notebook",
        version: 1,
        cells: texts.map(({ uri }) => ({ kind: 2, document: uri })),
      },
      cellTextDocuments: texts,
    });
    return texts.map(({ uri }) => uri);
  }

  /** What is wrong with a cell, once something is. */
  async wrong(uri: string): Promise<readonly Diagnostic[]> {
    for (;;) {
      const found = this.#found.get(uri);
      if (found?.length) return found;
      await this.#changed.promise;
    }
  }

  /** What is wrong with cells, as far as it is known. */
  known(uris: readonly string[]): string[] {
    return uris.flatMap((uri) => {
      const [, at] = uri.split("#W");
      return (this.#found.get(uri) ?? []).map(({ range, code, message }) =>
        `cell ${Number(at) + 1}:${range.start.line + 1} ${code}: ${message}`
      );
    });
  }

  async ask<T>(method: string, uri: string, position: Position): Promise<T> {
    return await this.connection.sendRequest(`textDocument/${method}`, {
      textDocument: { uri },
      position,
      ...method === "completion" && { context: { triggerKind: 1 } },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

const textsOf = (path: string): string[] =>
  read(path).cells.filter(({ cell_type }) => cell_type === "code").map(source);

/** A cell that cannot be right: when it has been found, the cells above it have been looked at. */
const PLANTED = `const planted: number = "a text";`;

/** Opens a notebook with a cell that cannot be right, and returns what is wrong with the others. */
async function spurious(editor: Editor, path: string): Promise<string[]> {
  const uris = await editor.open(path, [...textsOf(path), PLANTED]);
  const [first] = await editor.wrong(uris.at(-1)!);
  assert.equal(String(first!.code), "2322", `${path}: ${first!.message}`);
  return editor.known(uris.slice(0, -1)).map((said) => `${basename(path)} ${said}`);
}

Deno.test("the editor resolves, completes across cells and finds errors in a notebook", async () => {
  await using editor = await Editor.opened();
  const [path] = find(["14"]);
  const cells = textsOf(path!);
  const at = cells.findIndex((text) => text.includes(`study.sheets("epqra")`));
  assert.ok(at >= 0, "notebook 14 has no cell that reads the sheets");
  const mistaken = cells.with(at, cells[at]!.replace("study.sheets(", "study.sheet("));
  const uris = await editor.open(path!, [...mistaken, "stu", PLANTED]);
  const [wrong] = await editor.wrong(uris[at]!);
  assert.equal(String(wrong!.code), "2551");
  assert.match(wrong!.message, /'sheet' does not exist on type 'Dataset'. Did you mean 'sheets'\?/);

  const completed = await editor.ask<{ items: { label: string }[] }>("completion", uris.at(-2)!, {
    line: 0,
    character: 3,
  });
  const labels = completed.items.map(({ label }) => label);
  for (const name of ["study", "epqra", "reference", "show"]) {
    assert.ok(labels.includes(name), name);
  }

  const line = cells[at]!.split("\n").findIndex((text) => text.startsWith("const study"));
  const hover = await editor.ask<{ contents: { value: string } }>("hover", uris[at]!, {
    line,
    character: "const s".length,
  });
  assert.match(hover.contents.value, /const study: Dataset/);
  assert.deepEqual(editor.told, []);
});

Deno.test("the editor has nothing against a notebook as it stands", async () => {
  await using editor = await Editor.opened();
  const found = [];
  for (const path of find(["06", "30"])) found.push(...await spurious(editor, path));
  assert.deepEqual(found, []);
});

atNight("the editor has nothing against any notebook", async () => {
  await using editor = await Editor.opened();
  const found = [];
  for (const path of find([])) found.push(...await spurious(editor, path));
  assert.deepEqual(found, []);
});

Deno.test("what the folder recommends to an editor are extensions by their full names", () => {
  const { recommendations } = JSON.parse(
    Deno.readTextFileSync(join(ROOT, ".vscode", "extensions.json")),
  );
  assert.deepEqual(recommendations, ["denoland.vscode-deno", "ms-toolsai.jupyter"]);
});
