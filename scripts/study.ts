/** `deno task study`: a study from the plan to the files, without a notebook and on the same code. */
import { join } from "node:path";
import pl from "polars";
import { CONDITIONS } from "lib/paper/conditions.ts";
import { settings } from "lib/config.ts";
import { nearest, plural, whole } from "lib/format.ts";
import { tableText } from "lib/notebook.ts";
import { type Command, main, UsageError } from "./cli.ts";
import { browsing } from "./study/browse.ts";
import { handOut, takeIn } from "./study/cluster.ts";
import { type Flags, none, text } from "./study/flags.ts";
import { newStudy } from "./study/new.ts";
import { planAdministrations, planPersonas, preview } from "./study/plan.ts";
import { faults, leftOf, reasons, runs, statusOf, typed, within } from "./study/place.ts";
import { population } from "./study/population.ts";
import { validity } from "./study/validity.ts";
import { counted, endBatches, estimate, nextOf, PILOT, printBatches, run } from "./study/run.ts";

async function stop(flags: Flags, words: string[]): Promise<void> {
  const names = runs(words);
  await within(flags, false, async (lab) => {
    for (const now of await statusOf(lab, names)) {
      await lab.stop(now.run);
      console.log(
        now.claimed
          ? `${now.run} was asked to stop: its processes finish what is in flight, and end`
          : `${now.run}: nobody works on it now, and ${
            leftOf(now) ? `${whole(leftOf(now))} are left` : "nothing is left to do"
          }`,
      );
      if (leftOf(now)) console.log(`Go on: ${typed(lab, `run ${now.run}`)}`);
    }
  });
}

async function status(flags: Flags, words: string[]): Promise<void> {
  await within(flags, false, async (lab) => {
    if (!words.length) {
      const frame = (await lab.status()).select(
        pl.col("run"),
        pl.col("kind"),
        pl.col("to_do").add(pl.col("claimed")).add(pl.col("submitted")).alias("left"),
        pl.col("claimed").alias("under way"),
        pl.col("submitted").alias("in batches"),
        ...["done", "failed", "skipped", "calls", "tokens", "usd"].map((name) => pl.col(name)),
      );
      console.log(tableText(frame, `Runs of schema ${lab.schema}`));
    }
    const named = words.length ? await statusOf(lab, runs(words)) : [];
    for (const now of named) {
      const own = await lab.flow(now.run);
      console.log(tableText(own.drop("run", "kind"), counted(now)));
      await printBatches(lab, now.run);
      const why = [...await reasons(lab, now.run), ...await faults(lab, now.run)];
      for (const line of [...why, ...await nextOf(lab, now)]) console.log(line);
    }
    console.log(await lab.banner());
  });
}

async function retryFailed(flags: Flags, words: string[]): Promise<void> {
  const names = runs(words, 1);
  const reason = text(flags, "reason");
  await within(flags, false, async (lab) => {
    const [now] = await statusOf(lab, names);
    const why = await reasons(lab, now!.run);
    const n = await lab.retryFailed(now!.run, reason);
    if (n) {
      console.log(`${plural(n, "piece")} of work of ${now!.run} planned once more`);
      console.log(`Next: ${typed(lab, `run ${now!.run}`)}`);
    } else if (now!.failed) {
      console.log(`Nothing failed for a reason that contains ${JSON.stringify(reason)}:`);
      for (const line of why) console.log(line);
    } else console.log(`Nothing of ${now!.run} has failed`);
  });
}

async function exporting(flags: Flags, words: string[]): Promise<void> {
  none(words);
  await within(flags, false, async (lab) => {
    const folder = text(flags, "out") ?? join(settings().outDir, "study", lab.schema);
    for (const { file, rows } of await lab.export(folder)) {
      console.log(`${whole(rows).padStart(9)} rows  ${file}`);
    }
    console.log(await lab.banner());
  });
}

// The commands

const WIDTH = 24;

