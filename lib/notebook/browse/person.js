// One person from the profile to the replies, or two beside each other.
import { has, valueOf } from "./rows.js";
import { data, factorsOf, relative, rowOf, sheetsRead, source } from "./source.js";
import { inWords, made, numberIn, plural, whole } from "./words.js";

const NO_CALLS =
  "These data hold no requests and replies: what was sent to the model, and its raw reply, are not here.";

/** All that is known of the one whom a row is data.about. */
export async function personOf(of, row) {
  const own = data[of], id = own.of.get("id").values[row];
  await sheetsRead();
  let personaRow = row, sheetRows;
  if (of === "personas") sheetRows = sheetsOf(row);
  else {
    const by = own.of.get("of");
    personaRow = has(by, row) ? rowOf(data.personas, by.values[row]) : null;
    sheetRows = [row];
  }
  const population = valueOf(own.of.get("profile_population"), row),
    profile = valueOf(own.of.get("profile"), row);
  const ids = sheetRows.slice(0, MOST_SHEETS).map((one) => data.sheets.of.get("id").values[one]);
  const personaId = personaRow === null ? null : data.personas.of.get("id").values[personaRow];
  const [[persona], sheets, [known]] = await Promise.all([
    personaId === null ? [] : source.behind("personas", [personaId]),
    source.behind("sheets", ids),
    population === null ? [] : source.behind("profiles", [[population, profile]]),
  ]);
  return {
    id,
    of,
    row,
    factors: factorsOf(own),
    persona: persona ?? null,
    personaRow,
    sheetRows,
    sheets: sheets.filter((one) => one?.id !== undefined),
    profile: known?.profile === undefined ? null : known,
    profileName: population === null ? null : `${profile} of ${population}`,
  };
}

const MOST_SHEETS = 12;

function sheetsOf(row) {
  const id = data.personas.of.get("id").values[row];
  const { height, of } = data.sheets, by = of.get("of"), rows = [];
  const own = relative(data.personas, row);
  for (let one = 0; one < height; one++) {
    if (
      has(by, one) ? by.values[one] === id : by.constant && relative(data.sheets, one) === own
    ) rows.push(one);
  }
  return rows;
}

/**
 * @param given `words` that are marked; `onlyDiffer`: of two only where they differ; `back`: a button
 */
export function drawPerson(people, { words, onlyDiffer, back }) {
  const two = people.length > 1;
  const titles = people.map(({ of, row, factors }) => {
    return { of, text: inWords(factors.filter(({ constant }) => !constant), row) };
  });
  const steps = [
    ["Profile", profileOf(people)],
    ["Prompt", promptOf(people, onlyDiffer)],
    ["Biography", biographyOf(people, words, onlyDiffer)],
    ["Answers", answersOf(people, words, onlyDiffer)],
    ["Replies", repliesOf(people)],
  ].map(([name, inside]) => [name, made("h3", { tabindex: "-1" }, name), inside]);
  const jump = steps.map(([name, title]) =>
    made("button", {
      on: {
        click: () => {
          title.scrollIntoView();
          title.focus({ preventScroll: true });
        },
      },
    }, name)
  );
  const name = two ? "Side by side" : people[0].of === "personas" ? "One persona" : "One sheet";
  return [
    made(
      "div",
      { class: "top" },
      made("h2", {}, name),
      ...titles.map(({ text }, i) =>
        made("p", { class: "soft" }, two ? `${"AB"[i]}: ${text}` : text)
      ),
      made(
        "div",
        { class: "bar" },
        back,
        ...jump,
      ),
    ),
    ...people.flatMap((one) =>
      one.persona?.trouble || one.sheets.some(({ trouble }) => trouble)
        ? [
          made(
            "p",
            { class: "failed" },
            `Failed: ${one.persona?.trouble ?? one.sheets.find(({ trouble }) => trouble).trouble}`,
          ),
        ]
        : []
    ),
    ...steps.flatMap(([, title, inside]) => [title, ...inside]),
  ];
}

/** A table of plain words; heads of columns, then rows whose first cell is their head. */
function plain(heads, rows, numbers = []) {
  const cell = (one, i) =>
    one instanceof Node
      ? made("td", { class: numbers.includes(i + 1) ? "number" : null }, one)
      : made("td", { class: numbers.includes(i + 1) ? "number" : null }, one ?? "—");
  return made(
    "div",
    { class: "scrolls" },
    made(
      "table",
      { class: "plain" },
      heads
        ? made(
          "thead",
          {},
          made(
            "tr",
            {},
            ...heads.map((text, i) =>
              made(text === "" ? "td" : "th", {
                scope: text === "" ? null : "col",
                class: numbers.includes(i) ? "number" : null,
              }, text)
            ),
          ),
        )
        : null,
      made(
        "tbody",
        {},
        ...rows.map(([first, ...rest]) =>
          made("tr", {}, made("th", { scope: "row" }, first), ...rest.map(cell))
        ),
      ),
    ),
  );
}

