/**
 * Three CD74HC4067 between the panel and the RP2040's ADC pins: which knob stands at a pin, and how fast it gets there.
 *
 * A pin's node is the multiplexer's common, the trace and the pin: 60 pF together. After an address change it keeps
 * its charge for about 100 ns (the data sheet's turn-on time between 2 V and 4.5 V; break before make, 6 ns, is
 * inside it), then charges through 70 ohms and the knob: a 10 k pot's own resistance is f * (1 - f) * 10 k, at most
 * 2.5 k, so the time constant is at most 154 ns and 12 bits are settled after 1.4 us. No capacitor stands at the
 * commons. Unused inputs are grounded. Address lines that change one by one pass through the addresses between.
 *
 * The pad's pull resistor (RP2040 datasheet, table of pin resistances: 50 to 80 k) hangs on the same node. It bends a
 * knob by 2 % at most, but has the node to itself while a switch changes over, and where no multiplexer is fitted.
 * There, with no pull either, the charge stays, but for leakage that pushes it one way or the other.
 * uncertain: that leakage; what was chosen takes the node through a tenth of its span in a second.
 */

const COMMON_FARADS = 60e-12;
const SWITCH_OHMS = 70;
const SWITCH_NANOS = 100;
const POT_OHMS = 10_000;
const PULL_OHMS = 60_000;
/** Root mean square of what a floating node has wandered after a second, as a fraction of the span. */
const DRIFT_PER_ROOT_SECOND = 0.1;

const DOWN = 1;
const UP = 2;