/** A flag as its help names it, `--yes, -y` or `--budget-usd X`, what it means, and whether it may be repeated. */
type Option = readonly [flag: string, meaning: string, repeated?: "repeated"];

/** Flags and what they mean, in two columns of 24 and 76 letters. */
function listed(of: readonly (readonly [string, string, ...unknown[]])[]): string {
  return of.flatMap(([flag, meaning]) => {
    const head = `  ${flag}`;
    const lines = meaning.match(/.{1,76}(?: |$)/g)!.map((line) => " ".repeat(WIDTH) + line.trim());
    return head.length < WIDTH
      ? [head.padEnd(WIDTH) + lines[0]!.trim(), ...lines.slice(1)]
      : [head, ...lines];
  }).join("\n");
}

/** What the parser of arguments needs to know of flags: those with a word behind them take a value. */
const flagsOf = (of: readonly Option[]): Command["flags"] =>
  Object.fromEntries(of.map(([flag, , repeated]) => {
    const [, name, short, value] = /^--([\w-]+)(?:, -(\w))?( .+)?$/.exec(flag)!;
    return [name!, {
      type: value ? "string" : "boolean",
      ...short && { short },
      multiple: repeated !== undefined,
    }];
  }));

const SCHEMA: Option = ["--schema NAME", "the study (default: STUDY_SCHEMA, or study)"];

const PLAN_OPTIONS: readonly Option[] = [
  [
    "--variant NAME",
    "tells what this plan makes from what another made with the same model and " +
    "condition, as with another prompt; in tables it stands beside the model",
  ],
  ["--name NAME", "of the run (default: made from what is planned)"],
  SCHEMA,
];

const PLANNING = "Planning asks nothing and costs nothing. The same plan again is the same run.";

const RUN_OPTIONS: readonly Option[] = [
  [
    "--budget-usd X",
    "hard limit of the run in USD, over all processes that work on it and with all " +
    "that was spent on it before; checked before every call, with what is in flight",
  ],
  ["--budget-calls N", "the same in calls"],
  [
    "--budget-tokens N",
    "the same in tokens, asked and replied. Limits given together hold together, and " +
    "stay with the run until others are given, which take their place",
  ],
  [
    "--concurrency N",
    "at most so many calls of each model at a time (default: the model's own, or " +
    "64). How many it really is, the pace finds out from what the provider bears",
  ],
  [
    "--allow-truncated",
    "goes on where a whole reply does not fit into the model's max_tokens, and " +
    "where replies are cut off there time and again; else the run ends then",
  ],
  [
    "--yes, -y",
    "do not ask whether to go on. Without a terminal a run that may cost money needs a " +
    "budget with it, or --yes and the budget that it has",
  ],
];

interface Sub {
  /** One line, as typed. */
  usage: string;
  /** What it does. */
  about: string;
  options: readonly Option[];
  /** What is said below its options. */
  after?: string;
  run: (flags: Flags, words: string[]) => Promise<number | void>;
}

const helpOf = ({ about, options, after }: Sub): string =>
  [about, listed(options), after].filter((part) => part).join("\n\n");

