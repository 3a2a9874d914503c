/** Where the reasoning in a reply ends and its answer begins. */

/** `<think>`, `</thinking>`, `<seed:think>`, `◁/think▷`, `<|END_THINKING|>`, `<reflection type="…">` … */
const TAG = String.raw`[<◁]\|?\s?(\/\s?|end_(?:of_)?)?(?:\w{1,20}[:_])?` +
  String.raw`(think|thought|reason|reflect|analysis|scratchpad|monologue|cot)(?:ing|ion|s)?` +
  String.raw`(?:[:\s][^<>]{0,80})?\|?[>▷]`;

/** Marks of another form, as [opens, closes]. */
const PAIRS = [
  // gpt-oss, and what is left of it where a server drops special tokens.
  [
    String
      .raw`<\|channel\|>\s?(?!final)\w{1,20}[^{}[\]]{0,80}?<\|message\|>|^\s?analysis(?=(?-i:[A-Z]))`,
    String.raw`<\|channel\|>\s?final[^{}[\]]{0,80}?<\|message\|>|assistantfinal`,
  ],
  // Gemma 4, Mistral, Kimi K3, Apertus, MedGemma, Pangu, Granite.
  [String.raw`<\|channel>`, String.raw`<channel\|>`],
  [String.raw`(?-i:\[THINK\])`, String.raw`(?-i:\[\/THINK\])`],
  [String.raw`<\|open\|>think<\|sep\|>`, String.raw`<\|close\|>think<\|sep\|>`],
  [String.raw`<\|inner_prefix\|>`, String.raw`<\|inner_suffix\|>`],
  ["<unused94>", "<unused95>"],
  [String.raw`\[unused16\]`, String.raw`\[unused17\]`],
  ["Here(?:'s| is) my thought process:", "Here(?:'s| is) my response:"],
];

const MARK = new RegExp(
  [TAG, ...PAIRS.flatMap(([opens, closes]) => [`(${opens})`, `(${closes})`])].join("|"),
  "gi",
);

/** Brackets that are no JSON, after which no more are looked at: each may cost a walk over the reply. */
const MOST_FAILURES = 64;

/**
 * What a reply says behind its reasoning: all of it where it holds none.
 *
 * Reasoning ends with its last closing mark, whose opening one may be missing, since prompts often end
 * in it; what opens without being closed has no answer. A mark inside valid JSON stands in a text, and
 * one between backticks is only spoken of: neither counts.
 *
 * The marks are those of vLLM's, SGLang's and llama.cpp's reasoning parsers.
 *
 * @param jsonAt where the valid JSON ends that begins at a bracket; null where there is none
 */
export function behindReasoning(
  text: string,
  jsonAt: (start: number) => number | null,
): string | { problem: string } {
  let open: string | null = null, from = 0;
  let read = 0, bracket = -1, failures = 0;
  for (const mark of text.matchAll(MARK)) {
    const [whole, end, name, ...pairs] = mark, behind = mark.index + whole.length;
    while (failures < MOST_FAILURES) {
      if (bracket < read) bracket = bracketFrom(text, read);
      if (bracket >= mark.index) break;
      const ends = jsonAt(bracket);
      read = ends ?? bracket + 1;
      if (ends === null) failures++;
    }
    if (mark.index < read || text[mark.index - 1] === "`" && text[behind] === "`") continue;
    read = behind;
    const pair = pairs.findIndex((found) => found !== undefined);
    const closes = pair < 0 ? end !== undefined : pair % 2 === 1;
    const of = pair < 0 ? name!.toLowerCase() : String(pair >> 1);
    if (!closes) open ??= of;
    else if (open === null || open === of) [open, from] = [null, behind];
  }
  if (open !== null) return { problem: "the reasoning was never closed" };
  const answer = text.slice(from);
  return from > 0 && answer.trim() === "" ? { problem: "nothing behind the reasoning" } : answer;
}

function bracketFrom(text: string, start: number): number {
  const bracket = /[{[]/g;
  bracket.lastIndex = start;
  return bracket.exec(text)?.index ?? Infinity;
}
