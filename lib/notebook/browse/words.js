// Elements with text in them, and values as words.
import { valueOf } from "./rows.js";

export const at = (id) => document.getElementById(id);

/** An element with text in it, or with others; what a model wrote is never read as HTML. */
export function made(tag, given = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name === "on") {
      for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    } else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...inside.filter((one) => one !== null));
  return element;
}

export const whole = (n) => n.toLocaleString("en");
export const plural = (n, one) => `${whole(n)} ${one}${n === 1 ? "" : "s"}`;

export function say(text, wrong = false) {
  at("said").textContent = text;
  at("said").className = wrong ? "wrong" : "";
}

export function numberIn(value, { kind }) {
  if (kind !== "number" || Number.isInteger(value)) return String(value).replace("-", "−");
  return value.toFixed(2).replace("-", "−");
}
export const textOf = (value, column) =>
  value === null ? "—" : typeof value === "number" ? numberIn(value, column) : value;
export const textAt = (column, row) => textOf(valueOf(column, row), column);

/** Values that say themselves what they are of. */
const PLAIN = ["model", "answering_model", "condition", "instrument", "language", "name"];

/** What stands in some columns, in words; nothing where nothing does. */
export const inWords = (columns, row, textIn = (column) => textAt(column, row)) =>
  columns.flatMap((column) => {
    const text = textIn(column), { name, label, part } = column;
    if (text === "—") return [];
    return PLAIN.includes(name) || (part !== "factor" && column.texts)
      ? [text]
      : [`${label.toLowerCase()} ${text}`];
  }).join(" · ");