const letters = (people) => people.map((_, i) => people.length > 1 ? "AB"[i] : "");
const beside = (people, each) =>
  people.length === 1 ? each(people[0], 0) : [
    made(
      "div",
      { class: "sides" },
      ...people.map((one, i) => made("div", {}, made("h4", {}, "AB"[i]), ...each(one, i))),
    ),
  ];

const known = (of) => of && Object.keys(of).length > 0;

function profileOf(people) {
  const same = new Set(people.map(({ profileName }) => profileName)).size === 1;
  const each = ({ profile, profileName, persona }) => {
    if (!profile) {
      return [made(
        "p",
        { class: "soft" },
        profileName
          ? `Profile ${profileName}: nothing of it is stored.`
          : "Nothing says which profile it is of.",
      )];
    }
    const { codebook = [], values = {}, stratum, weight, answers } = profile;
    const variables = codebook.filter(({ name }) => (values[name] ?? null) !== null).map((one) => {
      const value = values[one.name];
      const level = one.levels?.find((level) => level.value === value);
      const shown = persona?.shown_values?.[one.name];
      const was = shown !== undefined && shown !== value
        ? ` (shown as ${one.levels?.find((level) => level.value === shown)?.label ?? shown})`
        : "";
      return [one.label, `${level?.label ?? value}${one.unit ? ` ${one.unit}` : ""}${was}`];
    });
    if (stratum) variables.push(["Stratum", stratum]);
    if (weight !== undefined) variables.push(["Weight", String(weight)]);
    const changed = persona?.changed?.length ?? 0;
    return [
      made("p", {}, `Profile ${profileName}`),
      ...variables.length ? [plain(null, variables)] : [],
      ...answers
        ? [
          made(
            "p",
            { class: "soft" },
            `It answered ${plural(answers.filter((one) => one !== null).length, "item")} of ${
              instrumentOf(profile.instrument)?.title ?? "an instrument"
            }, which stand under Answers.${
              changed ? ` The condition set ${whole(changed)} of them.` : ""
            }`,
          ),
        ]
        : [],
    ];
  };
  return same ? each(people[0]) : beside(people, each);
}

const callsOf = ({ persona, sheets, of }) =>
  of === "personas" ? persona?.calls ?? [] : sheets[0]?.calls ?? [];

function promptOf(people, onlyDiffer) {
  if (!data.about.asked) return [made("p", { class: "soft" }, NO_CALLS)];
  const asked = people.map((one) => callsOf(one).at(-1)?.messages ?? []);
  if (asked.every(({ length }) => !length)) {
    return [made("p", { class: "soft" }, "No request of it is stored.")];
  }
  const letter = (message) => made("pre", { class: "letter" }, message?.content ?? "—");
  return Array.from({ length: Math.max(...asked.map(({ length }) => length)) }, (_, i) => {
    const messages = asked.map((all) => all[i]);
    const { role } = messages.find((one) => one);
    const head = { system: "System", user: "User" }[role] ?? "Model";
    const same = new Set(messages.map((one) => one?.content)).size === 1;
    if (same && onlyDiffer) return [];
    const both = same && people.length > 1 ? `${head}, the same for both` : head;
    return [
      made("h4", {}, both),
      ...same ? [letter(messages[0])] : beside(people, (_, who) => [letter(messages[who])]),
    ];
  }).flat();
}

/** A text with the words that were searched for marked. */
function marked(text, words) {
  const box = made("div", { class: "prose" });
  if (!words.length) {
    box.textContent = text;
    return box;
  }
  const pattern = new RegExp(
    `(${words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`,
    "gi",
  );
  text.split(pattern).forEach((part, i) => box.append(i % 2 ? made("mark", {}, part) : part));
  return box;
}

const LONG = 60;

