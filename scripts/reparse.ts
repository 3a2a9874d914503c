/** `deno task reparse`: stored replies, read again by the code of today. */
import { z } from "zod";
import { settings } from "lib/config.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { reparsePublished } from "lib/paper/reparse.ts";
import { bannerOf, connect, openDataset } from "lib/db.ts";
import { nearest } from "lib/format.ts";
import { frame, rows } from "lib/frames.ts";
import { tableText } from "lib/notebook.ts";
import { openStudy, type Reparsed } from "lib/study.ts";
import { main, UsageError } from "./cli.ts";

/** What the replies of the restored data lead to today, beside the published answers. */
async function published(schema: string): Promise<void> {
  const study = await openDataset({ schema });
  await study.close();
  if (study.provenance.source === "study") {
    throw new Error(
      `Schema ${schema} is a study of your own: reparse it without --published, or name the ` +
        "published data (--schema personality_trap)",
    );
  }
  const sql = await connect("reader");
  try {
    const compared = await reparsePublished(sql, schema);
    if (compared.height === 0) {
      const what = study.provenance.source === "reconstruction"
        ? "is the shipped reconstruction, which was made without replies"
        : "holds no replies";
      throw new Error(
        `Schema ${schema} ${what}: restore the original first (\`deno task restore --from PATH ` +
          "--force`, where PATH is the dataset of Zenodo 17286313)",
      );
    }
    console.log(
      tableText(
        compared,
        `Replies of schema ${schema}, parsed again, beside the published answers`,
      ),
    );
    console.log(`
no sheet: replies that this code makes no sheet of; answers: items that both have, equal or differing;
only published, only parsed: items that the other lacks`);
    console.log(bannerOf(study.provenance));
  } finally {
    await sql.end();
  }
}

const Run = z.object({ run: z.string(), kind: z.string() });

async function own(schema: string, names: readonly string[], write: boolean): Promise<void> {
  const lab = await openStudy({ schema });
  try {
    // Nothing is made of what a trial brought.
    const known = rows((await lab.status()).select("run", "kind"), Run)
      .filter(({ kind }) => kind !== "trial").map(({ run }) => run);
    if (!known.length) {
      throw new Error(`Schema ${schema} has no runs yet: plan one with \`deno task study\``);
    }
    const wrong = names.find((name) => !known.includes(name));
    if (wrong !== undefined) {
      throw new UsageError(
        `Schema ${schema} has no run ${wrong}: did you mean ${nearest(wrong, known)}?`,
      );
    }
    const done: ({ run: string } & Reparsed)[] = [];
    for (const run of names.length ? names : known) {
      done.push({ run, ...await lab.reparse(run, { write }) });
    }
    const table = frame(done, {
      run: "text",
      replies: "integer",
      same: "integer",
      changed: "integer",
      gained: "integer",
      lost: "integer",
    });
    console.log(tableText(
      table,
      `Stored replies of schema ${schema}, parsed again${write ? "" : " (nothing is written)"}`,
    ));
    const sum = (of: (one: Reparsed) => number) => done.reduce((sum, one) => sum + of(one), 0);
    const differing = sum(({ changed, gained, lost }) => changed + gained + lost);
    console.log(
      sum(({ replies }) => replies) === 0
        ? "\nNo reply is stored yet: nothing was read again"
        : differing === 0
        ? "\nThis code reads every stored reply as it was read before"
        : `\nchanged: another result than the stored one; gained: a result where there was none; lost: ` +
          `none where there was one${write ? "" : "\nTo store it: the same without --check"}`,
    );
    console.log(await lab.banner());
  } finally {
    await lab.close();
  }
}

if (import.meta.main) {
  await main({
    usage: "deno task reparse [RUN …] [--check] [--published] [--schema NAME]",
    help:
      `Reads stored replies again and stores what today's code makes of them: personas, sheets, or
the reason why there is none. Asks nobody; the replies themselves stay as they came. A persona that is
none any more leaves the tables, and so do the sheets that were asked of one that is none or another
now: \`deno task study retry-failed\` plans them again.

  RUN …          only these runs (default: all of the study)
  --check        only counts what would change
  --published    instead compares: parses the replies of the restored original and counts how many of
                 the published answers come out; writes nothing. The shipped reconstruction has no
                 replies
  --schema NAME  the study (default: STUDY_SCHEMA, or study); with --published the published data
                 (default: personality_trap)

Exit status: 0 done, 1 an error, 2 wrong arguments`,
    flags: {
      check: { type: "boolean" },
      published: { type: "boolean" },
      schema: { type: "string" },
    },
    words: true,
  }, async (flags, words) => {
    const schema = flags.schema as string | undefined;
    if (flags.published) {
      if (words.length) throw new UsageError(`--published takes no run: unexpected ${words[0]}`);
      return await published(schema ?? PUBLISHED);
    }
    await own(schema ?? settings().studySchema, words, !flags.check);
  });
}
