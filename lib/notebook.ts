/**
 * What a notebook shows: tables, figures, verdicts, exchanges with models and how far a run is, each
 * with a line that says which data it is of.
 *
 * Numbers are formatted here and nowhere before. Outside a notebook the same things are printed as
 * plain text.
 */
import { Buffer } from "node:buffer";
import { resolve } from "node:path";
import pl, { type DataFrame } from "polars";
import { afterCell, bottom, kernel } from "./cells.ts";
import { fileOf, firstPeople, linked, servedPage, writtenOf } from "./notebook/browse.ts";
import { comparedHtml, comparedText } from "./notebook/compare.ts";
import { type Behind, sourcesBehind } from "./notebook/behind.ts";
import { shortenErrors } from "./notebook/errors.ts";
import { given } from "./notebook/given.ts";
import type { Served } from "./notebook/served.ts";
import { type Printed, remember, write } from "./notebook/shown.ts";
import { served, studioOf } from "./notebook/studio.ts";
import { type RunStatus, runStatus, standingHtml, standingText } from "./notebook/status.ts";
import { tableHtml, type TableOptions, tableText } from "./notebook/table.ts";
import { editsHtml, editsText, exchangeHtml, exchangeText } from "./notebook/exchanges.ts";
import { firstOf } from "./format.ts";
import { settings } from "./config.ts";
import { type Dataset, openDataset } from "./db.ts";
import type { Drawing, Theme } from "./plots.ts";
import { escape, type Png, proseHtml } from "./press.ts";
import type { Prompt } from "./prompts.ts";
import { type Said, said, sourcesOf } from "./provenance.ts";
import type { Ended, Plan, Preview, Progress, Stored, Study, Tried } from "./study.ts";

export type { Behind } from "./notebook/behind.ts";
export { tableHtml, type TableOptions, tableText } from "./notebook/table.ts";

if (kernel()) shortenErrors();

/** A comparison with the paper: cells that agree, cells printed, and those that differ in words. */
export interface Verdict {
  agree: number;
  /** Of the cells that the paper prints, those for which the data hold something. */
  printed: number;
  /** The others. */
  absent?: number;
  differing: readonly string[];
}

const MOST_CELLS = 10;

/**
 * Shows a frame as a table; a number that is undefined (null) is a dash. `save` writes all of its rows.
 * Headings, groups and decimals are those that `lib/columns.ts` declares.
 *
 * @param options `decimals` of all fractions or by column; `style: "apa"`: p, r and alpha without the 0
 *   before the point; `name`, `notes` and `data` of the files that `save` writes
 * @throws {Error} when `decimals` names a column that the frame does not have
 * @throws {RangeError} when `name` is no name of a file
 */
export async function show(
  frame: DataFrame,
  caption: string,
  options: TableOptions & Printed = {},
): Promise<void> {
  given("show", { frame, caption, options });
  const { decimals, style, ...printed } = options;
  const look = { decimals, style };
  const of = said(sourcesBehind(frame, printed.data));
  await display(tableHtml(frame, caption, look), tableText(frame, caption, look), of);
  remember({ ...printed, caption, said: of, of: { frame, look } });
}

/**
 * Shows a figure; readers of plain text get its caption. Which data it is of, a drawing does not know:
 * `data` says it.
 *
 * @param options `theme`: what it is drawn for, by default a page in colour; see `theme` of `lib/plots.ts`
 */
export async function figure(
  drawing: Drawing,
  caption: string,
  options: Printed & { theme?: Theme } = {},
): Promise<void> {
  given("figure", { drawing, caption, options });
  const { theme, ...printed } = options;
  if (theme) given("figure", { theme });
  const of = said(sourcesBehind(drawing, printed.data));
  await display(figureHtml(drawing(theme), caption), `Figure: ${caption}`, of);
  remember({ ...printed, caption, said: of, of: { drawing, theme } });
}