const PLANS: Record<string, Sub> = {
  "plan personas": {
    usage: "deno task study plan personas --model ID … [--condition NAME …] [--repetitions N] …",
    about:
      `Plans personas: each profile under each condition, written by each model so many times.`,
    options: [
      ["--model ID", "who writes; for several repeat it, or put commas between them", "repeated"],
      [
        "--condition NAME",
        `${CONDITIONS.map(({ name }) => name).join(", ")}, or a dose: N=3, ` +
        "N=3+P=2; of attributes sex:female, sex:female<->male (the two change places), or, with " +
        "=, --condition=-town (left out). Default: Base, MaxN and MaxP; several as above",
        "repeated",
      ],
      ["--repetitions N", "personas of each profile under each condition (default: 1)"],
      [
        "--first-repetition N",
        "number of the first of them (default: 1): 6, with --repetitions " +
        "5, adds 6 to 10",
      ],
      ["--profiles N", "only the first so many profiles (default: all)"],
      [
        "--population NAME",
        "reference: the 826 published profiles (default); random: their " +
        "random control; FILE.csv, read as deno task study population says; or one that the study " +
        "has, by its name (default: the first that it was given)",
      ],
      [
        "--instrument-of-profiles NAME",
        "what columns of FILE.csv that are headed by a number are " +
        "answers to: epqra (default), bigfive, a file, or none",
      ],
      [
        "--form NAME",
        "what is written: biography (default), or a form of your own, .csv or .json, such as " +
        "dataset/forms/portrait.csv",
      ],
      [
        "--parent NAME",
        "made from each persona of this form that the study has, and of the profile nothing else " +
        "is shown: without --condition and --repetitions",
      ],
      [
        "--prompt VERSION",
        "of lib/prompts/persona-VERSION.md (default: the highest; of profiles " +
        "without items attributes-1; with --form or --parent form-1)",
      ],
      ["--seed N", "chooses the items of doses (default: 1)"],
      ...PLAN_OPTIONS,
    ],
    after: PLANNING,
    run: planPersonas,
  },
  "plan administrations": {
    usage: "deno task study plan administrations --instrument NAME|FILE [--personas 1,2|all] …",
    about: `Plans administrations: each persona of the study fills in a questionnaire.`,
    options: [
      ["--instrument NAME", "epqra, bigfive, or a file of your own, .json or .csv"],
      [
        "--language CODE",
        "epqra in another language of the restored data: es, de, …; a file says " +
        "its own",
      ],
      [
        "--model ID",
        "who answers (default: the model that wrote the persona); for several repeat " +
        "it, or put commas between them",
        "repeated",
      ],
      ["--form NAME", "of which form the personas are that answer (default: biography)"],
      ["--of WHO", "profiles: these answer themselves, without a persona, by the --model named"],
      ["--population NAME", "whose profiles (default: the first that the study was given)"],
      ["--personas LIST", "which repetitions of the personas: 1 (default), 1,2 or all", "repeated"],
      ["--repetitions N", "sheets of each persona (default: 1)"],
      ["--items ORDER", "printed (default), or shuffled anew for each sheet"],
      ["--options ORDER", "printed (default), reversed, or shuffled anew for each sheet"],
      [
        "--coding WORDS",
        "how answers are written: true/false (default where there are two), " +
        "number (default where there are more), yes/no or label",
      ],
      ["--asked N", "so many items a call (default: the whole sheet at once)"],
      [
        "--reason WHEN",
        "before or after each answer, none, or an explanation of all (default: explanation)",
      ],
      [
        "--change NAME",
        "what is changed of whoever answers, all else kept: sex:female<->male; with =, " +
        "--change=-town (left out); or unchanged. Of several each is asked",
        "repeated",
      ],
      [
        "--original-rule",
        "as in the original an incomplete sheet, or one whose answers are all " +
        "alike, is no sheet, and the same is asked up to three times",
      ],
      [
        "--prompt VERSION",
        "of lib/prompts/administration-VERSION.md (default: the highest; with --form or items " +
        "with options of their own general), or published: the original's, verbatim from the restored data",
      ],
      ["--seed N", "draws the orders of items and options (default: 1)"],
      ...PLAN_OPTIONS,
    ],
    after: `${PLANNING}
When more personas have been written, the same plan again takes them in.`,
    run: planAdministrations,
  },
};

const EXIT =
  `Exit status: 0 finished, 1 an error or most of the work failed, 2 wrong arguments, 3 stopped with
work left (Ctrl-C, study stop, budget spent, --limit, “Go on?” answered with no), or in batches`;

