import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from "@tanstack/virtual-core";
import { drawPerson, personOf } from "./person.js";
import {
  countsOf,
  csvOf,
  differ,
  filtered,
  has,
  orderOf,
  paired,
  sorted,
  together,
  valueOf,
} from "./rows.js";
import { data, factorsOf, ready, relative, rowOf, sheetsRead, source } from "./source.js";
import { at, inWords, made, numberIn, plural, say, textAt, textOf, whole } from "./words.js";

// What is looked at

const views = {
  personas: { filters: new Map(), sort: null, hidden: new Set(), scroll: 0 },
  sheets: { filters: new Map(), sort: null, hidden: new Set(), scroll: 0 },
};
let view = "personas";
/** Ids of the personas that a search found; null where nothing is searched. */
let found = null, words = [];
let pair = null, isTogether = false;
/** Lines of the list: a row, several that are repetitions, or two side by side. */
let lines = [], current = 0, shownRows = new Uint32Array();
const unfolded = new Set();
let open = null;

const table = () => data[view];
const factors = () => factorsOf(table());
const isShown = (column) =>
  column.part !== "hidden" && !views[view].hidden.has(column.name) && !column.constant &&
  !column.empty &&
  // What the two sides are of stands above.
  column.name !== pair?.factor;
const shownColumns = () => table().columns.filter(isShown);
const narrow = matchMedia("(max-width: 600px)"), pages = matchMedia("(max-width: 1000px)");

// Lines

function within() {
  const of = table();
  if (found === null) return null;
  const passes = new Uint8Array(of.height);
  if (view === "personas") {
    for (const id of found) {
      const row = rowOf(of, id);
      if (row >= 0) passes[row] = 1;
    }
    return passes;
  }
  const people = new Set(found), by = of.of.get("of");
  const populations = relatives(found);
  for (let row = 0; row < of.height; row++) {
    passes[row] = has(by, row)
      ? Number(people.has(by.values[row]))
      : Number(populations.has(relative(of, row)));
  }
  return passes;
}

const relatives = (ids) =>
  new Set(ids.map((id) => relative(data.personas, rowOf(data.personas, id))));

function listed() {
  const of = table(), { filters, sort } = views[view];
  const faceted = of.columns.filter(({ texts, part, constant }) =>
    texts && part !== "hidden" && !constant
  );
  const made = filtered(of, filters, within(), faceted.map(({ name }) => name));
  shownRows = sort ? sorted(of, made.rows, sort.name, sort.down) : made.rows;
  // Scores of an instrument that none of the rows is of.
  for (const column of of.columns) {
    column.empty = column.part === "score" && !shownRows.some((row) => has(column, row));
  }
  const names = factors().map(({ name }) => name);
  let alone = 0, different = null;
  if (pair) {
    const { pairs, alone: without } = paired(of, shownRows, names, pair.factor, pair.sides);
    alone = without;
    // What is too long for a row is told apart by its hash.
    const compared = [...shownColumns(), of.of.get("hash")].filter(({ part }) => part !== "factor");
    const differing = pairs.filter((both) => differ(compared, both));
    different = differing.length;
    lines = pair.differ ? differing : pairs;
    lines.all = pairs.length;
  } else if (isTogether) {
    const groups = together(of, shownRows, names.filter((name) => name !== "repetition"));
    lines = groups.flatMap((rows) =>
      rows.length > 1 && unfolded.has(rows[0])
        ? [{ rows, unfolded: true }, ...rows.map((row) => ({ rows: [row], inner: true }))]
        : [{ rows }]
    );
    lines.groups = groups.length;
  } else lines = shownRows;
  current = Math.min(current, Math.max(0, lines.length - 1));
  counted(made, alone, different);
  drawFilters(made.counts);
  drawHead();
  measured();
}

