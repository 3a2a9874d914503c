/** `deno task cleaning`: the mapping from free text to categories, learned from published pairs. */
import "lib/paper/published.ts";
import { check, type Counted, FIELDS, FOLDER, learn, mapping, save } from "lib/cleaning.ts";
import { bannerOf, connect, openDataset } from "lib/db.ts";
import { firstOf, whole } from "lib/format.ts";
import { main, unknown, UsageError } from "./cli.ts";

/** The texts of every field with what the cleaned column holds, counted, and where they are from. */
async function published(schema?: string): Promise<{ pairs: Counted[]; name: string }> {
  const study = await openDataset(schema ? { schema } : {});
  await study.close();
  if (study.provenance.source === "study") {
    throw new Error(
      `Schema ${study.schema} is a study of your own, cleaned by this mapping: there is nothing to ` +
        "learn from it or to check; name the published data (--schema personality_trap)",
    );
  }
  const sql = await connect("reader");
  try {
    const pairs = await Promise.all(FIELDS.map(async (field) => {
      const found = await sql<Omit<Counted, "field">[]>`
        select ${sql(`${field}_original`)} as original, ${sql(field)} as cleaned,
               count(*)::int as count
        from ${sql(study.schema)}.personas
        where ${sql(`${field}_original`)} is not null
        group by 1, 2`;
      return found.map((pair): Counted => ({ field, ...pair }));
    }));
    const name = `schema ${study.schema} (${bannerOf(study.provenance)})`;
    if (pairs.flat().some(({ cleaned }) => cleaned)) return { pairs: pairs.flat(), name };
    throw new Error(
      `The personas of ${name} have no texts beside their categories: restore the original first ` +
        "(`deno task restore --from PATH --force`, where PATH is the dataset of Zenodo 17286313)",
    );
  } finally {
    await sql.end();
  }
}

const quoted = (text: string | null): string => text === null ? "nothing" : JSON.stringify(text);
const SHOWN = 10;

const shortened = (lines: readonly string[]): string[] =>
  firstOf(lines, SHOWN).map((line) => `    ${line}`);

function checked(pairs: readonly Counted[], folder: string): void {
  for (const { field, rows, reproduced, differing } of check(pairs, mapping(folder))) {
    const found = rows ? `${whole(reproduced)} of ${whole(rows)} rows` : "no rows to check";
    console.log(`  ${field.padEnd(22)} ${found}`);
    for (
      const line of shortened(
        differing.map(({ original, cleaned, count, ours }) =>
          `${quoted(original)}: published ${quoted(cleaned)}, ours ${quoted(ours)} ` +
          `(${whole(count)})`
        ),
      )
    ) console.log(line);
  }
}

function learned(pairs: readonly Counted[], folder: string): void {
  const before = mapping(folder);
  // A field whose categories are all empty was not cleaned: its file stays.
  const fields = FIELDS.filter((field) =>
    pairs.some((pair) => pair.field === field && pair.cleaned)
  );
  const after = learn(pairs.filter(({ field }) => fields.includes(field)), before);
  save(after, fields, folder);
  for (const field of FIELDS) {
    if (!fields.includes(field)) {
      console.log(`  ${field.padEnd(22)} no categories in the data: file left as it is`);
      continue;
    }
    const lines = (of: typeof after) =>
      of.pairs.filter((pair) => pair.field === field).map((pair) => JSON.stringify(pair));
    const [old, now] = [new Set(lines(before)), new Set(lines(after))];
    const conflicts = after.conflicts.filter((conflict) => conflict.field === field);
    console.log(
      `  ${field.padEnd(22)} ${whole(now.size)} lines: ${whole(now.difference(old).size)} new, ` +
        `${whole(old.difference(now).size)} gone; ${whole(conflicts.length)} conflicts`,
    );
    const empty = pairs.filter((pair) => pair.field === field && pair.original && !pair.cleaned);
    if (empty.length) {
      // They stay as published; Tables 1–3 count an empty value among the others.
      const texts = empty.slice(0, SHOWN).map(({ original }) => quoted(original)).join(", ");
      console.log(`    texts with an empty category: ${whole(empty.length)}: ${texts}`);
    }
    for (
      const line of shortened(
        conflicts.map(({ by, text, used, given }) =>
          `${quoted(text)}${by === "folded" ? " in any case" : ""}: ${quoted(used)} used of ` +
          given.map(({ cleaned, count }) => `${quoted(cleaned)} (${whole(count)})`).join(", ")
        ),
      )
    ) console.log(line);
  }
}

if (import.meta.main) {
  await main({
    usage: "deno task cleaning learn|check [--schema NAME] [--folder DIR]",
    help: `The mapping from what models wrote to the categories of Tables 1–3.

  learn          writes {field}.csv from the texts and categories of restored personas; the rules for
                 new texts (rules.csv) stay, and so do lines written by hand for texts not among them
  check          counts how many restored personas the mapping gives the published category

  --schema NAME  the data (default: personality_trap)
  --folder DIR   where the mapping is (default: dataset/cleaning)

Exit status: 0 done, 1 an error, 2 wrong arguments`,
    flags: { schema: { type: "string" }, folder: { type: "string", default: FOLDER } },
    words: true,
  }, async (flags, words) => {
    const { schema, folder } = flags as { schema?: string; folder: string };
    const [what, ...rest] = words;
    if (what !== "learn" && what !== "check") {
      throw new UsageError(unknown(what, ["learn", "check"]));
    }
    if (rest.length) throw new UsageError(`Unexpected ${rest[0]}`);
    const { pairs, name } = await published(schema);
    if (what === "learn") {
      console.log(`Learned from ${name} into ${folder}:`);
      learned(pairs, folder);
    }
    console.log(`Reproduced of ${name}:`);
    checked(pairs, folder);
  });
}
