/**
 * Debian's classic Jupyter Notebook, started as `deno task lab` starts it, and Chromium looking at it:
 * what a user has before them, without anything of ours in between.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { settings } from "lib/config.ts";
import { checkout } from "./checkout.ts";
import { PATIENCE_MS, until } from "./command.ts";
import { Folder } from "./made.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));

/** What a program says that its version is; empty where it cannot be run. */
async function version(program: string): Promise<string> {
  const command = new Deno.Command(program, { args: ["--version"], stderr: "null" });
  try {
    const { success, stdout } = await command.output();
    return success ? new TextDecoder().decode(stdout).trim() : "";
  } catch {
    return "";
  }
}

/** What is missing here for a test in a browser, or null. */
export async function missing(): Promise<string | null> {
  // Notebook 7 is another program, without the classic page that is driven here.
  if (!/^6\./.test(await version("jupyter-notebook"))) {
    return "needs Notebook 6: apt install jupyter-notebook";
  }
  return await withoutBrowser();
}

/** Why nothing can be looked at in a browser here, or null. */
export async function withoutBrowser(): Promise<string | null> {
  return CHROMIUM && await version(CHROMIUM) ? null : "needs Chromium: apt install chromium";
}

/** Debian's Chromium, without a window. */
export const launched = (): Promise<Browser> =>
  chromium.launch({
    executablePath: CHROMIUM!,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
    timeout: PATIENCE_MS,
  });

/**
 * A checkout of its own with a home of its own, a Jupyter that runs in it, and a browser.
 *
 * Notebooks that are saved in the browser are saved in the copy. The kernels use the database of the
 * tests.
 */
export class Desk implements AsyncDisposable {
  private constructor(
    private readonly folder: Folder,
    private readonly lab: Deno.ChildProcess,
    private readonly url: string,
    private readonly browser: Browser,
  ) {}

  /** The folder of the checkout. */
  get path(): string {
    return join(this.folder.path, "checkout");
  }

  static async made(): Promise<Desk> {
    const folder = new Folder();
    const [path, home] = [join(folder.path, "checkout"), join(folder.path, "home")];
    checkout(path);
    Deno.mkdirSync(join(home, ".jupyter"), { recursive: true });
    Deno.writeTextFileSync(join(home, ".jupyter", "jupyter_notebook_config.json"), CONFIG);
    const lab = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "scripts/lab.ts"],
      cwd: path,
      env: { ...HOME(home), DATA_DIR: settings().dataDir },
      stdin: "null",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
    try {
      const url = await address(join(home, ".local", "share", "jupyter", "runtime"));
      return new Desk(folder, lab, url, await launched());
    } catch (error) {
      await stopped(lab);
      folder[Symbol.dispose]();
      throw error;
    }
  }

  /** Opens a notebook of the checkout and waits for its kernel. */
  async open(name: string): Promise<Sheet> {
    const page = await this.browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(PATIENCE_MS);
    const address = new URL(this.url);
    address.pathname += `notebooks/${name}.ipynb`;
    await page.goto(address.href);
    const sheet = new Sheet(page);
    await sheet.ready();
    return sheet;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    await stopped(this.lab);
    this.folder[Symbol.dispose]();
  }
}

/**
 * Nobody's browser opens, and root, which containers often are, is let in. Jupyter gives up a kernel that
 * takes a minute to begin again, and never speaks to it any more: on a slow machine it may take that.
 */
const CONFIG = JSON.stringify({
  NotebookApp: { open_browser: false, allow_root: true },
  MappingKernelManager: { kernel_info_timeout: PATIENCE_MS / 1000 },
});

/** Nothing of the user's own Jupyter and models is read or written. */
const HOME = (home: string): Record<string, string> => ({
  HOME: home,
  MODELS_FILE: "",
  JUPYTER_CONFIG_DIR: "",
  JUPYTER_DATA_DIR: "",
  JUPYTER_RUNTIME_DIR: "",
  XDG_CONFIG_HOME: "",
  XDG_DATA_HOME: "",
  XDG_RUNTIME_DIR: "",
});

/** Jupyter writes where it listens, with the token, when it does. */
async function address(runtime: string): Promise<string> {
  let found: string | undefined;
  await until("Jupyter's server file", () => {
    const names = existsSync(runtime) ? [...Deno.readDirSync(runtime)].map(({ name }) => name) : [];
    const file = names.find((name) => /^nbserver-\d+\.json$/.test(name));
    if (!file) return false;
    try {
      const { url, token } = JSON.parse(Deno.readTextFileSync(join(runtime, file)));
      found = `${url}?token=${token}`;
      return true;
    } catch {
      return false; // half written
    }
  });
  return found!;
}