const COMMANDS: Record<string, Sub> = {
  new: {
    usage: "deno task study new NAME",
    about:
      `Copies the notebooks that make a study (03a to 05) and those of the tables to studies/NAME, with
NAME as their schema. Nothing else writes, runs or versions them. A folder that is there is refused.`,
    options: [],
    run: newStudy,
  },
  ...PLANS,
  population: {
    usage:
      "deno task study population [FILE.csv] [--codebook FILE] [--instrument NAME] [--name NAME]",
    about: `Gives the study respondents, and shows those that it has, with their codebooks.

A study has any number of populations; the first is the one that plans are about which name none.
FILE is a CSV with a respondent in each row:

${
      listed([
        ["id", "whole numbers, or words; without it respondents are numbered in their order"],
        ["weight, stratum", "what a respondent counts, and the stratum it was drawn from"],
        ["1, 2 …; q1, q2 …", "answers to the items of an instrument"],
        ["any other", "an attribute: numbers, categories or text; an empty cell or NA is unknown"],
      ])
    }`,
    options: [
      [
        "--codebook FILE",
        "a CSV with the columns name, kind (category, ordered, number, text; " +
        "ignored: left out), label, levels (1 = Male; 2 = Female) and unit (default: " +
        "FILE.codebook.csv beside FILE.csv; what it does not describe is inferred)",
      ],
      [
        "--instrument NAME",
        "what columns headed by a number are answers to: epqra (default), bigfive, " +
        "a file, or none: they are attributes",
      ],
      ["--name NAME", "of the population (default: that of the file)"],
      SCHEMA,
    ],
    run: population,
  },
  preview: {
    usage: "deno task study preview RUN [--profile N] [--condition NAME]",
    about: `Shows what a run asks, filled with a real profile or persona. Asks nobody.`,
    options: [
      ["--profile N", "id of the profile (default: the first)"],
      ["--condition NAME", "one of the run's (default: the first)"],
      SCHEMA,
    ],
    run: preview,
  },
  estimate: {
    usage: "deno task study estimate RUN [--pilot [--budget-usd X] [--yes]]",
    about: `Calls, tokens and cost in USD of what a run has left to do, by model.`,
    options: [
      [
        "--pilot",
        `has the first ${PILOT} of each model answered before, and takes the length of ` +
        "replies from them; the other flags are for this",
      ],
      ["--batch", "at the price of batches"],
      ...RUN_OPTIONS,
      SCHEMA,
    ],
    run: estimate,
  },
  run: {
    usage: "deno task study run RUN … [--budget-usd X] [--limit N] [--concurrency N] [--yes]",
    about:
      `Works on runs, one after the other, until nothing is left to do. Where that may cost money it
says how much and asks before it begins. Start it again to go on, elsewhere as well, or several times
at once: a reply that is stored is never bought again. Ctrl-C finishes what is in flight; a second one
ends at once.`,
    options: [
      ...RUN_OPTIONS,
      ["--limit N", "at most so many personas or sheets of each model, then stop"],
      [
        "--batch",
        "asks in batches, where the provider takes them, most often at half the price: takes in what has " +
        "come, sends the rest, and ends. Replies take up to a day: start it again to take them in",
      ],
      ["--wait", "with --batch: does not end before all has come"],
      ["--recorded", "from stored replies only: nobody is asked, and what has no reply fails"],
      [
        "--recorded-from FILE",
        "the same, with the replies in a file: requests.jsonl of study " +
        "export",
      ],
      SCHEMA,
    ],
    after: EXIT,
    run,
  },
  "hand-out": {
    usage: "deno task study hand-out RUN --to DIR [--shards N] [--time T] [--gpus N] …",
    about:
      `Writes what a run has left to ask as files, for a cluster without a network (docs/cluster.md):
shards in OpenAI's batch format, a manifest, and the script of a SLURM array that has each answered by a
server of the model on its own node. Until it is taken in nobody else asks these questions.`,
    options: [
      ["--to DIR", "where to: one folder for each hand-out"],
      [
        "--shards N",
        "how many tasks it can be spread over (default: as many as hold 2,000 questions each)",
      ],
      ["--partition NAME", "of the cluster"],
      ["--time T", "of a task at most, such as 04:00:00; what is left then is queued again"],
      ["--memory SIZE", "of a task, such as 64G"],
      ["--gpus N", "of a task: 1, or a100:2"],
      ["--throttle N", "tasks at a time (default: as many as the cluster gives)"],
      [
        "--serve COMMAND",
        "serves the model on a node; a port is added (default: vllm serve MODEL, as the model is " +
        "named in its entry)",
      ],
      ["--concurrency N", "questions that a task has under way (default: 64)"],
      ...RUN_OPTIONS.filter(([flag]) => !flag.startsWith("--concurrency")),
      SCHEMA,
    ],
    after: EXIT,
    run: handOut,
  },
  "take-in": {
    usage: "deno task study take-in DIR [--end]",
    about:
      `Takes in what has come of a hand-out, finished or not, and reads it: checks its files, says what is
answered and what is missing, and prints the line that submits just that again. Start it as often as you
like: the same files change nothing.`,
    options: [
      ["--end", "nothing more is waited for: what is missing can be asked otherwise"],
      ["--schema NAME", "the study (default: the one that handed it out)"],
    ],
    after: EXIT,
    run: takeIn,
  },
  validity: {
    usage: "deno task study validity RUN [--budget-usd X] [--sample N] [--bound X] [--yes]",
    about: `Asks the personas of a run of administrations in other ways: the same twice, options
reversed, items shuffled, other codings and wordings, a few combinations of these, and doses. Shows
first what each part costs, takes the cheapest that the budget bears, and asks before it begins.
Started again it goes on; the same run, sample and seed are the same battery.`,
    options: [
      ["--sample N", "personas at most, in whole profiles (default: 60)"],
      ["--seed N", "draws the profiles (default: 1)"],
      [
        "--change NAME",
        "what is changed of the respondents, and all else kept: sex:female<->male, or, with =, " +
        "--change=-town; several as above",
        "repeated",
      ],
      [
        "--bound X",
        "shows at the end by which part of its size the way of asking changes each finding, and " +
        "whose it is: the person's where that is shown to be less than X, such as 0.5",
      ],
      ["--against NAME", "the condition that others are compared with (default: the first)"],
      ...RUN_OPTIONS,
      SCHEMA,
    ],
    after: EXIT,
    run: validity,
  },
  "end-batches": {
    usage: "deno task study end-batches RUN",
    about:
      `Takes back the questions of a run that wait for a batch, and ends its batches: what these have
answered is paid for, and comes with run --batch. A batch that cannot be reached is given up; what is
asked again of it may be paid for twice.`,
    options: [SCHEMA],
    run: endBatches,
  },
  stop: {
    usage: "deno task study stop RUN …",
    about:
      `Asks all processes that work on a run, here and elsewhere, to finish what is in flight and
end. study run goes on.`,
    options: [SCHEMA],
    run: stop,
  },
  status: {
    usage: "deno task study status [RUN …]",
    about:
      `Where the runs stand. Of a run that is named also its models and conditions, why work failed,
and what to type next.`,
    options: [SCHEMA],
    run: status,
  },
  "retry-failed": {
    usage: "deno task study retry-failed RUN [--reason TEXT]",
    about:
      `Plans the failed work of a run once more. What got a reply of no use is asked anew; the old
reply stays stored.`,
    options: [
      [
        "--reason TEXT",
        "only what failed for a reason that contains this text, in its kind or particulars",
      ],
      SCHEMA,
    ],
    run: retryFailed,
  },
  export: {
    usage: "deno task study export [--out DIR]",
    about:
      `Writes the study to files, all that its tables can be computed from: populations, variables
(their codebooks), profiles, instruments, forms, prompts, runs, cells (the levels of all factors),
requests (what was sent and replied, verbatim), personas, sheets, work and faults (calls without a
reply), each as .jsonl and, but for requests, .parquet. columns.csv says what each column is. No key
of a provider is in them. Files of an earlier export are replaced.`,
    options: [["--out DIR", "where to (default: out/study/SCHEMA)"], SCHEMA],
    run: exporting,
  },
  browse: {
    usage: "deno task study browse [--to FILE.html] [--schema NAME]",
    about:
      `Personas and sheets looked at one by one in a browser on this computer: filtered, searched, side by
side, each from its profile to its scores. With --to the page is one file, which holds all of them and
opens without this program and without a network, to be sent to a co-author.`,
    options: [
      ["--to FILE.html", "where to; it holds every reply and every biography"],
      ["--schema NAME", "the study, or personality_trap (default: STUDY_SCHEMA, or study)"],
    ],
    run: browsing,
  },
};

