/** A comparator that squares an oscillator: a pin that toggles at a given frequency, one edge at a time. */
export class Comparator {
  /** @param {import('./types.js').Clock} clock */
  constructor(clock) {
    this.#clock = clock;
    /** The pin, 0 or 1. */
    this.level = 0;
    /** When the pin toggles next; Infinity while the oscillator stands still. */
    this.nextEdgeNanos = Infinity;
  }

  #clock;
  #hz = 0;
  #halfNanos = Infinity;

  get hz() {
    return this.#hz;
  }

  /**
   * Retunes the oscillator without losing its phase; 0 stops it where it is.
   *
   * @param {number} hz
   */
  setHz(hz) {
    if (!(hz >= 0 && Number.isFinite(hz))) throw new RangeError(`no oscillator runs at ${hz} Hz`);
    const now = this.#clock.nanos;
    const halfNanos = hz > 0 ? 0.5e9 / hz : Infinity;
    if (hz === 0) {
      this.nextEdgeNanos = Infinity;
    } else {
      const left = this.#hz > 0 ? Math.max(0, this.nextEdgeNanos - now) / this.#halfNanos : 1;
      this.nextEdgeNanos = now + left * halfNanos;
    }
    this.#hz = hz;
    this.#halfNanos = halfNanos;
  }

  /**
   * The moment `nextEdgeNanos` has come: toggles the pin and sets the next. Edges are counted from each other, not
   * from when this was called, so a late call does not bend the pitch.
   *
   * @returns {number} the pin's new level
   */
  fire() {
    this.level ^= 1;
    this.nextEdgeNanos += this.#halfNanos;
    return this.level;
  }
}
