/**
 * The database: one embedded PostgreSQL or the user's own, its schemas, and named reads that return
 * frames. No statistics are computed here.
 */
import type postgres from "postgres";
import type { DataFrame } from "polars";
import { bottom, pass } from "./cells.ts";
import { schemaName, settings } from "./config.ts";
import { nearest } from "./format.ts";
import { type Instrument, registered } from "./instruments.ts";
import type { Browsed } from "./db/browse.ts";
import { made } from "./db/browse/made.ts";
import { restored } from "./db/browse/restored.ts";
import { connect } from "./db/connect.ts";
import { home, restoredForm } from "./db/migrate.ts";
import { bannerOf, type Provenance, provenanceOf, readProvenance } from "./db/origin.ts";
import {
  administered,
  biographies,
  demographics,
  filledIn,
  formsIn,
  instruments,
  onlyForm,
  people,
  personas,
  statuses,
} from "./db/read.ts";
import type { Besides } from "./db/respondents.ts";
import type { Form } from "./forms.ts";
import type { Columns, Kind as ColumnKind } from "./frames.ts";
import { type Replied, replies } from "./db/replies.ts";
import { type Administrations, profiles, sheets } from "./db/sheets.ts";
import { from, type Source } from "./provenance.ts";

export { parted } from "./db/client.ts";
export { address, connect, embedded, migrate, type Role } from "./db/connect.ts";
export type {
  Browsed,
  Call,
  Part,
  PersonaBehind,
  ProfileBehind,
  ProfileKey,
  Rows,
  SheetBehind,
} from "./db/browse.ts";
export { factorsOf } from "./db/factors.ts";
export { home } from "./db/migrate.ts";
export { registerRestored, type Restored } from "./db/migrate.ts";
export { bannerOf, type Provenance, readProvenance, RECONSTRUCTED } from "./db/origin.ts";
export { DEMOGRAPHICS, kindOf, onlyForm, PLACEHOLDERS } from "./db/read.ts";
export type { Besides } from "./db/respondents.ts";
export type { Replied } from "./db/replies.ts";
export { type Administrations, columnsIn } from "./db/sheets.ts";
export type Sql = postgres.Sql;

/**
 * One schema, opened for reading: every read is made once and kept, and knows that it is of this schema.
 *
 * In a study of one's own every frame has, besides what is said at its read, a column for each factor: of
 * personas writer (the model that wrote them), condition, form (its name), prompt (its version) and variant; of
 * administrations these and answering_model, administration_prompt, administration_variant, item_order,
 * option_order, coding, language and repetition; of both profile_population, the population that the
 * profile is of.
 */