/** Jupyter ends its kernels first and goes then; lab.ts goes at once. */
async function stopped(lab: Deno.ChildProcess): Promise<void> {
  Deno.kill(-lab.pid, "SIGTERM");
  await lab.status;
  await until("Jupyter's end", () => {
    try {
      process.kill(-lab.pid, 0);
      return false;
    } catch {
      return true;
    }
  });
}

/** What a code cell shows in the browser. */
export interface Shown {
  /** `12`, `*` while it runs or waits, empty before it ran. */
  prompt: string;
  /** The text of its outputs, each white space one blank. */
  text: string;
  tables: number;
  /** Figures that have a size on the page. */
  figures: number;
  error: boolean;
  console: boolean;
}

const CELLS = `[...document.querySelectorAll("div.code_cell")].map(cell => {
  const outputs = cell.querySelector(".output");
  return {
    prompt: (/\\[(.*)\\]/.exec(cell.querySelector(".input_prompt").textContent) ?? [])[1].trim(),
    text: [...outputs.querySelectorAll(".output_subarea")].map(area => area.textContent)
      .join(" ").replace(/\\s+/g, " ").trim(),
    tables: outputs.querySelectorAll("table").length,
    figures: [...outputs.querySelectorAll("figure img")]
      .filter(img => img.naturalWidth && img.getBoundingClientRect().width > 100).length,
    error: outputs.querySelector(".output_error") !== null,
    console: outputs.querySelector(".output_stream") !== null,
  };
})`;

/** Whether every cell has run; asked often, so it looks at nothing else. */
const RAN = `[...document.querySelectorAll("div.code_cell .input_prompt")]
  .every(({ textContent }) => /\\[\\d+\\]/.test(textContent))`;

const TEXT = (html: readonly string[]) =>
  `(() => {
  const box = document.createElement("div");
  const texts = ${JSON.stringify(html)}.map(html => (box.innerHTML = html, box.textContent));
  return texts.join(" ").replace(/\\s+/g, " ").trim();
})()`;

/** Jupyter scrolls its page in a box, which a picture of the page would cut off. */
const WHOLE = "body, #site { position: static !important; overflow: visible !important; " +
  "height: auto !important; }";

/** A notebook in a browser tab. */
export class Sheet {
  constructor(readonly page: Page) {}

  async ready(): Promise<void> {
    await this.page.locator("#kernel_indicator_icon.kernel_idle_icon").waitFor();
    await this.page.locator("#notification_kernel").waitFor({ state: "hidden" });
  }

  /** The code cells, in order. */
  get code(): Locator {
    return this.page.locator("div.code_cell");
  }

  shown(): Promise<Shown[]> {
    return this.page.evaluate<Shown[]>(CELLS);
  }

  /** Waits until every cell has run; a cell that threw does not hold up the others. */
  async done(): Promise<Shown[]> {
    await this.page.waitForFunction(RAN, undefined, { polling: 250, timeout: PATIENCE_MS });
    return await this.shown();
  }

  /** The text of pieces of HTML, as {@link shown} gives it. */
  textOf(html: readonly string[]): Promise<string> {
    return this.page.evaluate<string>(TEXT(html));
  }

  /** The whole notebook as a picture, as a window of that width shows it. */
  async picture(path: string, width: number): Promise<void> {
    await this.page.setViewportSize({ width, height: 900 });
    await this.page.addStyleTag({ content: WHOLE });
    await this.page.screenshot({ path, fullPage: true });
  }

  /** Cell → Run All, as the menu does it; what was shown before is gone first. */
  async runAll(): Promise<void> {
    await this.page.evaluate("Jupyter.notebook.clear_all_output()");
    await this.page.locator("#menus").getByText("Cell", { exact: true }).click();
    await this.page.locator("#run_all_cells").click();
  }

  /** Writes a text into a cell, over all that stands there. */
  async write(cell: Locator, text: string): Promise<void> {
    await cell.locator(".CodeMirror").click();
    await this.page.keyboard.press("ControlOrMeta+A");
    await this.page.keyboard.insertText(text);
  }

  /** The button ■ of the toolbar. */
  async stop(): Promise<void> {
    await this.page.locator("button[title='interrupt the kernel']").click();
  }

  /** The button ⟳ of the toolbar, and its question. */
  async restart(): Promise<void> {
    await this.page.locator("button[title='restart the kernel (with dialog)']").click();
    await this.page.locator(".modal-dialog").getByRole("button", { name: "Restart" }).click();
    await this.page.locator(".modal-dialog").waitFor({ state: "detached" });
    await this.ready();
  }

  /** Ends the kernel and closes the tab. */
  async close(): Promise<void> {
    await this.page.evaluate("new Promise(done => Jupyter.notebook.session.delete(done, done))");
    await this.page.close();
  }
}