const OVERVIEW =
  `A study of your own. In notebooks: \`deno task study new NAME\`. Without them, in the order in
which it is made:

${
    listed([
      ["new NAME", "its notebooks, in studies/NAME"],
      ["population [FILE]", "whom it is about: a CSV of people, or what the study has"],
      [
        "plan personas",
        "which profiles, conditions and models: written down, and what they will cost",
      ],
      ["plan administrations", "which questionnaire the personas answer, and how"],
      ["preview RUN", "what is asked, with a real profile in it"],
      ["estimate RUN", "calls, tokens and cost of what is left; --pilot measures first"],
      ["run RUN …", "asks; stop it whenever you like, and go on"],
      ["hand-out RUN", "writes its questions as files for a cluster without a network"],
      ["take-in DIR", "takes in what has come of them"],
      ["validity RUN", "asks a sample in other ways: which findings are the persons'"],
      ["end-batches RUN", "takes back what is asked in batches"],
      ["stop RUN …", "asks the processes that work on a run to end"],
      ["status [RUN …]", "where the runs stand, and what to type next"],
      ["retry-failed RUN", "plans once more what failed"],
      ["export", "everything as JSON Lines and Parquet"],
    ])
  }

Each has --help. This one needs no key and costs nothing:

  deno task study plan personas --model simulated --profiles 10

Models, keys and prices: deno task config. Stored replies, read again: deno task reparse.

${EXIT}`;