export class Dataset {
  #reads = new Map<string, Promise<unknown>>();
  #sources: readonly Source[];
  constructor(
    readonly schema: string,
    readonly provenance: Provenance,
    private readonly sql: Sql,
    private readonly beside = false,
  ) {
    this.#sources = [{ schema, line: bannerOf(provenance) }];
    from(this, this.#sources);
  }

  /** A read of a package's own, made once for each key. */
  read<T>(key: string, read: (sql: Sql, schema: string) => Promise<T>): Promise<T> {
    return this.#once(key, () => read(this.sql, this.schema));
  }

  /**
   * The answer sheets of an instrument, by its name: see {@link Administrations}.
   *
   * @param besides `with`: attributes of the profiles of a study of one's own, such as
   *   `["sex", "weight"]`, as columns besides; measures weigh by the column `weight`
   * @throws {Error} when the profiles have no such attribute
   */
  sheets(instrument: string, besides: Besides = {}): Promise<Administrations> {
    const own = this.provenance.source === "study";
    const key = `sheets ${instrument} ${JSON.stringify(besides)}`;
    return this.#once(key, () => sheets(this.sql, this.schema, instrument, own, besides));
  }

  /**
   * The calls in which an instrument was asked in a study of one's own, done or failed for good, with their
   * replies as they came: what is no sheet is here as well. Read whenever it is asked for, and not kept.
   *
   * @param besides `with`, as of {@link sheets}
   * @throws {Error} when the schema is no study of one's own, or the profiles have no such attribute
   */
  replies(
    instrument: string,
    besides: Besides = {},
  ): Promise<{ columns: Readonly<Record<string, ColumnKind>>; calls: AsyncIterable<Replied> }> {
    if (this.provenance.source !== "study") {
      throw new Error(`Schema ${this.schema} holds restored data: replies are those of a study`);
    }
    return replies(this.sql, this.schema, instrument, besides);
  }

  /** The sheets that profiles are: the human reference sample or the random control. */
  profiles(source: "reference" | "random"): Promise<Administrations> {
    const own = this.provenance.source === "study";
    return this.#once(`profiles ${source}`, () => profiles(this.sql, this.schema, source, own));
  }

  /**
   * How many personas gave which value: own, model, population, model_print, population_print,
   * repetition, attribute, value (null where the model gave none), n. Attributes are the fields that have
   * categories: those of a mapping, or of the field's own list. Of restored data personas without a word
   * count are left out, as in the paper. `own` is `yes` in a study of one's own, else null.
   *
   * @param form by its name; where left out the one in which the study's personas were written
   * @throws {Error} when they were written in several and none is named, or none in this one
   */
  demographics(form?: string): Promise<DataFrame> {
    const own = this.provenance.source === "study";
    return this.#once(
      `demographics ${form ?? ""}`,
      async () => demographics(this.sql, this.schema, own, await this.#form(form)),
    );
  }

  /**
   * The personas that {@link demographics} counts, one row each in order of their ids: model,
   * population, model_print, population_print, profile, repetition, and the category of each field that
   * has categories, null where the model gave none; of a form of one's own also its other fields, as they
   * were written.
   *
   * Of a form by its name, in a study of one's own: the same keys, form, persona (its id), parent_persona (the
   * id of the persona that it was made from), and for each field what was written (`FIELD`), its
   * category where a mapping or a list says which (`FIELD_cleaned`), and what became of it
   * (`FIELD_status`: {@link statuses}).
   *
   * @param besides `with`, as of {@link sheets}
   * @throws {Error} when no persona has such a form, or the study has several and none is named
   */
  personas(form?: string, besides: Besides = {}): Promise<DataFrame> {
    const own = this.provenance.source === "study";
    const key = `personas ${JSON.stringify([form, besides])}`;
    if (form === undefined) {
      return this.#once(
        key,
        async () => personas(this.sql, this.schema, own, await this.#form(), besides),
      );
    }
    return this.#once(
      key,
      async () => filledIn(this.sql, this.schema, await this.#form(form), besides),
    );
  }

  /** The form that personas are read in: the one that is named, or the only one that there is. */
  async #form(name?: string): Promise<Form> {
    const own = this.provenance.source === "study";
    const forms = own ? await this.forms() : name === undefined ? [restoredForm()] : [];
    return onlyForm(this.schema, forms, name);
  }