/**
 * Writes all that was shown so far as files that a paper can include, into `out/papers/NAME`, or
 * `out/papers/SCHEMA/NAME` where any of it is of another schema than the published data's: tables as
 * CSV, Markdown and LaTeX, figures as SVG, PDF, PNG and LaTeX, named paragraphs as Markdown, LaTeX and plain
 * text, and `main.tex`, which holds them all and compiles. Notes say n; `source.tex` says once for all of
 * LaTeX where the data come from and the version of the code. What an earlier
 * `save` of the same name wrote and this one does not is deleted.
 *
 * @param options `theme`: what the figures are drawn for, by default what each was shown for; `png`: width
 *   of the PNGs, `"85 mm"` or `"2000 px"`, by default that of the figure, and dpi, by default 300
 * @throws {Error} when nothing was shown
 */
export async function save(
  name: string,
  options: { png?: Png; theme?: Theme } = {},
): Promise<void> {
  given("save", { name, options, ...options.theme && { theme: options.theme } });
  await bottom(name);
  const written = await write(name, options);
  await display(`<p>${escape(written)}</p>`, written, said([]));
}

/**
 * Shows paragraphs, and nothing where there are none; in them `**strong**`, `_emphasis_` and `code` in
 * backticks are what they are in Markdown.
 *
 * @param options `data`: what the sentences were made of; `name`: what `save` writes them as (Markdown, LaTeX
 *   and plain text), which it does not where there is none
 * @throws {RangeError} when `name` is no name of a file
 */
export async function say(
  paragraphs: readonly string[],
  options: { data?: Behind | readonly Behind[]; name?: string } = {},
): Promise<void> {
  given("say", { paragraphs, options });
  if (!paragraphs.length) return;
  const of = said(sourcesBehind(paragraphs, options.data));
  await display(proseHtml(paragraphs), paragraphs.join("\n\n"), of);
  const { name } = options;
  if (name !== undefined) remember({ name, caption: name, said: of, of: { paragraphs } });
}

/** Shows how many printed cells agree, and the first that differ. */
export async function verdict(checked: Verdict): Promise<void> {
  given("verdict", { verdict: checked });
  await bottom();
  await display(verdictHtml(checked), verdictText(checked), said(sourcesOf(checked)));
}

/**
 * Shows the cells that differ from the paper as a table; where none does, how many agree; where none can
 * be compared, that.
 */
export async function differences(checked: Verdict & { cells: DataFrame }): Promise<void> {
  given("differences", { compared: checked });
  const { cells, printed, differing } = checked;
  const caption = `Cells that differ from the paper, of ${printed} compared`;
  const table = cells.filter(pl.col("agrees").eq(pl.lit("no")));
  if (differing.length) return await show(table, caption, { name: "differing" });
  const of = said(sourcesOf(checked));
  remember({ name: "differing", caption, said: of, of: { frame: table, look: {} } });
  const { count } = ruling(checked);
  await display(`<p>${escape(count)}</p>`, count, of);
}

/**
 * Shows what would be asked (`Study.preview`), or what was asked and replied
 * (`Study.exchanges`): message by message, with tokens and price.
 */
export async function exchange(of: Preview | Stored, caption: string): Promise<void> {
  given("exchange", { exchange: of, caption });
  await display(exchangeHtml(of, caption), exchangeText(of, caption), said(sourcesOf(of)));
}

/** Shows word by word how a prompt was changed. */
export async function edits(before: Prompt, after: Prompt, caption: string): Promise<void> {
  for (const prompt of [before, after]) given("edits", { prompt, caption });
  await display(editsHtml(before, after, caption), editsText(before, after, caption), said([]));
}

/**
 * Shows what a plan brought on few profiles in each of its cells (`Study.tried`), side by side.
 *
 * @param tried or a function that brings it: `() => lab.tried(plan, { …, budget })` asks when the cell
 *   and all above it have ended well, and is shown in the cell all the same
 */