function biographyOf(people, words, onlyDiffer) {
  if (people.every(({ persona }) => !persona)) {
    return [
      made(
        "p",
        { class: "soft" },
        people[0].of === "sheets" && data.about.asked
          ? "No persona answered this sheet."
          : "Which of the personas answered, these data do not say.",
      ),
    ];
  }
  const names = new Map();
  for (const { persona } of people) {
    const form = data.about.forms.find(({ name }) => name === persona?.form);
    for (const { name, label } of form?.fields ?? []) names.set(name, label);
  }
  const written = (one, name) => one.persona?.fields?.[name] ?? null;
  const isLong = (name) => people.some((one) => String(written(one, name) ?? "").length > LONG);
  const text = (one, name) => {
    const own = written(one, name), cleaned = one.persona?.cleaned?.[name] ?? null;
    const status = one.persona?.status?.[name];
    const said = own === null
      ? cleaned ?? "—"
      : cleaned !== null && cleaned !== own
      ? `${own} → ${cleaned}`
      : String(own);
    return status && status !== "written" && status !== "in list" ? `${said} (${status})` : said;
  };
  const rows = [...names].filter(([name]) => !isLong(name)).map((
    [name, label],
  ) => [label, ...people.map((one) => text(one, name))])
    .filter(([, ...cells]) =>
      cells.some((cell) => cell !== "—") && (!onlyDiffer || new Set(cells).size > 1)
    );
  const flags = people.map(({ persona }) => persona?.flags?.join("; ") ?? "");
  if (flags.some((flag) => flag)) rows.push(["Flags", ...flags.map((flag) => flag || "—")]);
  const long = [...names].filter(([name]) => isLong(name)).filter(([name]) =>
    !onlyDiffer || new Set(people.map((one) => written(one, name))).size > 1
  );
  return [
    ...rows.length ? [plain(people.length > 1 ? ["", ...letters(people)] : null, rows)] : [],
    ...long.flatMap(([name, label]) => [
      made("h4", {}, label),
      ...beside(
        people,
        (one) => [
          written(one, name) === null
            ? made("p", { class: "soft" }, "—")
            : marked(String(written(one, name)), words),
        ],
      ),
    ]),
    ...!long.length && !onlyDiffer
      ? [
        made(
          "p",
          { class: "soft" },
          people.some(({ persona }) => persona?.trouble)
            ? "No persona came of it."
            : "No biography in words is here.",
        ),
      ]
      : [],
  ];
}

const instrumentOf = (name, language) =>
  data.about.instruments.find((one) => one.name === name && one.language === language) ??
    data.about.instruments.find((one) => one.name === name);

function answerIn(instrument, item, answer) {
  if (answer === null || answer === undefined) return "—";
  const own = item.options?.find(({ code }) => code === answer)?.label;
  if (own) return own;
  const few = instrument.highest - instrument.lowest <= 1;
  return few ? instrument.answers[answer] ?? String(answer) : String(answer);
}

