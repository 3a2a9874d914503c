/** What is known of the respondents that rows are of, as columns beside them. */
import type postgres from "postgres";
import { type Codebook, type Value, type Values, wordsOf } from "../codebook.ts";
import { nearest } from "../format.ts";
import type { Kind } from "../frames.ts";

/** Which of a respondent's attributes a frame has besides. */
export interface Besides {
  /**
   * Names of variables of the profiles' codebook, `weight`, `stratum`; or `all` of them. A variable whose
   * name the frame has already stands as `profile_NAME`.
   */
  with?: readonly string[] | "all";
}

/** A row that says whom it is of. */
interface Of {
  profile?: number | null;
  profile_population?: string | null;
}

/** The columns that are asked for, and what a row has in them. */
export interface Attributes {
  columns: Readonly<Record<string, Kind>>;
  of: (row: object) => Record<string, Value>;
}

const NONE: Attributes = { columns: {}, of: () => ({}) };

/**
 * Reads attributes of profiles. Values of categories are their labels; a number is a whole one where all
 * are. What a population does not have is null.
 *
 * @param taken columns that the frame has
 * @throws {Error} when no population has such a variable, naming those there are
 */
export async function attributesOf(
  sql: postgres.Sql,
  schema: string,
  { with: names = [] }: Besides,
  taken: readonly string[],
): Promise<Attributes> {
  if (!names.length) return NONE;
  const [study] = await sql`select to_regclass(${`${schema}.populations`}) as there`;
  if (!study!.there) {
    throw new Error(`Nothing is known of the respondents of schema ${schema} but their answers`);
  }
  const books = await sql<{ name: string; codebook: Codebook }[]>`
    select name, codebook from ${sql(schema)}.populations where role <> 'control' order by name`;
  const variables = [...new Set(books.flatMap(({ codebook }) => codebook.map(({ name }) => name)))];
  const known = ["stratum", "weight", ...variables];
  const asked = names === "all" ? known : names;
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length) {
    throw new Error(
      `The profiles of schema ${schema} have no ${unknown.join(", ")}: did you mean ` +
        `${nearest(unknown[0]!, known)}? There are ${known.join(", ")}`,
    );
  }
  const rows = await sql<
    (Of & { values: Values; stratum: string | null; weight: number | null })[]
  >`
    select p.population as profile_population, p.profile, p.values, p.stratum, p.weight
    from ${sql(schema)}.profiles p
    join ${sql(schema)}.populations o on o.name = p.population and o.role <> 'control'`;
  const of = new Map(books.map(({ name, codebook }) => [
    name,
    new Map(codebook.map((variable) => [variable.name, variable])),
  ]));
  const people = new Map<string, Map<number, Record<string, Value>>>();
  for (const { profile_population, profile, values, stratum, weight } of rows) {
    const own = people.get(profile_population!) ?? new Map();
    people.set(profile_population!, own);
    const said = asked.map((name): [string, Value] => {
      if (name === "stratum" || name === "weight") return [name, { stratum, weight }[name]];
      const variable = of.get(profile_population!)!.get(name);
      const value = variable ? values[name] ?? null : null;
      return [
        name,
        value === null || variable!.kind === "number" ? value : wordsOf(variable!, value),
      ];
    });
    own.set(profile!, Object.fromEntries(said));
  }
  const columnOf = (name: string) => taken.includes(name) ? `profile_${name}` : name;
  const all = [...people.values()].flatMap((own) => [...own.values()]);
  const kindOf = (name: string): Kind => {
    if (name === "weight") return "number";
    const values = all.map((one) => one[name]!).filter((value) => value !== null);
    return !values.length || values.some((value) => typeof value === "string")
      ? "text"
      : values.every(Number.isInteger)
      ? "integer"
      : "number";
  };
  const kinds = asked.map((name) => [name, kindOf(name)] as const);
  return {
    columns: Object.fromEntries(kinds.map(([name, kind]) => [columnOf(name), kind])),
    of: (row) => {
      const { profile_population, profile } = row as Of;
      const own = people.get(profile_population ?? "")?.get(profile ?? -1);
      return Object.fromEntries(kinds.map(([name, kind]) => {
        const value = own?.[name] ?? null;
        // Two populations may mean different things by one name.
        return [columnOf(name), kind === "text" && value !== null ? String(value) : value];
      }));
    },
  };
}