function counted({ rows }, alone, different) {
  const one = view === "personas" ? "persona" : "sheet";
  const all = table().height;
  const of = rows.length === all
    ? plural(all, one)
    : `${whole(rows.length)} of ${plural(all, one)}`;
  if (pair) {
    const rest = alone ? `; ${whole(alone)} have no other` : "";
    say(`${plural(lines.all, "pair")}, ${whole(different)} differ${rest}`);
  } else if (isTogether) say(`${of} in ${plural(lines.groups, "row")}`);
  else say(of);
  at("none").hidden = lines.length > 0;
  at("none").textContent = all === 0
    ? `There are no ${one}s here yet.`
    : pair && lines.all === 0
    ? "No two rows are the same in all but this factor: take off a filter, or choose other levels."
    : pair && pair.differ
    ? "They differ nowhere."
    : "Nothing is left: take off a filter, or search for something else.";
}

// The list: rows that are in view, and no others

const ROW = 28, CARD = 56, HEAD = 32;
const size = () => narrow.matches ? CARD : ROW;
const virtual = new Virtualizer({
  count: 0,
  getScrollElement: () => at("box"),
  estimateSize: size,
  scrollMargin: HEAD,
  scrollPaddingStart: HEAD,
  overscan: 8,
  scrollToFn: elementScroll,
  // On paper the box is as high as its rows, and would fill itself with all of them.
  observeElementRect: (of, changed) =>
    observeElementRect(of, (rect) => matchMedia("print").matches || changed(rect)),
  observeElementOffset,
  onChange: () => drawRows(),
});
virtual._didMount();

function measured() {
  virtual.setOptions({ ...virtual.options, count: lines.length, scrollMargin: head() });
  virtual.measure();
  virtual._willUpdate();
  drawRows();
}

const head = () => narrow.matches ? 0 : HEAD;

const spaceOf = (height, columns) => {
  const cell = made("td", { colspan: columns });
  cell.style.height = `${height}px`;
  return made("tr", { class: "space", "aria-hidden": "true" }, cell);
};

function drawRows() {
  const items = virtual.getVirtualItems(), columns = shownColumns();
  const body = at("grid").tBodies[0], span = narrow.matches ? 1 : columns.length;
  const first = items[0], last = items.at(-1);
  const above = first ? first.start - head() : 0;
  const below = last ? virtual.getTotalSize() - (last.end - head()) : 0;
  body.replaceChildren(
    ...above > 0 ? [spaceOf(above, span)] : [],
    ...items.filter(({ index }) => index < lines.length).map(({ index }) => rowAt(index, columns)),
    ...below > 0 ? [spaceOf(below, span)] : [],
  );
  at("grid").setAttribute("aria-rowcount", lines.length + 1);
  if (lines.length) at("grid").setAttribute("aria-activedescendant", `line-${current}`);
  else at("grid").removeAttribute("aria-activedescendant");
}

function rowAt(index, columns) {
  const line = lines[index];
  const cells = columns.map((column) => cellOf(line, column));
  return made(
    "tr",
    {
      id: `line-${index}`,
      "aria-rowindex": index + 2,
      "aria-selected": String(index === current),
      ...(line.rows?.length > 1 && { "aria-expanded": String(Boolean(line.unfolded)) }),
    },
    ...narrow.matches ? [cardOf(columns, cells)] : cells,
  );
}

/** On a phone a line is what it is of, and below it what it holds. */
function cardOf(columns, cells) {
  const words = (...parts) =>
    inWords(
      columns.filter(({ part }) => parts.includes(part)),
      null,
      (column) => cells[columns.indexOf(column)].textContent,
    );
  return made(
    "td",
    { class: "card", role: "gridcell" },
    made("span", {}, words("factor") || "—"),
    made(
      "span",
      { class: cells.some(({ classList }) => classList.contains("failed")) ? "failed" : null },
      words("field", "score", "state") || "—",
    ),
  );
}

const classOf = ({ kind }) => kind === "text" ? null : "number";