export async function compared(
  tried: Tried | (() => Promise<Tried>),
  caption: string,
): Promise<void> {
  given("compared", { tried, caption });
  const shown = async (tried: Tried) => {
    given("compared", { tried });
    const of = said(sourcesOf(tried));
    await display(comparedHtml(tried, caption), comparedText(tried, caption), of);
  };
  if (typeof tried !== "function") return await shown(tried);
  await afterCell(async (trouble) => {
    if (trouble !== null) throw new Error(`Nothing is asked: ${trouble}`);
    await shown(await tried());
  });
}

let open: Served | null = null;

/**
 * Serves a page from this kernel, on which the prompt of a plan is edited, tried and kept as a version,
 * and shows it: the same previews and comparisons as in cells, without a second way to make them.
 *
 * It listens on 127.0.0.1 only, at an address that nobody can guess, and so cannot be reached where the
 * browser runs on another computer than the kernel (JupyterHub, Colab, VS Code remote). It ends with the
 * kernel, with `await studio.close()`, or when another one is opened.
 */
export async function studio(lab: Study, plan: Plan): Promise<void> {
  given("studio", { lab, plan });
  await studio.close();
  open = await served(lab, plan);
  const [html, text] = studioOf(open.url, lab.schema, plan.prompt);
  await display(html, text, said(sourcesOf(lab)));
}

/** Ends the page, where there is one. */
studio.close = async (): Promise<void> => {
  const ending = open;
  open = null;
  await ending?.close();
};

let browsed: Served | null = null;

/**
 * Serves a page from this kernel on which people are looked at one by one, and shows it: personas and sheets
 * by any factor and field, searched, sorted, side by side; and of each its profile, what was sent, what came
 * back, its answers and scores. Below it stand the first personas as a table.
 *
 * As `studio` it listens on 127.0.0.1 only, and ends with the kernel, with `await browse.close()`, or when
 * another one is opened. With `to` nothing is served: the page is written as one file, which holds all of
 * the study and opens without a server and without a network.
 *
 * @param study what `openDataset` or `openStudy` returns
 * @param options `to`: path of the file, relative to the folder of the results (`OUT_DIR`) where it is not
 *   absolute
 */
export async function browse(
  study: Dataset | Study,
  options: { to?: string } = {},
): Promise<void> {
  given("browse", { study, options });
  await browse.close();
  const own = await openDataset({ schema: study.schema, beside: true });
  const of = said(sourcesOf(own));
  try {
    if (options.to === undefined) browsed = servedPage(own);
    const [html, text] = browsed
      ? linked(browsed.url, own.schema)
      : await written(own, options.to!);
    const { table, caption } = await firstPeople(own);
    await display(
      `${html}
${tableHtml(table, caption)}`,
      `${text}
${tableText(table, caption)}`,
      of,
    );
  } catch (error) {
    if (!browsed) await own.close();
    await browse.close();
    throw error;
  }
  if (!browsed) await own.close();
}

async function written(study: Dataset, to: string): Promise<[html: string, text: string]> {
  const path = resolve(settings().outDir, to);
  const text = writtenOf(to, await fileOf(study, path));
  return [`<p>${escape(text)}</p>`, text];
}

/** Ends the page, where there is one. */
browse.close = async (): Promise<void> => {
  const ending = browsed;
  browsed = null;
  await ending?.close();
};

/** A run that this process works on. */
interface Work {
  latest: Progress | null;
  /** Aborted when the stop button was pressed. */
  signal: AbortSignal;
  /** What it ended with; an error is a result here, so that it waits until somebody asks. */
  outcome: Promise<Ended | Error>;
  over: boolean;
  /** Whether its cell has not ended yet. */
  waits: boolean;
  /** The outcome, when it has been shown. */
  shown: Promise<Ended | Error>;
}

const works = new Map<string, Work>();

/**
 * Jupyter's stop button is a SIGINT (see the kernelspec in `scripts/lab.ts`), which would end the
 * kernel if nobody listened. It ends the runs of this kernel as `Study.stop` does, and those only:
 * a cell that waits for something else goes on.
 */
