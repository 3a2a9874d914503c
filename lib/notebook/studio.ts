/**
 * A page on which a prompt is edited, tried against others, with models and under conditions, and kept, with what
 * cells are made of.
 */
import { join } from "node:path";
import pl from "polars";
import { z } from "zod";
import { dollars, plural } from "../format.ts";
import { rows } from "../frames.ts";
import { editPrompt, type Prompt } from "../prompts.ts";
import { type Budget, type Plan, type Study, type Tried, withPrompts } from "../study.ts";
import { comparedHtml } from "./compare.ts";
import { escape } from "../press.ts";
import { checked, type Offered, pageIn, Refused, serve, type Served } from "./served.ts";
import { tableHtml } from "./table.ts";
import { editsHtml, exchangeHtml } from "./exchanges.ts";

const WHERE =
  "It is served by this kernel and can be reached only from a browser on the same computer: " +
  "on JupyterHub, Colab or VS Code remote, use lab.tried and compared in cells. " +
  "It ends with the kernel, or with `await studio.close()`.";

/** The page framed, with a plain link to it; and as plain text. */
export function studioOf(
  url: string,
  schema: string,
  { purpose, version }: Prompt,
): [html: string, text: string] {
  const title = `Studio: the ${purpose} prompt ${version} of ${schema}`;
  return [
    `<p><strong>${escape(title)}</strong> · ` +
    `<a href="${
      escape(url)
    }" target="_blank" rel="noopener">open it in a tab of its own</a></p>\n` +
    `<p>${escape(WHERE).replace(/`(.*?)`/g, "<code>$1</code>")}</p>\n` +
    `<iframe src="${escape(url)}" title="${escape(title)}" ` +
    `style="width:100%;height:54em;border:1px solid"></iframe>`,
    `${title}\n  ${url}\n  ${WHERE}`,
  ];
}

const MOST_PROFILES = 20;

const Edit = z.strictObject({ system: z.string(), user: z.string() });
const Names = z.array(z.string());
const Look = Edit.extend({
  models: Names,
  conditions: Names,
  versions: Names,
  profiles: z.string(),
  by: z.string(),
});
const Amount = z.number().min(0, "A budget is 0 or more");
const Calls = Amount.int("A budget of calls is a whole number");
const Ask = Look.extend({
  budget: z.union([z.strictObject({ calls: Calls }), z.strictObject({ usd: Amount })]),
});
const Save = Edit.extend({ note: z.string() });

/** Serves the page of a plan; see `studio` in the door of this room. */
export async function served(notebook: Study, plan: Plan): Promise<Served> {
  // The last cell of a notebook closes the notebook's.
  const lab = await notebook.beside();
  try {
    const { url, close } = serve({ page: await pageOf(lab, plan), routes: routesOf(lab, plan) });
    return {
      url,
      async close() {
        await close();
        await lab.close();
      },
    };
  } catch (error) {
    await lab.close();
    throw error;
  }
}

/** What a route answers: HTML for the page, a sentence, and what is left to ask. */
type Answer = { html: string; said: string; calls?: number; ask?: string };

/** What the page may ask for; each does what the cells of a notebook do. */
function routesOf(
  lab: Study,
  plan: Plan,
): ReadonlyMap<string, (body: unknown) => Promise<Answer>> {
  const before = plan.prompt;
  const changed = ({ system, user }: z.infer<typeof Edit>): Plan => ({
    ...plan,
    prompt: editPrompt(before, { system, user }),
  });
  const trial = async (
    { models, conditions, versions, profiles, by, ...edit }: z.infer<typeof Look>,
  ) => {
    const own = plan.models.filter(({ id }) => models.includes(id));
    const unknown = models.find((id) => !plan.models.some((model) => model.id === id));
    if (unknown !== undefined || (plan.models.length > 0 && own.length === 0)) {
      const known = plan.models.map(({ id }) => id).join(", ");
      throw new Refused(
        400,
        unknown === undefined
          ? `Choose one model at least: the plan has ${known}`
          : `The plan names no model ${unknown}: it has ${known}`,
      );
    }
    if (!conditions.length) throw new Refused(400, "Choose one condition at least");
    const { prompt } = changed(edit);
    const others = await Promise.all(
      versions.map((version) => lab.prompt(before.purpose, version)),
    );
    return {
      plan: { ...plan, models: own },
      prompt,
      options: {
        prompts: [before, ...others, prompt],
        conditions,
        profiles: numbers(profiles),
        ...by && { by },
      },
    };
  };
  const shown = async (
    { plan, prompt, options: { conditions, profiles } }: Awaited<ReturnType<typeof trial>>,
    tried: Tried,
    first: "edits" | "replies",
  ) => {
    const preview = await lab.preview(withPrompts(plan, [prompt]), {
      condition: conditions[0]!,
      profile: profiles[0]!,
    });
    const edits = section(
      "Edits",
      editsHtml(before, prompt, "Beside the version it came from"),
    );
    const replies = section("Replies", comparedHtml(tried, "Side by side"));
    return [
      ...first === "edits" ? [edits, replies] : [replies, edits],
      section(
        "What is sent",
        exchangeHtml(preview, `Profile ${preview.profile} under ${preview.condition}, filled`),
      ),
    ].join("\n");
  };
  return new Map(Object.entries({
    async look(body: unknown): Promise<Answer> {
      const of = await trial(checked(Look, body));
      const tried = await lab.tried(of.plan, of.options);
      return {
        html: await shown(of, tried, "edits"),
        said: "This is what would be asked; nothing was asked for it",
        ...rest(tried),
      };
    },
    async ask(body: unknown): Promise<Answer> {
      const { budget, ...look } = checked(Ask, body);
      const of = await trial(look);
      const tried = await lab.tried(of.plan, { ...of.options, budget: budget as Budget });
      const left = rest(tried);
      const said = left.calls
        ? `The budget ends here: ${plural(left.calls, "call")} not made`
        : "All that was to be asked is there";
      return { html: await shown(of, tried, "replies"), said, ...left };
    },
    async save(body: unknown): Promise<Answer> {
      const { note, ...edit } = checked(Save, body);
      const { prompt } = changed(edit);
      await lab.savePrompt(prompt, { from: before, note });
      const own = (await lab.prompts()).filter(pl.col("purpose").eq(pl.lit(prompt.purpose)));
      const versions = tableHtml(own.drop("purpose", "runs"), "What was made with each version");
      return {
        html: section("Versions", versions),
        said: `Saved as version ${prompt.version}: await lab.prompt("${prompt.purpose}", ` +
          `"${prompt.version}") brings it into a cell`,
      };
    },
  }));
}