/** The command in the arguments, and how many words it takes. */
function chosen(): [Command & Pick<Sub, "run">, number] {
  const args = [...Deno.args];
  const word = args.find((arg) => !arg.startsWith("-"));
  const after = args[args.indexOf(word ?? "") + 1];
  for (const [taken, name] of [[2, `plan ${after}`], [1, `${word}`]] as const) {
    if ((taken === 2 && word !== "plan") || !Object.hasOwn(COMMANDS, name)) continue;
    const sub = COMMANDS[name]!;
    return [{ ...sub, help: helpOf(sub), flags: flagsOf(sub.options) }, taken];
  }
  const plans = word === "plan";
  const of = plans ? PLANS : COMMANDS;
  const choices = [...new Set(Object.keys(of).map((name) => name.split(" ")[plans ? 1 : 0]!))];
  return [{
    usage: plans ? "deno task study plan personas|administrations …" : "deno task study COMMAND …",
    help: plans
      ? Object.values(PLANS).map((sub) => `${sub.usage}\n\n${helpOf(sub)}`).join("\n\n\n")
      : OVERVIEW,
    flags: flagsOf(Object.values(of).flatMap(({ options }) => options)),
    run: (_, words) => {
      const given = words[plans ? 1 : 0];
      const problem = given === undefined
        ? `Say ${choices.join(", ")}`
        : choices.includes(given)
        ? `Say ${given} first, then its flags`
        : `No ${plans ? "plan" : "subcommand"} ${given}: did you mean ${nearest(given, choices)}?`;
      throw new UsageError(problem);
    },
  }, 0];
}

if (import.meta.main) {
  const [command, taken] = chosen();
  const flags = { ...command.flags, schema: { type: "string" } } as const;
  await main({ ...command, flags, words: true }, async (flags, words) => {
    return await command.run(flags, words.slice(taken));
  });
}