let button = new AbortController();
if (kernel()) {
  Deno.addSignalListener("SIGINT", () => {
    button.abort();
    button = new AbortController();
  });
}

const REFRESH_MS = 1000;

const soon = (ms: number): Promise<null> =>
  new Promise((resolve) => setTimeout(() => resolve(null), ms));

/**
 * Begins to work on a run and shows where it stands, in one place that is written over until the run
 * ends: done, failed by reason, speed, calls in flight, what is spent of the budget.
 *
 * It does not wait for the end, because a kernel runs one cell after another: a cell that stops the run
 * would not be reached. `ended` waits, and while it does Jupyter's stop button stops the run. What stays
 * at the end holds no time and no speed: it is the same whoever did the work and when. Outside a notebook
 * a terminal gets a line that is written over.
 *
 * In a notebook the first call is made when the cell and all above it have ended well. After one that
 * failed nothing begins, because the variables hold what an earlier pass left in them.
 *
 * @param run or several that were registered together, one after the other; the budget is of all of them
 * @param options of `Study.run`
 * @throws {Error} when the run cannot begin, such as without a budget; see `Study.ready`
 */
export async function begin(
  lab: Study,
  run: string | readonly string[],
  options: Parameters<Study["run"]>[1] = {},
): Promise<void> {
  given("begin", { lab, run, options });
  const name = key(lab, run);
  const known = works.get(name);
  if (!known || known.over) {
    // What it ended with before is not what it ends with now.
    works.delete(name);
    // What is refused is refused at once.
    await lab.ready(run, options);
  }
  const work = known && !known.over ? known : await started(lab, run, options);
  works.set(name, work);
  work.shown = watched(
    () =>
      runStatus(lab, [run].flat(), work.over ? null : work.latest?.failed ?? {}, options.budget),
    work,
    await place(said(sourcesOf(lab))),
  );
}

/** What a run, or several, are known by here. */
const key = (lab: Study, run: string | readonly string[]): string =>
  JSON.stringify([lab.schema, ...[run].flat()]);

/**
 * Waits until a run, or several, that `begin` began have ended.
 *
 * @throws {RunError} when it cannot go on; what is done stays done
 */
export async function ended(lab: Study, run: string | readonly string[]): Promise<Ended> {
  given("ended", { lab, run });
  const work = works.get(key(lab, run));
  if (!work) throw new Error(`Run ${run} has not been begun here: \`await begin(lab, run)\``);
  if (work.waits) {
    throw new Error(
      `Run ${run} begins when the cell with \`begin\` and all above it have ended well: one of them ` +
        "failed, or `ended` stands in the same cell and not in one of its own below it",
    );
  }
  const outcome = await work.shown;
  if (outcome instanceof Error) throw outcome;
  return outcome;
}

async function started(
  lab: Study,
  run: string | readonly string[],
  options: Parameters<Study["run"]>[1] = {},
): Promise<Work> {
  const onProgress = (progress: Progress) => {
    work.latest = progress;
    options.onProgress?.(progress);
  };
  const stops = [button.signal, lab.stops(run), ...options.signal ? [options.signal] : []];
  const signal = AbortSignal.any(stops);
  const running = Promise.withResolvers<Ended>();
  const outcome = running.promise.catch((error: Error) => error)
    .finally(() => (work.over = true));
  const work: Work = { latest: null, signal, outcome, over: false, waits: true, shown: outcome };
  await afterCell(async (trouble) => {
    work.waits = false;
    try {
      if (trouble !== null) throw new Error(`Nothing is asked: ${trouble}`);
      // Only now is it certain that no cell failed.
      await lab.ready(run, options);
      running.resolve(lab.run(run, { ...options, onProgress, signal }));
    } catch (error) {
      running.reject(error);
    }
  });
  return work;
}

