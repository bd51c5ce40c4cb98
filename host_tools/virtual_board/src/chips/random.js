/** Repeatable noise: the same seed gives the same run, on every machine. */
export class Random {
  /** @param {number} seed */
  constructor(seed) {
    this.#state = seed >>> 0;
  }

  #state;
  #spare = 0;
  #haveSpare = false;

  /** Uniform in 0 (included) to 1 (excluded); the "mulberry32" generator. */
  uniform() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  }

  /** Gaussian, mean 0, standard deviation 1 (Box and Muller: two come of one pair, the second is kept). */
  gaussian() {
    if (this.#haveSpare) {
      this.#haveSpare = false;
      return this.#spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    this.#haveSpare = true;
    return radius * Math.cos(angle);
  }
}
