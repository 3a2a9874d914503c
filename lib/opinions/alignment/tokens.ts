/** Opinions from the probabilities of first tokens. */

/**
 * Shares of options from log-probabilities of the first token of a reply.
 *
 * Of the tokens that are an option, with or without a blank before it, the more probable counts. Options
 * whose tokens the provider did not report share evenly what probability is left, none of them more than the least
 * that was seen. Shares add up to 1; null where no option was seen. Source: Santurkar et al. 2023 (arXiv
 * 2303.17548). What a model writes often differs from its first token: say which of the two is shown.
 *
 * @param reported tokens and their natural log-probabilities
 * @throws {RangeError} when a log-probability is above 0
 */
export function fromTokens(
  reported: readonly { token: string; logprob: number }[],
  options: readonly string[],
): number[] | null {
  const odd = reported.find(({ logprob }) => !(logprob <= 0));
  if (odd) {
    throw new RangeError(`A log-probability is 0 or less: got ${odd.logprob} of ${odd.token}`);
  }
  const seen = options.map((option) => {
    const own = reported.filter(({ token }) => token.replace(/^\s/, "") === option)
      .map(({ logprob }) => Math.exp(logprob));
    return own.length ? Math.max(...own) : null;
  });
  const known = seen.filter((share) => share !== null);
  if (!known.length) return null;
  const all = reported.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0);
  const unseen = options.length - known.length;
  const each = Math.min(...known, Math.max(0, 1 - all) / unseen);
  const shares = seen.map((share) => share ?? each);
  const total = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => share / total);
}