async function watched(
  stands: () => Promise<RunStatus>,
  work: Work,
  show: Place,
): Promise<Ended | Error> {
  let now = await stands();
  for (;;) {
    const outcome = await Promise.race([work.outcome, soon(REFRESH_MS)]);
    // While the database is away the run waits for it, and what is shown as well. Reasons are counted
    // over all processes at the end only: there may be 100,000 pieces of work.
    now = await stands().catch(() => now);
    if (work.signal.aborted) now = { ...now, stopping: "yes" };
    const end = outcome && (outcome instanceof Error ? outcome : outcome.ended);
    await show(
      standingHtml(now, work.latest, end),
      standingText(now, work.latest, end),
      end !== null,
    );
    if (outcome) return outcome;
  }
}

/**
 * A figure with its caption as HTML. It is an image, whose text a page cannot tear apart: of SVG in HTML
 * that nobody has trusted Jupyter takes the drawing away and leaves its letters.
 */
export function figureHtml(svg: string, caption: string): string {
  const [, title, description] = /<title>([^<]*)<\/title>\s*<desc>([^<]*)</.exec(svg) ?? [];
  const alt = title === undefined ? escape(caption) : `${title}. ${description}`;
  return [
    `<figure style="margin:0">`,
    // Letters stay as large as they are: what is wider than the cell scrolls.
    `<div style="overflow-x:auto" tabindex="0">`,
    `<img alt="${alt.replaceAll('"', "&quot;")}" style="max-width:none" ` +
    `src="data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}">`,
    "</div>",
    `<figcaption>${escape(caption)}</figcaption>`,
    "</figure>",
  ].join("\n");
}

/** A verdict as plain text; its first line is the count. */
export function verdictText(checked: Verdict): string {
  const { count, cells } = ruling(checked);
  return [count, ...cells.map((cell) => `  ${cell}`)].join("\n");
}

/** A verdict as HTML. */
export function verdictHtml(checked: Verdict): string {
  const { count, cells } = ruling(checked);
  const items = cells.map((cell) => `<li>${escape(cell)}</li>`).join("\n");
  return `<p><strong>${count}</strong></p>` + (items && `\n<ul>\n${items}\n</ul>`);
}

function ruling({ agree, printed, absent = 0, differing }: Verdict) {
  const others = "these data hold other models or conditions";
  return {
    count: printed
      ? `${agree} of ${printed} printed cells agree` +
        (absent ? `; ${absent} more are not compared: ${others}` : "")
      : absent
      ? `None of the ${absent} printed cells can be compared: ${others}`
      : "Nothing is compared: there are no printed cells",
    cells: firstOf(differing, MOST_CELLS),
  };
}

/** Shows something that replaces what was shown there before. */
type Place = (html: string, text: string, last: boolean) => Promise<void>;

async function place(of: Said): Promise<Place> {
  if (!kernel()) {
    return (_html, text, last) => {
      if (Deno.stderr.isTerminal()) {
        const line = last ? "" : text.replace(/\n\s*/g, " · ");
        Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${line}`));
      }
      if (last) console.log(withDataLine(text, text, of).text);
      return Promise.resolve();
    };
  }
  const display_id = crypto.randomUUID();
  const early = "It begins when this cell has ended well";
  await display(`<p>${early}</p>`, early, of, { display_id });
  return (html, text) => display(html, text, of, { display_id, update: true });
}

/** With its data line. */
function withDataLine(html: string, text: string, { line }: Said): { html: string; text: string } {
  if (line === null) return { html, text };
  return {
    html: `${html}\n<p style="font-size:85%;margin:0.5em 0"><em>${escape(line)}</em></p>`,
    text: `${text}\n${line}`,
  };
}

async function display(
  html: string,
  text: string,
  of: Said,
  where: { display_id?: string; update?: boolean } = {},
): Promise<void> {
  const shown = withDataLine(html, text, of);
  const jupyter = kernel();
  if (!jupyter) return console.log(shown.text);
  await jupyter.display(
    { "text/html": shown.html, "text/plain": shown.text },
    { raw: true, ...where },
  );
  // The kernel may report a cell done before its output is out; clients then drop it. 0 ms lose some.
  await soon(20);
}
