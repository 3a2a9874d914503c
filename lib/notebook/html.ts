/** What all that is shown has in common. */

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text that may stand in HTML, between tags and in attributes. */
export const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (letter) => ENTITIES[letter]!);

/** A number of things as it reads in a sentence. */
export const whole = (number: number): string => number.toLocaleString("en");

/** An amount of money; of the price of a call, which is little, four decimals. */
export const dollars = (usd: number): string => `USD ${usd.toFixed(usd > 0 && usd < 0.1 ? 4 : 2)}`;