/** The multiplexers and what is soldered to their inputs. */
export class Muxes {
  /**
   * @param {import('./types.js').Board} board
   * @param {import('./types.js').Clock} clock
   * @param {import('./random.js').Random} random of the leakage where no multiplexer is fitted
   * @param {import('./types.js').MuxOptions} [options]
   */
  constructor(board, clock, random, { missing = [] } = {}) {
    this.#clock = clock;
    this.#random = random;
    this.#addresses = board.MUX_ADDRESSES;
    this.#count = board.MUX_COUNT;
    /** What stands at each of the 48 inputs, as a fraction of the ADC's span. */
    this.fractions = Float64Array.from(board.PANEL, ([, kind]) => {
      if (kind === board.KIND_SPARE) return 0;
      if (kind === board.KIND_ROTARY) return board.ROTARY_LADDER_EIGHTHS[0] / 8;
      return 0.5;
    });
    this.#held = new Float64Array(this.#count);
    this.#heldNanos = new Float64Array(this.#count);
    this.#connectNanos = new Float64Array(this.#count).fill(-Infinity);
    this.#pulls = new Uint8Array(this.#count);
    if (!Array.isArray(missing)) throw new RangeError('The missing multiplexers must be a list of numbers');
    for (const mux of missing) {
      if (!(Number.isInteger(mux) && mux >= 0 && mux < this.#count))
        throw new RangeError(`There is no multiplexer ${JSON.stringify(mux)} to be missing`);
      this.#connectNanos[mux] = Infinity;
    }
    /** How often each of the 48 inputs has been chosen and then converted, once or more. */
    this.visits = new Float64Array(board.PANEL.length);
    this.#unseen = new Uint8Array(this.#count).fill(1);
    /**
     * Pickup and wiper noise: added to a channel's fraction each time it is read.
     *
     * @type {((channel: number) => number) | null}
     */
    this.noise = null;
  }

  #clock;
  #random;
  #addresses;
  #count;
  #address = 0;
  /** 1 for a multiplexer of which nothing has been converted since the address changed. */
  #unseen;
  /** What each node held when something was changed, and when that was. */
  #held;
  #heldNanos;
  /** From when on each node's present input charges it; Infinity where no multiplexer is fitted. */
  #connectNanos;
  /** The pull resistors of each node's pad. */
  #pulls;

  /** The address that the multiplexers' pins spell. */
  get address() {
    return this.#address;
  }

  /** @param {number} address 0 to 15, for all three */
  setAddress(address) {
    if (address === this.#address) return;
    this.#hold(SWITCH_NANOS);
    this.#address = address;
    this.#unseen.fill(1);
  }

  /**
   * @param {number} channel mux * 16 + address
   * @param {number} fraction 0 to 1
   */
  setKnob(channel, fraction) {
    if (!(channel >= 0 && channel < this.fractions.length)) throw new RangeError(`no channel ${channel}`);
    if (!(fraction >= 0 && fraction <= 1)) throw new RangeError(`a knob cannot stand at ${fraction}`);
    if (channel % this.#addresses === this.#address) this.#hold(0);
    this.fractions[channel] = fraction;
  }

  /**
   * @param {number} mux which, or the ADC channel it goes to
   * @returns {number} the fraction of the ADC's span at the pin, now
   */
  analogIn(mux) {
    const channel = mux * this.#addresses + this.#address;
    this.visits[channel] += this.#unseen[mux];
    this.#unseen[mux] = 0;
    const fitted = this.#connectNanos[mux] !== Infinity;
    const value = this.#node(mux) + (this.noise && fitted ? this.noise(channel) : 0);
    return value < 0 ? 0 : value > 1 ? 1 : value;
  }

  /**
   * The pull resistors of the pad that a multiplexer's common goes to; with both, a pad keeps the level that it has.
   *
   * @param {number} mux
   * @param {boolean} down
   * @param {boolean} up
   */
  setPull(mux, down, up) {
    const pulls = (down ? DOWN : 0) | (up ? UP : 0);
    if (pulls === this.#pulls[mux]) return;
    this.#holdOne(mux, 0);
    this.#pulls[mux] = pulls;
  }

  /** @param {number} mux */
  #node(mux) {
    const now = this.#clock.nanos;
    const connected = this.#connectNanos[mux];
    const pull = this.#pullOf(mux);
    let value = this.#held[mux];
    const alone = Math.min(now, connected) - this.#heldNanos[mux];
    if (alone > 0) {
      if (pull >= 0) value = pull + (value - pull) * Math.exp(-alone / (PULL_OHMS * COMMON_FARADS * 1e9));
      else if (connected === Infinity) value = this.#drift(mux, alone);
    }
    if (now <= connected) return value;
    let target = this.fractions[mux * this.#addresses + this.#address];
    let ohms = SWITCH_OHMS + target * (1 - target) * POT_OHMS;
    if (pull >= 0) {
      target = (target * PULL_OHMS + pull * ohms) / (PULL_OHMS + ohms);
      ohms = (ohms * PULL_OHMS) / (PULL_OHMS + ohms);
    }
    return target + (value - target) * Math.exp(-(now - connected) / (ohms * COMMON_FARADS * 1e9));
  }

  /** @param {number} mux @returns {number} where the pad pulls its node, as a fraction of the span; -1 = nowhere */
  #pullOf(mux) {
    const pulls = this.#pulls[mux];
    if (pulls === 0) return -1;
    if (pulls === (DOWN | UP)) return this.#held[mux] < 0.5 ? 0 : 1;
    return pulls === UP ? 1 : 0;
  }

  /**
   * A floating node, some nanoseconds after it was last looked at.
   *
   * @param {number} mux
   * @param {number} nanos
   */
  #drift(mux, nanos) {
    const step = DRIFT_PER_ROOT_SECOND * Math.sqrt(nanos / 1e9) * this.#random.gaussian();
    this.#held[mux] = Math.min(1, Math.max(0, this.#held[mux] + step));
    this.#heldNanos[mux] = this.#clock.nanos;
    return this.#held[mux];
  }

  /**
   * Every node keeps what it has, and charges towards something else from `nanos` on.
   *
   * @param {number} nanos from now
   */
  #hold(nanos) {
    for (let mux = 0; mux < this.#count; mux++) this.#holdOne(mux, nanos);
  }

  /**
   * @param {number} mux
   * @param {number} nanos from now
   */
  #holdOne(mux, nanos) {
    this.#held[mux] = this.#node(mux);
    this.#heldNanos[mux] = this.#clock.nanos;
    this.#connectNanos[mux] = Math.max(this.#connectNanos[mux], this.#clock.nanos + nanos);
  }
}