  /**
   * The same personas in columns, their categories only, for as many as there may be: read whenever it is
   * asked for, and not kept.
   *
   * @param form as of {@link demographics}
   * @param factors whether the factors of a study of one's own are columns as well
   */
  async people(form?: string, factors = false): Promise<Columns> {
    const own = this.provenance.source === "study";
    const made = await people(this.sql, this.schema, own, await this.#form(form), factors);
    return from(made, this.#sources);
  }

  /** The forms of the personas in a study of one's own; none in restored data. */
  forms(): Promise<readonly Form[]> {
    return this.provenance.source === "study"
      ? this.#once("forms", () => formsIn(this.sql, this.schema))
      : Promise.resolve([]);
  }

  /**
   * What became of the fields of a study's personas: by factor, form and field, status (`given and
   * kept`, `given and changed`: the writer was shown it; `in list`, `off list`: of a choice; `written`;
   * `empty`) and n (personas). Fields in the order of their form.
   */
  statuses(): Promise<DataFrame> {
    return this.#once("statuses", () => statuses(this.sql, this.schema));
  }

  /**
   * The same personas as their models wrote them: model, population, model_print, population_print,
   * profile, repetition, and each field of the form, by its category where that is one of a known list,
   * else as written; null where there is none, and where one placeholder stands for all, as in the
   * reconstruction.
   *
   * @param besides `with`, as of {@link sheets}
   * @throws {Error} when the personas of a study were written in several forms: then {@link personas} of one
   */
  biographies(besides: Besides = {}): Promise<DataFrame> {
    const own = this.provenance.source === "study";
    const key = `biographies ${JSON.stringify(besides)}`;
    return this.#once(
      key,
      async () => biographies(this.sql, this.schema, own, await this.#form(), besides),
    );
  }

  /**
   * Every administration that is listed, one row each in order of their ids, answered or not: instrument,
   * model, condition, population, profile, administration, items (of the instrument), answered (items
   * with an answer), answers (more than `answered` where an item was answered repeatedly), least, most
   * (the lowest and the highest answer).
   */
  administered(): Promise<DataFrame> {
    const own = this.provenance.source === "study";
    return this.#once("administered", () => administered(this.sql, this.schema, own));
  }

  /**
   * The instruments that sheets may be answers to, by name: in a study of one's own as they were when
   * they were planned, of several languages the English one; in restored data those that packages bring.
   */
  instruments(): Promise<readonly Instrument[]> {
    return this.provenance.source === "study"
      ? this.#once("instruments", () => instruments(this.sql, this.schema))
      : Promise.resolve(registered().toSorted((a, b) => a.name < b.name ? -1 : 1));
  }

  /**
   * One of {@link instruments}.
   *
   * @throws {Error} when no sheet can be an answer to it
   */
  async instrument(name: string): Promise<Instrument> {
    const all = await this.instruments();
    const found = all.find((one) => one.name === name);
    if (found) return found;
    const known = all.map(({ name }) => name);
    const near = known.length
      ? `: did you mean ${nearest(name, known)}?`
      : ": nothing is planned in it";
    throw new Error(`Schema ${this.schema} knows no instrument ${name}${near}`);
  }

  /** What a page reads on which people are looked at one by one, whenever it is asked for. */
  browsed(): Browsed {
    return this.provenance.source === "study"
      ? made(this.sql, this.schema, () => formsIn(this.sql, this.schema))
      : restored(this.sql, this.schema, restoredForm(), registered());
  }

  /** Closes the connections; what was read stays. At the end of a notebook it says which cells failed. */
  async close(): Promise<void> {
    if (!this.beside) await bottom();
    await this.sql.end();
  }

  #once<T>(key: string, read: () => Promise<T>): Promise<T> {
    const known = this.#reads.get(key) as Promise<T> | undefined;
    if (known) return known;
    const reading = read().then((made) => from(made, this.#sources));
    this.#reads.set(key, reading);
    // A read that failed is made again: the server may have been restarted meanwhile.
    reading.catch(() => this.#reads.delete(key));
    return reading;
  }
}

/**
 * Opens a schema for reading, as the role that cannot write.
 *
 * @param options `schema`: where left out, that of the restored data, or without any the study's;
 *   `copied`: what is read goes into a study of its own, which is what is opened; `beside`: for a page
 *   beside the cells, which opens nothing that they do not have open
 * @throws {Error} when the schema holds no study, with the command that makes one
 */
export async function openDataset(
  options: { schema?: string; copied?: boolean; beside?: boolean } = {},
): Promise<Dataset> {
  const { copied = false, beside = false } = options, quiet = copied || beside;
  const schema = schemaName(options.schema ?? home() ?? settings().studySchema);
  const sql = await connect("reader");
  try {
    const provenance = await (quiet ? provenanceOf : readProvenance)(sql, schema);
    if (!quiet) pass("open", schema);
    return new Dataset(schema, provenance, sql, beside);
  } catch (error) {
    await sql.end();
    throw error;
  }
}
