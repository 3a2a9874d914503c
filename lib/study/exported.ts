/** The files of an exported study: where their rows come from, and what each column is. */

/** A column: its SQL, and what it is. */
type Column = readonly [sql: string, meaning: string];

/** One file. Its rows travel in the order of `keys`, columns of the table `t`, which tell them apart. */
export interface File {
  table: string;
  keys: readonly string[];
  /** About how many bytes a row `t` has. */
  size: string;
  /** What is joined to `t`. */
  joined?: string;
  columns: Readonly<Record<string, Column>>;
  /** The table's other columns come as they are: what they are. */
  others?: string;
}

/** An object or a list of objects as text, since a column of Parquet has one shape. */
const json = (sql: string, meaning: string): Column => [`(${sql})::text`, `${meaning} (JSON)`];
/** A list of numbers or texts. */
const list = (sql: string, meaning: string): Column => [`to_json(${sql})`, `${meaning} (list)`];

const SIZE = "octet_length(t::text)";
const OF_WORK =
  "join work w on w.work = t.work join runs r on r.run = w.run join cells c on c.cell = w.cell";

const RUN: Column = ["r.name", "Name of the run"];
const KIND: Column = [
  "r.kind",
  "What was planned: personas, administrations or a trial of a prompt",
];
/** The cell of a row, with what says most of it; the file `cells` has the rest. */
const CELL: Record<string, Column> = {
  cell: ["c.cell", "Number of the cell, by which the file cells tells all levels"],
  model_id: ["c.model_id", "Id of the model that was asked"],
  model: ["c.model_label", "Label of that model, with that of the writer where it is another"],
  condition: ["c.condition", "Name of the condition"],
  population: ["c.population", "Name that tables give these personas"],
};
const WHO = (of: "t" | "w"): Record<string, Column> => ({
  profile: [`${of}.profile`, "Id of the profile"],
  persona: [
    `${of}.persona`,
    "Id of the persona that is asked, or remade; empty where there is none",
  ],
  repetition: [`${of}.repetition`, "Which of several alike, from 1"],
});
const INSTRUMENT: Record<string, Column> = {
  instrument: ["c.instrument", "Name of the instrument"],
  language: ["c.language", "Its language, ISO 639-1"],
};

