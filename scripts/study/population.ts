/** `deno task study population`: the respondents of a study, and what is known of them. */
import pl from "polars";
import { tableText } from "lib/notebook.ts";
import type { Given } from "lib/study.ts";
import { UsageError } from "../cli.ts";
import { file, type Flags, instrumentOf, text } from "./flags.ts";
import { typed, within } from "./place.ts";

/** Populations that the paper's package brings. */
export const PUBLISHED_PEOPLE: readonly string[] = ["reference", "random"];

/** What profiles in a file are answers to: nothing where it says `none`. */
export const answeredBy = async (given: string | undefined): Promise<Pick<Given, "instrument">> =>
  given === undefined ? {} : { instrument: given === "none" ? null : await instrumentOf(given) };

/** `population [FILE]`: gives the study respondents, and shows those that it has. */
export async function population(flags: Flags, words: string[]): Promise<void> {
  const [from, ...more] = words;
  if (more.length) throw new UsageError(`Unexpected ${more[0]}: one file at a time`);
  const codebook = text(flags, "codebook"), name = text(flags, "name");
  const answered = text(flags, "instrument");
  if (from === undefined && [codebook, name, answered].some((given) => given !== undefined)) {
    throw new UsageError("--codebook, --instrument and --name are of a file: name it as well");
  }
  if (from !== undefined) file("population", from, /\.csv$/i, PUBLISHED_PEOPLE);
  await within(flags, from !== undefined, async (lab) => {
    const given = {
      ...await answeredBy(answered),
      ...codebook !== undefined && { codebook },
      ...name !== undefined && { name },
    };
    const added = from === undefined ? null : await lab.population(from, given);
    const all = await lab.populations();
    if (!all.height) {
      return console.log(
        `Schema ${lab.schema} has no population: ${typed(lab, "population FILE.csv")}`,
      );
    }
    const names = added ? [added.name] : all.filter(pl.col("role").neq(pl.lit("control")))
      .getColumn("name").toArray() as string[];
    console.log(tableText(all, `Populations of schema ${lab.schema}`));
    for (const one of names) {
      const book = await lab.codebook(one);
      if (book.height) console.log(tableText(book, `Codebook of ${one}`));
    }
    if (added) {
      const [reference] = all.getColumn("name").toArray();
      const flag = added.name === reference ? "" : ` --population ${added.name}`;
      console.log(`Next: ${typed(lab, `plan personas --model ID${flag}`)}`);
    }
  });
}
