/**
 * Three CD74HC4067 between the panel and the RP2040's ADC pins: which knob stands at a pin, and how fast it gets there.
 *
 * A pin's node is the multiplexer's common, the trace and the pin: 60 pF together. After an address change it keeps
 * its charge for about 100 ns (the data sheet's turn-on time between 2 V and 4.5 V; break before make, 6 ns, is
 * inside it), then charges through 70 ohms and the knob: a 10 k pot's own resistance is f * (1 - f) * 10 k, at most
 * 2.5 k, so the time constant is at most 154 ns and 12 bits are settled after 1.4 us. No capacitor stands at the
 * commons. Unused inputs are grounded. Address lines that change one by one pass through the addresses between.
 */

const COMMON_FARADS = 60e-12;
const SWITCH_OHMS = 70;
const SWITCH_NANOS = 100;
const POT_OHMS = 10_000;

/** The multiplexers and what is soldered to their inputs. */
export class Muxes {
  /**
   * @param {import('./types.js').Board} board
   * @param {import('./types.js').Clock} clock
   */
  constructor(board, clock) {
    this.#clock = clock;
    this.#addresses = board.MUX_ADDRESSES;
    this.#count = board.MUX_COUNT;
    /** What stands at each of the 48 inputs, as a fraction of the ADC's span. */
    this.fractions = Float64Array.from(board.PANEL, ([, kind]) => {
      if (kind === board.KIND_SPARE) return 0;
      if (kind === board.KIND_ROTARY) return board.ROTARY_LADDER_EIGHTHS[0] / 8;
      return 0.5;
    });
    this.#held = new Float64Array(this.#count);
    this.#connectNanos = new Float64Array(this.#count).fill(-Infinity);
    /**
     * Pickup and wiper noise: added to a channel's fraction each time it is read.
     *
     * @type {((channel: number) => number) | null}
     */
    this.noise = null;
  }

  #clock;
  #addresses;
  #count;
  #address = 0;
  /** What each node held when its present input was connected, and when that was. */
  #held;
  #connectNanos;

  /** The address that the multiplexers' pins spell. */
  get address() {
    return this.#address;
  }

  /** @param {number} address 0 to 15, for all three */
  setAddress(address) {
    if (address === this.#address) return;
    this.#hold(SWITCH_NANOS);
    this.#address = address;
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
    const value = this.#node(mux) + (this.noise ? this.noise(channel) : 0);
    return value < 0 ? 0 : value > 1 ? 1 : value;
  }

  /** @param {number} mux */
  #node(mux) {
    const since = this.#clock.nanos - this.#connectNanos[mux];
    const held = this.#held[mux];
    if (since <= 0) return held;
    const target = this.fractions[mux * this.#addresses + this.#address];
    const ohms = SWITCH_OHMS + target * (1 - target) * POT_OHMS;
    return target + (held - target) * Math.exp(-since / (ohms * COMMON_FARADS * 1e9));
  }

  /**
   * Every node keeps what it has, and charges towards something else from `nanos` on.
   *
   * @param {number} nanos from now
   */
  #hold(nanos) {
    for (let mux = 0; mux < this.#count; mux++) {
      this.#held[mux] = this.#node(mux);
      this.#connectNanos[mux] = Math.max(this.#connectNanos[mux], this.#clock.nanos + nanos);
    }
  }
}