export const FILES: Readonly<Record<string, File>> = {
  populations: {
    table: "populations",
    keys: ["name"],
    size: SIZE,
    columns: {
      name: ["t.name", "Name of the population"],
      role: ["t.role", "reference, control (the random control of another) or other"],
      control_of: ["t.control_of", "Name of the population whose control it is"],
      origin: ["t.origin", "Where it came from"],
      instrument: ["t.instrument", "What its profiles answered; empty: nothing"],
      language: ["t.language", "Language of that instrument, ISO 639-1"],
    },
  },
  variables: {
    table: `(
      select p.name as population, v.place, v.variable
      from populations p cross join jsonb_array_elements(p.codebook)
        with ordinality as v(variable, place))`,
    keys: ["population", "place"],
    size: SIZE,
    columns: {
      population: ["t.population", "Name of the population"],
      place: ["t.place::int", "Place in its codebook, from 1"],
      name: ["t.variable->>'name'", "Name of the variable, as in `values`"],
      label: ["t.variable->>'label'", "The variable in words, as models are shown it"],
      kind: ["t.variable->>'kind'", "category, ordered, number or text"],
      levels: json(
        "t.variable->'levels'",
        "Values of a category in their order, each with its words",
      ),
      unit: ["t.variable->>'unit'", "Unit of a number"],
    },
  },
  profiles: {
    table: "profiles",
    keys: ["population", "profile"],
    size: SIZE,
    columns: {
      population: ["t.population", "Name of the population"],
      profile: ["t.profile", "Id of the profile in it"],
      answers: list(
        "t.answers",
        "One answer per item of the population's instrument, in item order",
      ),
      values: json('t."values"', "What is known of it by variable of the population's codebook"),
      stratum: ["t.stratum", "Stratum from which it was drawn"],
      weight: ["t.weight", "How much it counts"],
    },
  },
  instruments: {
    table: "instruments",
    keys: ["name", "language"],
    size: SIZE,
    columns: {
      name: ["t.name", "Name of the instrument"],
      language: ["t.language", "Its language, ISO 639-1"],
      definition: json(
        "t.definition",
        "Items, options and scoring, as `instrumentFrom` reads them",
      ),
    },
  },
  forms: {
    table: "forms",
    keys: ["name"],
    size: SIZE,
    columns: {
      name: ["t.name", "Name of the form"],
      definition: json("t.definition", "Fields and how they are shown, as `formFrom` reads them"),
    },
  },
  prompts: {
    table: "prompts",
    keys: ["hash"],
    size: SIZE,
    columns: {
      hash: ["t.hash", "Hash of its texts"],
      purpose: ["t.purpose", "persona or administration"],
      version: ["t.version", "Version of the prompt"],
      language: ["t.language", "Its language, ISO 639-1"],
      system: ["t.system", "The system message, with its places"],
      user: ['t."user"', "The user's message, with its places"],
      note: ["t.note", "What its author says of it"],
      parent: ["t.parent", "Hash of the prompt that it was made from"],
      created: ["t.created", "When the study first had it"],
    },
  },
  runs: {
    table: "runs",
    keys: ["run"],
    size: SIZE,
    columns: {
      run: ["t.name", "Name of the run"],
      kind: ["t.kind", KIND[1]],
      created: ["t.created", "When it was registered"],
      plan: json(
        "t.plan",
        "The plan as it was registered: models, prompts, conditions, settings, seed",
      ),
      code: ["t.code", "Version of the code"],
      ...Object.fromEntries(["calls", "tokens", "usd"].flatMap((kind): [string, Column][] => [
        [`budget_${kind}`, [`t.budget_${kind}::float8`, `Limit of ${kind}; empty: none`]],
        [kind, [`t.${kind}::float8`, `Spent: ${kind}`]],
        [`lost_${kind}`, [`t.lost_${kind}::float8`, `Spent at most without a reply: ${kind}`]],
      ])),
    },
  },
  cells: {
    table: "cells",
    keys: ["cell"],
    size: SIZE,
    // The persona's condition stands in the plan that wrote it.
    joined: `
      join runs r on r.run = t.run
      left join lateral (
        select one.value as definition
        from cells w join runs o on o.run = w.run,
             jsonb_array_elements(o.plan->'conditions') as one
        where w.setting = coalesce(t.writing, t.setting) and w.population = t.population
          and o.kind = 'personas' and one->>'name' = t.condition
        order by w.cell limit 1
      ) set on true`,
    columns: {
      cell: ["t.cell", "Number of the cell: one combination of levels in one run"],
      run: RUN,
      kind: KIND,
      population: ["t.population", CELL.population![1]],
      model_id: ["t.model_id", CELL.model_id![1]],
      asks: json("t.model", "The model as it was asked: provider, parameters, limits"),
      set: json("set.definition", "What the condition sets: scales, doses and variables"),
      shown: json("t.shown", "How items and answers are laid out, and what is changed before"),
      prompt_hash: ["t.prompt", "Hash of the prompt"],
      respondents: ["t.respondents", "Population of the profiles; empty: the study's reference"],
      setting: ["t.setting", "Hash of all that replies depend on but profile and repetition"],
      writing: ["t.writing", "The setting in which the personas were written that are asked"],
      blocks: ["t.blocks", "Calls that a sheet takes"],
    },
  },
  requests: {
    table: "requests",
    keys: ["request"],
    size: "octet_length(t.sent) + octet_length(t.reply)",
    joined: OF_WORK,
    columns: {
      request: ["t.request", "Number of the request"],
      created: ["t.created", "When its reply was stored"],
      run: RUN,
      kind: KIND,
      ...CELL,
      ...WHO("w"),
      state: ["w.state::text", "Where the work stands"],
      reason: ["w.reason", "Kind of failure"],
      detail: ["w.detail", "Particulars of the failure"],
      key: ["t.key", "Hash of the question, by which `--recorded-from` finds its reply"],
      ask: ["t.ask", "How often the same was asked before"],
      provider: ["t.provider", "Whose reply it is"],
      sent: ["t.sent", "Body of the request, without any key"],
      reply: ["t.reply", "Body of the reply, as it came"],
      milliseconds: [
        "t.milliseconds",
        "How long the last attempt took; empty where the reply came in a batch",
      ],
      attempts: ["t.attempts", "Requests that were made until it came"],
      tokens_in: ["t.tokens_in::float8", "Tokens that were read"],
      tokens_out: ["t.tokens_out::float8", "Tokens that were written"],
      usd: ["t.usd", "Price of the reply, USD; empty: unknown"],
    },
  },
  personas: {
    table: "personas",
    keys: ["id"],
    size: SIZE,
    joined: OF_WORK,
    columns: {
      id: ["t.id", "Id of the persona"],
      work: ["t.work", "Number of the piece of work that it came of"],
      cell: CELL.cell!,
      model_label: ["c.model_label", "Label of the writer"],
      condition: CELL.condition!,
      ref_personality_id: ["t.ref_personality_id", "Id of the profile"],
      population: ["t.population", CELL.population![1]],
      model: ["t.model", "Id of the writer, with the plan's variant"],
      repetitions: ["t.repetitions", "Which of several of its profile, from 1"],
      form: ["t.form", "Name of its form"],
      parent: ["t.parent", "Id of the persona that it was made from"],
      shown: list("t.shown", "Answers of the profile that the writer was shown, in item order"),
      changed: list("t.changed", "Numbers of the items that the condition set"),
      shown_values: json("t.shown_values", "What the writer was shown of the profile's variables"),
      changed_values: list("t.changed_values", "Variables that the condition set"),
      fields: json("t.fields", "What was written, by field of the form"),
      cleaned: json("t.cleaned", "The same as categories, where the form has any"),
      status: json("t.status", "What became of each field"),
      words: json("t.words", "Words of each text"),
      flags: list("t.flags", "What was mended to read it"),
    },
    others: "As in the published table; empty where the form has no such field",
  },
  sheets: {
    table: "administrations",
    keys: ["work"],
    size: SIZE,
    joined: "join cells c on c.cell = t.cell join runs r on r.run = c.run",
    columns: {
      work: ["t.work", "Number of the piece of work: one call"],
      administration: ["t.sheet", "Which sheet the call is part of: the work of its first call"],
      run: RUN,
      ...INSTRUMENT,
      ...CELL,
      ...WHO("t"),
      answers: list("t.answers", "Codes in item order; empty where an item has no answer"),
      items: list("t.items", "Numbers of the items in the order in which they were shown"),
      options: ["to_json(t.options)", "Codes in the order shown: one list, or one per item (JSON)"],
      flags: list("t.flags", "What was mended to read it, and what is odd in it"),
      explanation: ["t.explanation", "What the reply says of all answers"],
      reasons: list("t.reasons", "What it says of each, in item order"),
      answered: ["t.answered", "When it was stored"],
    },
  },
  work: {
    table: "work",
    keys: ["work"],
    size: SIZE,
    joined: "join runs r on r.run = t.run join cells c on c.cell = t.cell",
    columns: {
      work: ["t.work", "Number of the piece of work: one call"],
      run: RUN,
      kind: KIND,
      ...CELL,
      ...WHO("t"),
      block: ["t.block", "Which call of a sheet it is, from 1"],
      state: [
        "t.state::text",
        "planned, claimed, submitted (in a batch), done, failed or skipped (another run has it)",
      ],
      reason: ["t.reason", "Kind of failure"],
      detail: ["t.detail", "Particulars of the failure"],
      attempts: ["t.attempts", "How often a process took it"],
      started: ["t.started", "When it was last taken"],
      finished: ["t.finished", "When it ended"],
    },
  },
  faults: {
    table: "faults",
    keys: ["fault"],
    size: SIZE,
    joined: OF_WORK,
    columns: {
      fault: ["t.fault", "Number of the fault"],
      created: ["t.created", "When it was kept"],
      run: RUN,
      work: ["t.work", "Number of the piece of work"],
      cell: CELL.cell!,
      model_id: CELL.model_id!,
      kind: ["t.kind", "Kind of fault"],
      message: ["t.message", "What went wrong, in one line"],
      attempts: ["t.attempts", "Requests that were made"],
      body: ["t.body", "Beginning of what came instead of a reply"],
    },
  },
};
