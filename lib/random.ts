/** Random numbers that depend on a seed and on nothing else: the same on every machine and run. */
import { createHash } from "node:crypto";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

/** A stream of random numbers that depends only on its seed. Each draw moves the stream on. */
export interface Random {
  /** A number in [0, 1): a multiple of 2⁻⁵³. */
  uniform(): number;
  /**
   * A whole number from 0 to `below` − 1, each equally likely.
   *
   * @throws {RangeError} when `below` is no whole number from 1 to 2⁵³ − 1
   */
  int(below: number): number;
  /** The elements in random order, in a new array. */
  shuffled<T>(of: readonly T[]): T[];
  /**
   * `k` different elements in random order: the first `k` of what `shuffled` gives in this place of
   * the stream, so that a larger sample with the same seed contains the smaller one.
   *
   * @throws {RangeError} when there are fewer than `k` elements
   */
  sample<T>(of: readonly T[], k: number): T[];
}

/**
 * A new stream.
 *
 * The seed's parts are joined as JSON, so that `("a", "b")`, `("ab")` and `("a,b")`, or `1` and `"1"`,
 * are different seeds; its SHA-256 gives the generator's whole state of 128 bits. Source: Blackman &
 * Vigna's xoroshiro128+, in pure-rand.
 *
 * @param seed what the numbers are for and whose they are: ("dose", 42, profile, "N")
 * @throws {RangeError} when a number is not finite
 */
export function seeded(...seed: readonly (string | number)[]): Random {
  const odd = seed.find((part) => typeof part === "number" && !Number.isFinite(part));
  if (odd !== undefined) throw new RangeError(`A seed has finite numbers: current value is ${odd}`);
  const hash = createHash("sha256").update(JSON.stringify(seed)).digest();
  const state = [0, 4, 8, 12].map((offset) => hash.readInt32BE(offset));
  const generator = xoroshiro128plusFromState(state);

  const int = (below: number): number => {
    if (!Number.isSafeInteger(below) || below < 1) {
      throw new RangeError(`int() needs a whole number of 1 or more: current value is ${below}`);
    }
    return uniformInt(generator, 0, below - 1);
  };
  const sample = <T>(of: readonly T[], k: number): T[] => {
    if (!Number.isInteger(k) || k < 0 || k > of.length) {
      throw new RangeError(`A sample of ${of.length} has 0 to ${of.length}: current value is ${k}`);
    }
    const rest = [...of];
    for (let place = 0; place < k; place++) {
      const drawn = place + int(rest.length - place);
      [rest[place], rest[drawn]] = [rest[drawn]!, rest[place]!];
    }
    return rest.slice(0, k);
  };
  return {
    uniform: () => uniformFloat64(generator),
    int,
    shuffled: (of) => sample(of, of.length),
    sample,
  };
}

/** Numbers that are 0 or ½, each as likely: 31 of them from one draw of a stream. */
export function coins({ int }: Pick<Random, "int">): () => number {
  let bits = 0, left = 0;
  return () => {
    if (left === 0) [bits, left] = [int(2 ** 31), 31];
    const coin = bits & 1;
    bits >>>= 1;
    left--;
    return coin / 2;
  };
}