function answersOf(people, words, onlyDiffer) {
  const parts = [];
  const more = people.reduce(
    (sum, { sheetRows }) => sum + Math.max(0, sheetRows.length - MOST_SHEETS),
    0,
  );
  const given = people.flatMap((one, who) => one.sheets.map((sheet) => ({ one, who, sheet })));
  const profiles = [
    ...new Map(
      people.filter(({ profile }) => profile?.answers).map((one) => [one.profileName, one]),
    ).values(),
  ];
  const names = new Set([
    ...profiles.map(({ profile }) => profile.instrument),
    ...given.map(({ sheet }) => sheet.instrument),
  ]);
  for (const name of names) {
    const sheets = given.filter(({ sheet }) => sheet.instrument === name);
    const instrument = instrumentOf(name, sheets[0]?.sheet.language);
    if (!instrument) continue;
    const own = profiles.filter(({ profile }) => profile.instrument === name);
    // What the writer was shown where that is not what the profile said.
    const shown = people.map((one, who) => ({ one, who })).filter(({ one }) =>
      one.persona?.shown && own.length && one.profile?.instrument === name &&
      one.persona.shown.some((answer, i) => answer !== one.profile.answers[i])
    );
    const sides = [
      ...own.map(({ profile, profileName }) => ({
        head: own.length > 1 ? `Profile ${profileName}` : "Profile",
        answers: profile.answers,
        scores: profile.scores,
        is: "profile",
      })),
      ...shown.map(({ one, who }) => ({
        head: `As shown${people.length > 1 ? ` ${"AB"[who]}` : ""}`,
        answers: one.persona.shown,
        scores: one.persona.shown_scores,
        is: "shown",
      })),
      ...sheets.map((made) => ({
        head: headOf(made, sheets, people),
        answers: made.sheet.answers,
        scores: made.sheet.scores,
        is: "sheet",
        sheet: made.sheet,
      })),
    ];
    parts.push(made("h4", {}, instrument.title));
    if (instrument.scales.length && sides.some(({ scores }) => known(scores))) {
      parts.push(
        plain(
          [
            "Score",
            ...sides.map(({ head }) => head),
          ],
          instrument.scales.map((scale) => [
            scale,
            ...sides.map(({ scores, is }) => {
              const value = scores?.[scale] ?? null,
                profile = sides[0].is === "profile" ? sides[0].scores?.[scale] ?? null : null;
              if (value === null) return "—";
              const text = numberIn(value, { kind: "number" });
              if (is !== "sheet" || profile === null) return text;
              const by = value - profile;
              return `${text} (${
                by === 0 ? "=" : (by > 0 ? "+" : "") + numberIn(by, { kind: "number" })
              })`;
            }),
          ]),
          sides.map((_, i) => i + 1),
        ),
      );
      if (sides[0].is === "profile" && sheets.length) {
        parts.push(made("p", { class: "soft" }, "In brackets: beside the profile’s score."));
      }
    }
    if (instrument.highest - instrument.lowest > 1) {
      parts.push(
        made(
          "p",
          { class: "soft" },
          Object.entries(instrument.answers).map(([code, label]) => `${code} ${label}`).join(" · "),
        ),
      );
    }
    const rows = instrument.items.map((item, i) => {
      const values = sides.map(({ answers }) => answers?.[i] ?? null);
      const first = values[0];
      return {
        values,
        cells: [
          String(item.number),
          item.text,
          item.scale ?? "",
          ...values.map((value, side) => {
            const text = answerIn(instrument, item, value);
            return side && value !== first && value !== null && first !== null
              ? made("span", { class: "other" }, `${text} ≠`)
              : text;
          }),
        ],
      };
    }).filter(({ values }) => !onlyDiffer || new Set(values).size > 1);
    parts.push(
      rows.length
        ? plain([
          "",
          "Item",
          "Scale",
          ...sides.map(({ head }) => head),
        ], rows.map(({ cells }) => cells))
        : made("p", { class: "soft" }, "All answers are the same."),
    );
    for (const { head, sheet } of sides) {
      if (!sheet) continue;
      if (sheet.flags?.length) parts.push(made("p", {}, `${head}: ${sheet.flags.join("; ")}`));
      if (sheet.explanation) {
        parts.push(
          made("p", { class: "soft" }, `${head}, in its own words:`),
          marked(sheet.explanation, words),
        );
      }
    }
  }
  if (!given.length) parts.push(made("p", { class: "soft" }, "No sheet of it is here."));
  else if (
    people.some(({ of, sheetRows }) =>
      of === "personas" && data.sheets.of.get("of").constant && sheetRows.length
    )
  ) {
    parts.push(
      made(
        "p",
        { class: "soft" },
        "The published sheets say which profile they are of, and not which of its personas answered.",
      ),
    );
  }
  if (more) parts.push(made("p", { class: "soft" }, `${plural(more, "more sheet")} under Sheets.`));
  return parts;
}

/** A sheet by what tells it from the others that stand there. */
function headOf({ sheet, who }, all, people) {
  const of = data.sheets, row = rowOf(of, sheet.id);
  const rows = all.map((one) => rowOf(of, one.sheet.id));
  const telling = factorsOf(of).filter(({ name, values }) =>
    name !== "profile" && name !== "instrument" &&
    rows.some((other) => values[other] !== values[row])
  );
  const side = people.length > 1 ? "AB"[who] : "";
  if (side && all.length === people.length) return side;
  return [side, inWords(telling, row)].filter((word) => word).join(" · ") || "Persona";
}

function repliesOf(people) {
  if (!data.about.asked) return [made("p", { class: "soft" }, NO_CALLS)];
  return beside(people, (one) => {
    const all = [
      ...(one.persona?.calls ?? []).map((call) => ["Persona", call]),
      ...one.sheets.flatMap((sheet) =>
        (sheet.calls ?? []).map((call) => [`Sheet, ${sheet.instrument}`, call])
      ),
    ];
    if (!all.length) return [made("p", { class: "soft" }, "No reply is stored.")];
    return all.flatMap(([title, call], i) => [
      made("h4", {}, all.length > 1 ? `${i + 1}. ${title}` : title),
      made(
        "p",
        { class: "soft" },
        [
          call.milliseconds ? `${whole(Math.round(call.milliseconds))} ms` : null,
          call.usd !== undefined && call.usd !== null
            ? `USD ${call.usd && call.usd.toPrecision(2)}`
            : null,
          call.problem,
        ].filter((word) => word).join(" · "),
      ),
      made("pre", { class: "letter" }, call.text ?? call.problem ?? ""),
      made(
        "details",
        {},
        made("summary", {}, "As it came"),
        made("pre", { class: "letter", tabindex: "0" }, call.raw),
      ),
    ]);
  });
}