function cellOf(line, column) {
  const cell = made("td", { class: classOf(column), role: "gridcell" });
  if (typeof line === "number") return inCell(cell, textAt(column, line), column);
  if (line.rows) return inCell(cell, groupText(line, column), column);
  const [a, b] = line.map((row) => textAt(column, row));
  if (a === b) cell.append(made("span", { class: "equal" }, a));
  else cell.append(made("span", { class: "other" }, `${a} → ${b}`));
  cell.title = a === b ? a : `${a} → ${b}`;
  return cell;
}

function inCell(cell, text, { name }) {
  cell.textContent = text;
  if (text.length > 16) cell.title = text;
  if (name === "state" && text.startsWith("failed")) cell.classList.add("failed");
  return cell;
}

/** What repetitions have in common, or how far they differ. */
function groupText({ rows, inner, unfolded }, column) {
  const lead = column.name === shownColumns()[0].name
    ? inner ? "  " : rows.length > 1 ? (unfolded ? "▾ " : "▸ ") : ""
    : "";
  const values = rows.map((row) => valueOf(column, row));
  const different = new Set(values);
  if (different.size === 1) return lead + textOf(values[0], column);
  if (column.name === "repetition") return `${rows.length} times`;
  if (column.texts) {
    const often = Map.groupBy(values, (value) => textOf(value, column));
    return lead + [...often].toSorted((a, b) => b[1].length - a[1].length)
      .map(([text, all]) => `${text} ${all.length}`).join(", ");
  }
  const known = values.filter((value) => value !== null);
  return `${lead}${numberIn(Math.min(...known), column)}–${numberIn(Math.max(...known), column)}`;
}

const pen = document.createElement("canvas").getContext("2d");

/** How wide texts are, in CSS pixels. */
function widest(texts, weight) {
  const { fontSize, fontFamily } = getComputedStyle(document.body);
  pen.font = `${weight} ${fontSize} ${fontFamily}`;
  return Math.max(...texts.map((text) => pen.measureText(text.slice(0, 26)).width));
}

/** Room for the texts of a column, of which there may be many, and for its heading with an arrow. */
function widthOf(column) {
  const texts = column.texts ? ["—", ...column.texts.slice(0, 200)] : ["00000"];
  const held = column.widest ??= widest(texts, 400);
  const both = pair && column.part !== "factor" ? Math.min(340, 2.2 * held + 24) : held;
  return Math.max(both, widest([column.label], 600) + 14) + 22;
}

function drawHead() {
  const columns = narrow.matches ? [] : shownColumns();
  const { sort } = views[view], grid = at("grid");
  const widths = columns.map(widthOf);
  grid.querySelector("colgroup").replaceChildren(...widths.map((width) => {
    const col = made("col");
    col.style.width = `${Math.round(width)}px`;
    return col;
  }));
  grid.style.width = columns.length ? `${Math.round(widths.reduce((a, b) => a + b, 0))}px` : "100%";
  const heads = columns.map((column) => {
    const { name, label } = column;
    const by = sort?.name === name ? (sort.down ? "descending" : "ascending") : "none";
    return made(
      "th",
      { scope: "col", class: classOf(column), "aria-sort": by, role: "columnheader" },
      made("button", {
        title: `Sort by ${label}`,
        on: { click: () => sortBy(name) },
        tabindex: "-1",
      }, label + (by === "none" ? "" : sort.down ? " ↓" : " ↑")),
    );
  });
  grid.tHead.replaceChildren(...heads.length ? [made("tr", { "aria-rowindex": 1 }, ...heads)] : []);
  const constant = table().columns.filter(({ part, constant, values, none }) =>
    part !== "hidden" && constant && values.length && !Object.is(values[0], none)
  );
  at("same").firstElementChild.textContent = constant.length
    ? `The same for all: ${
      constant.map((column) => `${column.label} ${textAt(column, 0)}`).join(" · ")
    }`
    : "";
  at("same").hidden = !constant.length;
}

/** Up, down, and as it was. */
function sortBy(name) {
  const own = views[view];
  own.sort = own.sort?.name !== name
    ? { name, down: false }
    : own.sort.down
    ? null
    : { name, down: true };
  current = 0;
  at("box").scrollTop = 0;
  listed();
}

