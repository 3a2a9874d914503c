/** The reads of a page of people from a study of one's own. */
import { isCategorised } from "../../cleaning.ts";
import type { Field, Form } from "../../forms.ts";
import { Collected, type Kind } from "../../frames.ts";
import type { Instrument } from "../../instruments.ts";
import {
  among,
  type Browsed,
  type Call,
  found,
  isPlain,
  list,
  type Part,
  pattern,
  type PersonaBehind,
  type ProfileBehind,
  scored,
  scoresOf,
  type Sql,
  texts,
} from "../browse.ts";
import { ASKED, askedLevels, WRITTEN, writtenLevels } from "../factors.ts";
import { bannerOf, provenanceOf } from "../origin.ts";
import { kindOf } from "../read.ts";

/** A text of at most so many letters stands in a row. */
const SHORT = 60;
/** So many personas show how long the texts of a field are. */
const LOOKED_AT = 500;

/** Flags with particulars (`unreadable: 3, 7`) by their first words. */
const flagged = (flags: readonly string[]): string | null =>
  [...new Set(flags.map((flag) => flag.split(":")[0]!))].join(", ") || null;

const isLongText = (field: Field): boolean => field.kind === "text" && !isCategorised(field);

/** What is read of a study of one's own. */
export function made(sql: Sql, schema: string, forms: () => Promise<readonly Form[]>): Browsed {
  const at = sql(schema);
  const definitions = async () =>
    (await sql<{ definition: Instrument }[]>`
      select definition from ${at}.instruments order by name, language = 'en' desc, language`)
      .map(({ definition }) => definition);
  const callsOf = async (works: readonly number[]) => {
    const rows = await sql<(Call & { id: number })[]>`
      select coalesce(w.sheet, w.work) as id, q.provider, q.sent, q.reply, q.milliseconds, q.usd
      from ${at}.work w join ${at}.requests q on q.work = w.work
      where w.work = any(${list(works)}::int[]) or w.sheet = any(${list(works)}::int[])
      order by q.work, q.request`;
    return Map.groupBy(rows, ({ id }) => id);
  };
  /** Which texts are so short that they stand in rows. */
  const shortIn = async ({ name, fields }: Form): Promise<Set<string>> => {
    const open = fields.filter(isLongText);
    if (!open.length) return new Set();
    const rows = await sql<{ fields: Record<string, string | null> }[]>`
      select fields from ${at}.personas where form = ${name} order by id limit ${LOOKED_AT}`;
    return new Set(
      open.map(({ name }) => name).filter((name) =>
        rows.every(({ fields }) => [...fields[name] ?? ""].length <= SHORT)
      ),
    );
  };
  return {
    async personas() {
      const levels = await writtenLevels(sql, schema);
      const all = await forms();
      const short = new Map<string, Set<string>>();
      for (const form of all) short.set(form.name, await shortIn(form));
      const kinds = new Map<string, [Part, Kind]>([
        ["id", ["hidden", "integer"]],
        ["population", ["hidden", "text"]],
        ["profile_population", ["factor", "text"]],
        ["model", ["factor", "text"]],
        ["condition", ["factor", "text"]],
        ...["form", "prompt", "variant"].map((name) => [name, ["factor", "text"]] as const),
        ["profile", ["factor", "integer"]],
        ["repetition", ["factor", "integer"]],
      ] as [string, [Part, Kind]][]);
      for (const form of all) {
        for (const field of form.fields) {
          const { name } = field;
          if (isLongText(field) && !short.get(form.name)!.has(name)) {
            kinds.set(`${name} words`, ["field", "integer"]);
          } else kinds.set(name, ["field", isCategorised(field) ? "text" : kindOf(field)]);
        }
      }
      kinds.set("state", ["state", "text"]).set("flags", ["state", "text"]);
      kinds.set("hash", ["hidden", "integer"]);
      const rows = new Collected(
        Object.fromEntries([...kinds].map(([name, [, kind]]) => [name, kind])),
      );
      const fieldsOf = new Map(all.map(({ name, fields }) => [name, fields]));
      // What is long stays where it is.
      const long = all.flatMap(({ name, fields }) =>
        fields.filter((field) => isLongText(field) && !short.get(name)!.has(field.name))
      ).map(({ name }) => name);
      await sql`
        select w.work as id, w.cell, w.profile, w.repetition, c.population,
               case when w.state = 'failed' then 'failed: ' || w.reason else 'done' end as state,
               p.form, to_jsonb(p.flags) as flags, p.fields - ${
        texts(sql, long)
      } as fields, p.cleaned, p.words,
               hashtext(p.fields::text) >> 1 as hash
        from ${at}.work w
        join ${at}.cells c on c.cell = w.cell
        join ${at}.runs r on r.run = w.run and r.kind = 'personas'
        left join ${at}.personas_written p on p.work = w.work
        where w.state in ('done', 'failed') order by w.work`.forEach((row) => {
        const { fields, cleaned, words, flags, form, ...keys } = row;
        const { writer, ...level } = levels.get(row.cell) ?? {};
        const own: Record<string, unknown> = {};
        for (const field of fieldsOf.get(form) ?? []) {
          const { name } = field;
          if (isCategorised(field)) own[name] = cleaned[name];
          else if (name in fields) own[name] = fields[name];
          if (long.includes(name)) own[`${name} words`] = words[name];
        }
        // A form tells a failed persona nothing: its plan's is in the levels.
        rows.add({ ...own, ...keys, ...level, model: writer, flags: flagged(flags ?? []) });
      });
      return { rows, parts: new Map([...kinds].map(([name, [part]]) => [name, part])) };
    },
    async sheets() {
      const levels = await askedLevels(sql, schema);
      const { names, of } = await scored(sql, schema, true, await definitions());
      const factors = Object.keys({ ...WRITTEN, ...ASKED }).filter((name) => name !== "writer");
      const parts: [string, Part, Kind][] = [
        ["id", "hidden", "integer"],
        ["of", "hidden", "integer"],
        ["population", "hidden", "text"],
        ["instrument", "factor", "text"],
        ["model", "factor", "text"],
        ...factors.filter((name) => name !== "instrument")
          .map((name): [string, Part, Kind] => [name, "factor", "text"]),
        ["profile", "factor", "integer"],
        ["persona", "factor", "integer"],
        ["repetition", "factor", "integer"],
        ...names.map((name): [string, Part, Kind] => [name, "score", "number"]),
        ["missing", "state", "integer"],
        ["hash", "hidden", "integer"],
        ["state", "state", "text"],
        ["flags", "state", "text"],
      ];
      const rows = new Collected(Object.fromEntries(parts.map(([name, , kind]) => [name, kind])));
      await sql`
        select s.id, s.state, s.flags, w.cell, w.profile, w.repetition, c.population,
               p.work as of, p.repetitions as persona
        from (
          select coalesce(w.sheet, w.work) as id,
                 coalesce('failed: ' || min(w.reason) filter (where w.state = 'failed'), 'done')
                   as state,
                 to_jsonb(array_remove(array_agg(distinct f.flag), null)) as flags
          from ${at}.work w
          join ${at}.runs r on r.run = w.run and r.kind = 'administrations'
          left join ${at}.administrations a on a.work = w.work
          left join lateral unnest(a.flags) f(flag) on true
          where w.state in ('done', 'failed') group by 1
        ) s
        join ${at}.work w on w.work = s.id
        join ${at}.cells c on c.cell = w.cell
        left join ${at}.personas_written p on p.id = w.persona
        order by s.id`.forEach((row) => {
        const { flags, ...keys } = row;
        const { writer, ...level } = levels.get(row.cell) ?? {};
        const { scores = {}, missing = null, hash = null } = of.get(row.id) ?? {};
        rows.add({
          ...keys,
          ...level,
          model: writer,
          ...scores,
          missing,
          hash,
          flags: flagged(flags),
        });
      });
      return { rows, parts: new Map(parts.map(([name, part]) => [name, part])) };
    },
    find(words) {
      const exact = words.every(isPlain);
      const rows = sql`
        select work as id, ${exact ? sql`null` : sql`text`} as text
        from (
          select p.work, (select string_agg(value, chr(10)) from jsonb_each_text(p.fields)) as text
          from ${at}.personas p
        ) t
        where text ilike all(${texts(sql, words.map(pattern))}) order by 1`;
      return found(rows, words);
    },
    async behindProfiles(keys) {
      const asked = JSON.stringify(
        keys.map(([population, profile]) => ({ population, profile })),
      );
      const rows = await sql<Omit<ProfileBehind, "scores">[]>`
        select p.population, p.profile, o.codebook, p.values, p.stratum, p.weight, o.instrument,
               o.language, to_jsonb(p.answers) as answers
        from ${at}.profiles p
        join ${at}.populations o on o.name = p.population
        join jsonb_to_recordset(${asked}::text::jsonb) as k(population text, profile int)
          on k.population = p.population and k.profile = p.profile`;
      const known = await definitions();
      return rows.map((row) => ({
        ...row,
        scores: scoresOf(among(known, row.instrument, row.language), row.answers),
      }));
    },
    async behindPersonas(ids) {
      const rows = await sql<
        (Omit<PersonaBehind, "calls" | "shown_scores"> & {
          instrument: string | null;
          language: string | null;
        })[]
      >`
        select w.work as id, p.form, coalesce(p.fields, '{}') as fields,
               coalesce(p.cleaned, '{}') as cleaned, coalesce(p.status, '{}') as status,
               to_jsonb(nullif(p.shown, '{}')) as shown, coalesce(to_jsonb(p.changed), '[]') as changed,
               coalesce(to_jsonb(p.changed_values), '[]') as changed_values,
               coalesce(p.shown_values, '{}') as shown_values,
               coalesce(to_jsonb(p.flags), '[]') as flags,
               case when w.state = 'failed' then coalesce(w.detail, w.reason) end as trouble,
               o.instrument, o.language
        from ${at}.work w
        join ${at}.cells c on c.cell = w.cell
        join ${at}.populations o
          on case when c.respondents is null then o.role = 'reference' else o.name = c.respondents end
        left join ${at}.personas_written p on p.work = w.work
        where w.work = any(${list(ids)}::int[]) order by w.work`;
      const calls = await callsOf(ids), known = await definitions();
      return rows.map(({ instrument, language, ...row }) => ({
        ...row,
        shown_scores: scoresOf(among(known, instrument, language), row.shown),
        calls: calls.get(row.id) ?? [],
      }));
    },
    async behindSheets(ids) {
      const rows = await sql<
        {
          id: number;
          instrument: string;
          language: string;
          items: number[] | null;
          answers: (number | null)[] | null;
          explanation: string | null;
          reasons: (string | null)[] | null;
          flags: string[];
          trouble: string | null;
        }[]
      >`
        select coalesce(w.sheet, w.work) as id, c.instrument, c.language,
               to_jsonb(a.items) as items, to_jsonb(a.answers) as answers, a.explanation,
               to_jsonb(a.reasons) as reasons, coalesce(to_jsonb(a.flags), '[]') as flags,
               case when w.state = 'failed' then coalesce(w.detail, w.reason) end as trouble
        from ${at}.work w
        join ${at}.cells c on c.cell = w.cell
        left join ${at}.administrations a on a.work = w.work
        where w.work = any(${list(ids)}::int[]) or w.sheet = any(${list(ids)}::int[])
        order by w.work`;
      const calls = await callsOf(ids), known = await definitions();
      // A sheet is as many rows as it was asked in.
      return [...Map.groupBy(rows, ({ id }) => id)].map(([id, blocks]) => {
        const width = Math.max(0, ...blocks.map(({ answers }) => answers?.length ?? 0));
        const merged = <T>(of: (block: (typeof rows)[number]) => readonly (T | null)[] | null) =>
          Array.from(
            { length: width },
            (_, at) =>
              blocks.filter(({ items }) => items?.includes(at + 1))
                .map((block) => of(block)?.[at] ?? null).find((value) => value !== null) ?? null,
          );
        const words = (of: (block: (typeof rows)[number]) => string | null) =>
          blocks.flatMap((block) => of(block) ?? []).join("\n") || null;
        const { instrument, language } = blocks[0]!, answers = merged(({ answers }) => answers);
        return {
          id,
          instrument,
          language,
          answers,
          scores: scoresOf(among(known, instrument, language), answers),
          explanation: words(({ explanation }) => explanation),
          reasons: blocks.some(({ reasons }) => reasons) ? merged(({ reasons }) => reasons) : null,
          flags: blocks.flatMap(({ flags }) => flags),
          trouble: words(({ trouble }) => trouble),
          calls: calls.get(id) ?? [],
        };
      });
    },
    line: async () => bannerOf(await provenanceOf(sql, schema)),
    async asked() {
      const [row] = await sql`select exists (select from ${at}.requests) as there`;
      return row!.there;
    },
    instruments: definitions,
    forms,
  };
}