const section = (head: string, html: string): string =>
  `<section><h2>${escape(head)}</h2>\n${html}\n</section>`;

function numbers(text: string): number[] {
  const all = text.split(/[\s,;]+/).filter((one) => one);
  if (!all.length || !all.every((one) => /^\d{1,9}$/.test(one))) {
    throw new Refused(400, "Profiles are numbers, such as 1, 2, 3");
  }
  if (all.length <= MOST_PROFILES) return all.map(Number);
  throw new Refused(400, `At most ${MOST_PROFILES} profiles are tried here: got ${all.length}`);
}

const Left = z.object({ calls: z.number(), usd_most: z.number().nullable() });

/** What is left to ask, as the button says it. */
function rest({ left }: Tried): { calls: number; ask: string } {
  const { calls, usd_most } = rows(left, Left).at(-1)!;
  const price = usd_most === null ? "price unknown" : `at most ${dollars(usd_most)}`;
  return { calls, ask: calls ? `Ask: ${plural(calls, "call")}, ${price}` : "Nothing left to ask" };
}

const Kept = z.object({ version: z.string(), note: z.string().nullable() });

/** A version with what was changed in it, as far as a line has room. */
const labelOf = (version: string, note: string | null): string =>
  note === null ? version : `${version}: ${note.length > 60 ? `${note.slice(0, 59)}…` : note}`;

const FILE = join(import.meta.dirname!, "studio.html");

/** The page, as it is at first. */
async function pageOf(lab: Study, plan: Plan): Promise<Offered["page"]> {
  const { prompt, models } = plan;
  const { profile, condition } = await lab.preview(plan);
  const conditions = await lab.conditions(plan);
  const choice = (name: string, values: readonly (readonly [string, string])[], chosen: string[]) =>
    values.map(([value, label]) =>
      `<label class="choice"><input type="checkbox" name="${name}" value="${escape(value)}"${
        chosen.includes(value) ? " checked" : ""
      }> ${escape(label)}</label>`
    ).join("");
  const kept = rows(
    (await lab.prompts()).filter(pl.col("purpose").eq(pl.lit(prompt.purpose))),
    Kept,
  )
    .filter(({ version }) => version !== prompt.version);
  const first = models.slice(0, 1).map(({ id }) => id);
  const values: Record<string, string> = {
    schema: escape(lab.schema),
    purpose: escape(prompt.purpose),
    version: escape(prompt.version),
    system: escape(prompt.system),
    user: escape(prompt.user),
    profiles: escape(String(profile)),
    conditions: choice("conditions", conditions.map((name) => [name, name]), [condition]),
    models: models.length
      ? choice("models", models.map(({ id, label }) => [id, label]), first)
      : "<p>the one that wrote the persona</p>",
    versions: kept.length
      ? choice("versions", kept.map(({ version, note }) => [version, labelOf(version, note)]), [])
      : "<p>none yet: saved and tried ones are listed when the page is opened</p>",
  };
  const html = pageIn(FILE);
  // A prompt has places in braces of its own: what is filled in is not read again.
  return (nonce) =>
    html.replace(
      /\{\{ *(\w+) *\}\}/g,
      (whole, name: string) => name === "nonce" ? nonce : values[name] ?? whole,
    );
}