// Filters

/** So many levels of a column stand there at a time. */
const LEVELS = 30;

function drawFilters(counts) {
  const of = table(), { filters } = views[view], box = at("filters");
  const opened = new Set(
    [...box.querySelectorAll("details[open]")].map(({ dataset }) => dataset.name),
  );
  const first = !box.querySelector("details");
  const focused = document.activeElement?.dataset?.key, top = box.scrollTop;
  const typed = new Map(
    [...box.querySelectorAll(".some")].map((one) => [one.dataset.name, one.value]),
  );
  const set = [...filters].length > 0;
  box.replaceChildren(...[
    made(
      "div",
      { class: "bar" },
      ...set
        ? [made("button", {
          on: {
            click: () => {
              filters.clear();
              current = 0;
              listed();
            },
          },
        }, "Take off all")]
        : [],
      pages.matches
        ? made(
          "button",
          { on: { click: () => filtering(false) } },
          `Show ${at("said").textContent}`,
        )
        : null,
    ),
    narrow.matches ? sorting() : null,
    ...of.columns.filter(({ part, constant }) => part !== "hidden" && !constant).map((column) => {
      const { name, label, texts } = column;
      const filter = filters.get(name);
      const chosen = filter && (filter.levels ? filter.levels.size : 1);
      const isOpen = opened.has(name) || Boolean(filter) ||
        (first && ["model", "condition", "state", "flags"].includes(name));
      return made(
        "details",
        {
          "data-name": name,
          open: isOpen,
          // What is closed is made when it is opened: a column may have a text for each row.
          on: { toggle: ({ target }) => target.open && target.childElementCount === 1 && listed() },
        },
        made(
          "summary",
          {},
          label,
          chosen ? made("span", { class: "soft" }, ` ${chosen} chosen`) : null,
        ),
        ...!isOpen
          ? []
          : texts
          ? levelsOf(column, filter, counts.get(name), typed.get(name) ?? "")
          : [rangeOf(column, filter)],
      );
    }),
  ].filter((one) => one));
  box.scrollTop = top;
  if (focused) {
    const again = box.querySelector(`[data-key="${CSS.escape(focused)}"]`);
    again?.focus();
  }
}

const sorting = () => {
  const { sort } = views[view];
  const choice = made("select", {
    "aria-label": "Sort by",
    on: {
      change: ({ target }) => {
        const [name, way] = target.value.split(" / ");
        views[view].sort = name ? { name, down: way === "down" } : null;
        listed();
      },
    },
  }, made("option", { value: "" }, "Sorted as they were made"));
  for (const { name, label } of shownColumns()) {
    for (const [way, arrow] of [["up", "↑"], ["down", "↓"]]) {
      const is = sort?.name === name && sort.down === (way === "down");
      choice.append(
        made("option", { value: `${name} / ${way}`, selected: is }, `${label} ${arrow}`),
      );
    }
  }
  return made("p", {}, choice);
};

function levelsOf(column, filter, counted, typed) {
  const { name, texts } = column;
  const chosen = filter?.levels ?? new Set();
  const many = texts.length > LEVELS;
  const fits = (place) => !typed || texts[place].toLowerCase().includes(typed.toLowerCase());
  const places = many
    ? [...texts.keys()].filter(fits).sort((a, b) =>
      Number(chosen.has(b)) - Number(chosen.has(a)) || counted.of[b] - counted.of[a]
    ).slice(0, LEVELS)
    : orderOf(column);
  const without = (column.counts ??= countsOf(column)).without;
  const level = (place, text, n) => {
    const box = made("input", {
      type: "checkbox",
      checked: chosen.has(place),
      "data-key": `${name} ${place}`,
      on: {
        change: () => {
          const next = new Set(chosen);
          next.has(place) ? next.delete(place) : next.add(place);
          setFilter(name, next.size ? { levels: next } : null);
        },
      },
    });
    return made(
      "label",
      { class: "level" },
      box,
      made("span", {}, text),
      made("span", { class: "soft" }, whole(n)),
    );
  };
  return [
    many
      ? made("input", {
        class: "some",
        type: "search",
        "data-name": name,
        "data-key": `some ${name}`,
        placeholder: `${whole(texts.length)} different`,
        "aria-label": `Levels of ${column.label} with these letters`,
        value: typed,
        on: { input: () => listed() },
      })
      : null,
    ...places.map((place) => level(place, texts[place], counted.of[place])),
    without ? level(-1, "none", counted.without) : null,
  ].filter((one) => one);
}

