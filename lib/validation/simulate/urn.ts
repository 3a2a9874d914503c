/** Draws of a profile that resemble each other: the beta-binomial, without a beta. */
import type { Random } from "../../random.ts";

/**
 * Pólya's urn of one profile, over uniform numbers in place of colours.
 *
 * A draw is new with probability α / (α + j) after j draws, else one of the earlier ones again, with
 * α = 1 / ICC − 1. Cut at a share p, the draws below it are a beta-binomial with shapes αp and
 * α(1 − p): their rate is p and their correlation is the ICC, whatever p is; cut at several, they are a
 * Dirichlet-multinomial. Two conditions that draw from one urn have the profile's effect in common,
 * also where they cut at different shares. Source: Blackwell & MacQueen 1973, Annals of Statistics 1,
 * 353–355.
 */
export class Urn {
  readonly #alpha: number;
  readonly #drawn: Float64Array;
  #draws = 0;

  /**
   * @param icc 0 to 1
   * @param most as many draws as a profile has
   */
  constructor(icc: number, most: number, private readonly random: Random) {
    this.#alpha = 1 / icc - 1;
    this.#drawn = new Float64Array(most);
  }

  /** The urn of the next profile. */
  empty(): void {
    this.#draws = 0;
  }

  draw(): number {
    const j = this.#draws;
    // Division, because α is infinite where the ICC is 0.
    const fresh = j === 0 || this.random.uniform() < 1 / (1 + j / this.#alpha);
    const drawn = fresh
      ? this.random.uniform()
      : this.#drawn[Math.floor(this.random.uniform() * j)]!;
    this.#drawn[j] = drawn;
    this.#draws += 1;
    return drawn;
  }
}
