/**
 * What the panel's wiring picks up: inputs that wander slowly, and bursts that ring in all of them at once when
 * somebody plugs a cable.
 *
 * Everything is drawn in order of time from streams of its own, so that how often an input is read changes nothing.
 * uncertain: frequencies and decay of a burst; no instrument was measured.
 */
import { Random } from './random.js';

const MILLI = 1e6;
/** An input goes from one resting place to the next in this time (ns). */
const SHORTEST_STRIDE = 1e9;
const LONGEST_STRIDE = 5e9;
/** From the end of a burst to the beginning of the next (ns). */
const BURST_GAP = 200 * MILLI;
const BURST_MS = 10;
const LOWEST_RING_HZ = 500;
const HIGHEST_RING_HZ = 20_000;
/** A burst is over after so many of its time constants. */
const RING_DECAYS = 3;

/** One input: it swings from place to place, each drawn within its bounds. */
class Wander {
  /** @param {Random} random */
  constructor(random) {
    this.#random = random;
    this.#to = random.uniform() * 2 - 1;
    this.#stride();
  }

  #random;
  #from = 0;
  #to;
  #begin = 0;
  #end = 0;

  #stride() {
    this.#from = this.#to;
    this.#to = this.#random.uniform() * 2 - 1;
    this.#begin = this.#end;
    this.#end += SHORTEST_STRIDE + (LONGEST_STRIDE - SHORTEST_STRIDE) * this.#random.uniform();
  }

  /** @param {number} nanos @returns {number} -1 to 1 */
  at(nanos) {
    while (nanos >= this.#end) this.#stride();
    const part = Math.max(0, nanos - this.#begin) / (this.#end - this.#begin);
    return this.#from + ((this.#to - this.#from) * (1 - Math.cos(Math.PI * part))) / 2;
  }
}

/** The bursts, one after the other. */
class Bursts {
  /**
   * @param {Random} random
   * @param {number} perSecond
   * @param {number} longestNanos
   */
  constructor(random, perSecond, longestNanos) {
    this.#random = random;
    this.#longest = longestNanos;
    this.#waiting = 1e9 / perSecond - BURST_GAP - longestNanos / 2;
    if (this.#waiting < 0)
      throw new RangeError(`Bursts ${BURST_GAP / MILLI} ms apart cannot come ${perSecond} times a second`);
    this.#draw();
  }

  #random;
  #longest;
  /** How long on average the next one keeps us waiting when it may come. */
  #waiting;
  #begin = 0;
  #end = -BURST_GAP;
  #amplitude = 0;
  #hz = 0;

  #draw() {
    const random = this.#random;
    this.#begin = this.#end + BURST_GAP - this.#waiting * Math.log(1 - random.uniform());
    this.#end = this.#begin + this.#longest * (1 - random.uniform());
    this.#amplitude = 2 * random.uniform() - 1;
    this.#hz = LOWEST_RING_HZ + (HIGHEST_RING_HZ - LOWEST_RING_HZ) * random.uniform();
  }

  /** @param {number} nanos @returns {number} -1 to 1 */
  at(nanos) {
    while (nanos >= this.#end) this.#draw();
    const since = nanos - this.#begin;
    if (since < 0) return 0;
    const fading = Math.exp((-RING_DECAYS * since) / (this.#end - this.#begin));
    return this.#amplitude * fading * Math.cos(2 * Math.PI * this.#hz * since * 1e-9);
  }
}

/** The noise of a whole panel. */
export class PanelNoise {
  /**
   * @param {import('./types.js').Board} board
   * @param {import('./types.js').Clock} clock
   * @param {number} seed
   * @param {import('./types.js').PanelNoiseOptions} options
   */
  constructor(board, clock, seed, options) {
    const { wanderLsb = 0, burstsPerSecond = 0, burstLsb = 0, burstMs = BURST_MS } = options;
    for (const [name, value] of Object.entries({ wanderLsb, burstsPerSecond, burstLsb, burstMs })) {
      if (!(Number.isFinite(value) && value >= 0))
        throw new RangeError(`${name} must be a number at least 0, not ${JSON.stringify(value)}`);
    }
    const lsb = 1 / (1 << board.ADC_BITS);
    this.#clock = clock;
    this.#wanderFraction = wanderLsb * lsb;
    this.#burstFraction = burstLsb * lsb;
    this.#wanders = board.PANEL.map((_, channel) => new Wander(new Random(seed + channel)));
    this.#bursts =
      burstsPerSecond > 0
        ? new Bursts(new Random(seed + board.PANEL.length), burstsPerSecond, burstMs * MILLI)
        : null;
  }

  #clock;
  #wanderFraction;
  #burstFraction;
  #wanders;
  #bursts;

  /**
   * @param {number} channel mux * 16 + address
   * @returns {number} what it adds to that input now, as a fraction of the ADC's span
   */
  at(channel) {
    const { nanos } = this.#clock;
    const burst = this.#bursts ? this.#burstFraction * this.#bursts.at(nanos) : 0;
    return this.#wanderFraction * this.#wanders[channel].at(nanos) + burst;
  }
}
