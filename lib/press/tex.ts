/** Text as LaTeX: the only place that knows what has to be escaped. */

import { lettered } from "./heads.ts";

/** What pdfLaTeX with T1 and utf8 does not read as it stands. */
const SYMBOLS: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "{": "\\{",
  "}": "\\}",
  "$": "\\$",
  "&": "\\&",
  "#": "\\#",
  "%": "\\%",
  "_": "\\_",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "`": "\\textasciigrave{}",
  '"': "\\textquotedbl{}",
  "|": "\\textbar{}",
  "<": "\\textless{}",
  ">": "\\textgreater{}",
  // At the beginning of a row these would belong to the \\ before it.
  "[": "{[}",
  "]": "{]}",
  "*": "{*}",
  "±": "$\\pm$",
  "†": "$\\dagger$",
  "‡": "$\\ddagger$",
  "¶": "\\P{}",
  "§": "\\S{}",
  "—": "---",
  "–": "--",
  "−": "$-$",
  "‑": "-",
  "·": "$\\cdot$",
  "•": "\\textbullet{}",
  "…": "\\dots{}",
  "°": "$^{\\circ}$",
  "²": "$^{2}$",
  "³": "$^{3}$",
  "×": "$\\times$",
  "÷": "$\\div$",
  "√": "$\\surd$",
  "∞": "$\\infty$",
  "≤": "$\\leq$",
  "≥": "$\\geq$",
  "≈": "$\\approx$",
  "≠": "$\\neq$",
  "→": "$\\rightarrow$",
  "←": "$\\leftarrow$",
  "∑": "$\\sum$",
};

/** Greek letters by their names in LaTeX; omicron and most capitals are Latin letters there. */
const GREEK = "α alpha β beta γ gamma δ delta ε varepsilon ζ zeta η eta θ theta ι iota κ kappa " +
  "λ lambda μ mu µ mu ν nu ξ xi π pi ρ rho ς varsigma σ sigma τ tau υ upsilon φ varphi χ chi ψ psi " +
  "ω omega Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Υ Upsilon Φ Phi Ψ Psi Ω Omega";
const MATH = new Map(
  GREEK.match(/\S+ \S+/g)!.map((pair) => {
    const [letter, name] = pair.split(" ") as [string, string];
    return [letter, `$\\${name}$`];
  }),
);

/** Letters and quotation marks that T1 holds: Latin-1 and Latin Extended-A, but for a few. */
const HELD = /[ -~¡£«»¿À-ÖØ-öø-ĥĨ-ķĹ-ľŁ-ňŊ-ťŨ-žȘ-ț‘’‚“”„‹›]/;

/**
 * Text that LaTeX prints as it reads. Letters beyond Latin and Greek, for which pdfLaTeX has no font,
 * stand as their code points: `[U+4E2D]`.
 */
export function tex(text: string): string {
  const letters = [
    ...text.normalize("NFC").replace(/[\s\p{Cc}]+/gu, " ").replace(/\p{Cf}/gu, "")
      .replace(/^-(?=[\d.∞])/, "−"),
  ];
  // Two of a kind would become one sign: -- a dash, ,, a quotation mark.
  const twice = (letter: string, i: number) => /[-,']/.test(letter) && letters[i - 1] === letter;
  return letters.map((letter, i) => (twice(letter, i) ? "{}" : "") + written(letter)).join("");
}

function written(letter: string): string {
  const known = SYMBOLS[letter] ?? MATH.get(letter);
  if (known !== undefined) return known;
  if (HELD.test(letter)) return letter;
  return `{[}U+${letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}{]}`;
}

/** A heading with its statistics of one letter in italics. */
export const labelled = (heading: string): string =>
  lettered(
    heading,
    tex,
    (letter, index) => `\\textit{${letter}}${index && `\\textsubscript{${index}}`}`,
  );