function rangeOf(column, filter) {
  const { name, label } = column;
  const end = (which, words) =>
    made("input", {
      type: "number",
      step: "any",
      value: filter?.[which] ?? "",
      "data-key": `${name} ${which}`,
      "aria-label": `${label}, ${words}`,
      placeholder: words === "at least" ? "from" : "to",
      on: {
        change: ({ target }) => {
          const next = {
            least: null,
            most: null,
            ...filter,
            [which]: target.value === "" ? null : Number(target.value),
          };
          setFilter(name, next.least === null && next.most === null ? null : next);
        },
      },
    });
  return made(
    "div",
    { class: "range" },
    end("least", "at least"),
    made("span", {}, "–"),
    end("most", "at most"),
  );
}

function setFilter(name, filter) {
  if (filter) views[view].filters.set(name, filter);
  else views[view].filters.delete(name);
  current = 0;
  at("box").scrollTop = 0;
  listed();
}

function filtering(is) {
  document.body.classList.toggle("filtering", is);
  at("show").setAttribute("aria-expanded", is);
  if (!is) measured();
}

// Search

/** Words, and "words in quotes" as they stand. */
const wordsIn = (text) =>
  [...text.matchAll(/"([^"]+)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare);

let searching = 0;
async function search() {
  const own = ++searching;
  words = wordsIn(at("search").value);
  if (!words.length) found = null;
  else {
    say("Searching …");
    const ids = await source.find(words);
    if (own !== searching) return;
    found = ids;
  }
  current = 0;
  at("box").scrollTop = 0;
  listed();
}

// One person, or two beside each other

async function follow(rows) {
  const of = view, was = open;
  open = { view: of, rows };
  const person = at("person");
  document.body.classList.add("open");
  person.hidden = false;
  const hash = `#${of}/${rows.map((row) => table().of.get("id").values[row]).join("/")}`;
  if (location.hash !== hash) history[was ? "replaceState" : "pushState"](null, "", hash);
  if (!person.hasChildNodes()) person.append(made("p", { class: "soft" }, "Reading …"));
  const people = await Promise.all(rows.map((row) => personOf(of, row)));
  if (open?.rows !== rows) return;
  const top = person.scrollTop;
  const back = made("button", { on: { click: close } }, pages.matches ? "← Back" : "Close");
  const onlyDiffer = people.length > 1 && at("differ").checked;
  person.replaceChildren(...drawPerson(people, { words, onlyDiffer, back }));
  // What scrolls in itself is reached by keys as well.
  for (const box of person.querySelectorAll(".scrolls, .letter")) {
    const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
    if (scrolls) box.tabIndex = 0;
  }
  person.scrollTop = top;
  if (pages.matches) person.focus();
}

function close() {
  open = null;
  document.body.classList.remove("open");
  at("person").hidden = true;
  at("person").replaceChildren();
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  measured();
  at("grid").focus({ preventScroll: true });
}

// What is done with keys and buttons

function goTo(index, following = true) {
  if (!lines.length) return;
  const last = current;
  current = Math.max(0, Math.min(lines.length - 1, index));
  virtual.scrollToIndex(current, { align: "auto" });
  drawRows();
  if (following && open && !pages.matches && last !== current) enter(false);
}

/** Follows whom the current line is about. */
function enter(unfolds = true) {
  const line = lines[current];
  if (line === undefined) return;
  if (line.rows?.length > 1) {
    if (unfolds) fold(!line.unfolded);
    return;
  }
  follow(typeof line === "number" ? [line] : line.rows ?? line).catch(failed);
}

