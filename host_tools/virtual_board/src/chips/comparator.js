/**
 * A comparator that squares an oscillator: a pin that toggles, one edge at a time, at a given frequency or at given
 * times (for jitter, doubled and missing edges, which are computed elsewhere).
 */
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
  /** The edges still to come, where their times were given. @type {Float64Array} */
  #times = new Float64Array(0);
  #next = 0;

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
    this.#times = new Float64Array(0);
    this.#next = 0;
  }

  /**
   * Stops the oscillator; the pin toggles at these times instead, and is still after the last.
   *
   * @param {Float64Array} times ascending, none of them gone
   */
  setTimes(times) {
    this.#hz = 0;
    this.#halfNanos = Infinity;
    this.#times = times;
    this.#next = 0;
    this.nextEdgeNanos = times.length ? times[0] : Infinity;
  }

  /**
   * The moment `nextEdgeNanos` has come: toggles the pin and sets the next. Edges are counted from each other, not
   * from when this was called, so a late call does not bend the pitch.
   *
   * @returns {number} the pin's new level
   */
  fire() {
    this.level ^= 1;
    this.#next += 1;
    this.nextEdgeNanos =
      this.#next < this.#times.length ? this.#times[this.#next] : this.nextEdgeNanos + this.#halfNanos;
    return this.level;
  }
}
