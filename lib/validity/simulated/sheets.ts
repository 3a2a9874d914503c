/** Sheets of two answers as the simulated model fills them in. */
import { WORDS } from "../../instruments.ts";

const ANSWER = /^( {2}"(\d+)": )"([^"]*)"/gm;

/** The two answers of each language and coding: the one that means 0, and the one that means 1. */
const PAIRS = [
  ["0", "1"] as const,
  ...Object.values(WORDS).flatMap(({ yesNo, trueFalse }) => [yesNo, trueFalse]),
];

/** A sheet with each item answered anew, from its number and the answer it had; null leaves that. */
export const answeredAnew = (
  sheet: string,
  to: (number: number, given: number) => number | null,
): string =>
  sheet.replace(ANSWER, (line, start: string, number: string, word: string) => {
    const pair = PAIRS.find((pair) => pair.some((one) => one === word));
    const answer = pair ? to(Number(number), pair.findIndex((one) => one === word)) : null;
    return answer === null ? line : `${start}${JSON.stringify(pair![answer])}`;
  });