function fold(is) {
  const { rows } = lines[current];
  is ? unfolded.add(rows[0]) : unfolded.delete(rows[0]);
  listed();
}

at("grid").addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const page = Math.max(1, Math.floor(at("box").clientHeight / size()) - 1);
  const moves = {
    ArrowDown: () => goTo(current + 1),
    ArrowUp: () => goTo(current - 1),
    PageDown: () => goTo(current + page),
    PageUp: () => goTo(current - page),
    Home: () => goTo(0),
    End: () => goTo(lines.length - 1),
    Enter: () => enter(),
    ArrowRight: () => lines[current]?.rows?.length > 1 && fold(true),
    ArrowLeft: () => lines[current]?.rows?.length > 1 && fold(false),
  };
  if (!moves[event.key] || event.target.closest("button")) return;
  event.preventDefault();
  moves[event.key]();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || at("keys").open) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) &&
    event.target.type !== "checkbox";
  if (event.key === "Escape") {
    if (document.body.classList.contains("filtering")) return filtering(false);
    if (open) return close();
    if (at("search").value) {
      at("search").value = "";
      search().catch(failed);
    }
    return at("grid").focus({ preventScroll: true });
  }
  if (typing) return;
  if (event.key === "/") {
    event.preventDefault();
    if (open && pages.matches) close();
    at("search").focus();
    at("search").select();
  }
  if (event.key === "?") at("keys").showModal();
});

at("grid").tBodies[0].addEventListener("click", (event) => {
  const row = event.target.closest("tr[id]");
  if (!row || String(getSelection()) !== "") return;
  current = Number(row.id.slice("line-".length));
  drawRows();
  at("grid").focus({ preventScroll: true });
  enter();
});

let waiting;
at("search").addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => search().catch(failed), 300);
});
at("search").addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "Enter") {
    event.preventDefault();
    at("grid").focus({ preventScroll: true });
  }
});

for (const name of ["personas", "sheets"]) {
  at(name).addEventListener("click", () => look(name).catch(failed));
}

async function look(name) {
  if (open) close();
  views[view].scroll = at("box").scrollTop;
  if (!data[name]) {
    say("Reading …");
    await sheetsRead();
  }
  view = name;
  for (const one of ["personas", "sheets"]) at(one).setAttribute("aria-pressed", one === name);
  pairing(false);
  current = 0;
  at("filters").replaceChildren();
  listed();
  drawColumns();
  at("box").scrollTop = views[view].scroll;
}

at("together").addEventListener("change", ({ target }) => {
  isTogether = target.checked;
  current = 0;
  if (isTogether) pairing(false);
  listed();
});

// Two levels side by side

const pairable = () =>
  factors().filter(({ texts, constant, counts }) => texts && !constant && (counts ?? true));

function pairing(is) {
  at("pairing").hidden = !is;
  at("pair").setAttribute("aria-expanded", is);
  at("apart").hidden = is;
  if (!is) pair = null;
  at("pair").hidden = !pairable().length;
}

at("pair").addEventListener("click", () => {
  const is = at("pairing").hidden;
  pairing(is);
  if (open) close();
  if (is) {
    isTogether = at("together").checked = false;
    at("factor").replaceChildren(
      ...pairable().map(({ name, label }) => made("option", { value: name }, label)),
    );
    chosenFactor();
  } else listed();
});

function chosenFactor() {
  const column = table().of.get(at("factor").value), order = orderOf(column);
  for (const [id, nth] of [["left", 0], ["right", 1]]) {
    at(id).replaceChildren(
      ...order.map((place, i) =>
        made("option", { value: place, selected: i === nth }, column.texts[place])
      ),
    );
  }
  chosenSides();
}

function chosenSides() {
  pair = {
    factor: at("factor").value,
    sides: ["left", "right"].map((id) => Number(at(id).value)),
    differ: at("differ").checked,
  };
  current = 0;
  at("box").scrollTop = 0;
  listed();
}
at("factor").addEventListener("change", () => {
  if (open) close();
  chosenFactor();
});
for (const id of ["left", "right"]) {
  at(id).addEventListener("change", () => {
    if (open) close();
    chosenSides();
  });
}
at("differ").addEventListener("change", () => {
  const rows = open?.rows;
  chosenSides();
  if (!rows) return;
  // Those who are followed stay, also where they are no line any more.
  current = Math.max(0, lines.findIndex((line) => line[0] === rows[0]));
  goTo(current);
  follow(rows).catch(failed);
});

// Columns, copying, help

function drawColumns() {
  at("columns").replaceChildren(
    ...table().columns.filter(({ part, constant }) => part !== "hidden" && !constant).map((
      { name, label },
    ) =>
      made(
        "label",
        {},
        made("input", {
          type: "checkbox",
          checked: !views[view].hidden.has(name),
          on: {
            change: ({ target }) => {
              target.checked ? views[view].hidden.delete(name) : views[view].hidden.add(name);
              listed();
            },
          },
        }),
        label,
      )
    ),
  );
}
at("choose").addEventListener("click", () => {
  const is = at("columns").hidden;
  at("columns").hidden = !is;
  at("choose").setAttribute("aria-expanded", is);
});
at("show").addEventListener(
  "click",
  () => filtering(!document.body.classList.contains("filtering")),
);
at("help").addEventListener("click", () => at("keys").showModal());
at("keys").querySelector("button").addEventListener("click", () => at("keys").close());

/** What is listed, with full numbers; of two side by side each column twice. */
function csv() {
  const columns = table().columns.filter((column) =>
    column.name === "id" || (column.part !== "hidden" && !views[view].hidden.has(column.name))
  );
  const one = (row) => columns.map((column) => valueOf(column, row));
  const names = columns.map(({ name }) => name);
  if (pair) {
    const [a, b] = pair.sides.map((place) => table().of.get(pair.factor).texts[place]);
    return csvOf([
      [...names.map((name) => `${name} (${a})`), ...names.map((name) => `${name} (${b})`), "data"],
      ...lines.map(([left, right]) => [...one(left), ...one(right), data.about.line]),
    ]);
  }
  return csvOf([
    [...names, "data"],
    ...[...shownRows].map((row) => [...one(row), data.about.line]),
  ]);
}

at("copy").addEventListener("click", async () => {
  const n = pair ? lines.length : shownRows.length;
  try {
    await navigator.clipboard.writeText(csv());
    say(`${plural(n, "row")} copied`);
  } catch {
    say("The browser does not let this page copy: open it in a tab of its own", true);
  }
});

// From the address: a person that somebody was sent

async function toAddress() {
  const [, name, ids] = /^#(personas|sheets)\/([\d/]+)$/.exec(location.hash) ?? [];
  if (!name) {
    if (open) close();
    return;
  }
  if (name !== view || !data[name]) await look(name);
  const rows = ids.split("/").map((id) => rowOf(table(), Number(id)));
  if (rows.includes(-1)) return say("Whom the address names is not here", true);
  const place = lines.findIndex((line) => line === rows[0] || line.rows?.[0] === rows[0]);
  if (place >= 0) {
    current = place;
    virtual.scrollToIndex(current, { align: "center" });
  }
  await follow(rows);
}
addEventListener("popstate", () => toAddress().catch(failed));

const failed = (error) => say(error.message, true);

for (const query of [narrow, pages]) {
  query.addEventListener("change", () => {
    if (!data.personas) return;
    listed();
  });
}

try {
  const made = await source.open();
  data.about = made.about;
  data.personas = ready(made.table);
  at("data").textContent = data.about.line;
  pairing(false);
  listed();
  drawColumns();
  setTimeout(() => sheetsRead().catch(failed));
  await toAddress();
} catch (error) {
  failed(error);
}
document.body.dataset.ready = "yes";
