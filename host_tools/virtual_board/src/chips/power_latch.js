/**
 * The supply's latch: VOLUME's switch sets it, POWER HOLD keeps it, either can drop it.
 *
 * On: the switch closing. Off: the switch opening (at once), or the firmware driving POWER HOLD low after it had been
 * high; from then on it stays off until the switch has been opened and closed again. A POWER HOLD that nobody drives
 * (the chip in reset, the pin an input) keeps the latch for HOLD_NANOS: a capacitor must carry it from the switch
 * until the firmware runs, and through a watchdog reset.
 * uncertain: the design names no capacitor; without one neither a boot nor a watchdog reset would keep the supply.
 */

/** How long the latch stays set with POWER HOLD undriven. */
export const HOLD_NANOS = 2_000_000_000;

/** The latch. */
export class PowerLatch {
  /**
   * @param {import('./types.js').Clock} clock
   * @param {(on: boolean) => void} [supply] what hangs on the supply: told first
   */
  constructor(clock, supply) {
    this.#clock = clock;
    this.#supply = supply;
    /**
     * Called after each change, when what hangs on the supply has seen it.
     *
     * @type {((on: boolean) => void) | null}
     */
    this.onChange = null;
  }

  #clock;
  #supply;
  #on = false;
  #switch = false;
  /** POWER HOLD: true, false, or null while nobody drives it. */
  /** @type {boolean | null} */
  #hold = null;
  #heldOnce = false;
  #dropNanos = Infinity;

  /** Whether the supply is on. */
  get on() {
    return this.#on;
  }

  /** When the latch lets go by itself; Infinity while it is held or off. Call `check` then. */
  get dropNanos() {
    return this.#dropNanos;
  }

  /** @param {boolean} on VOLUME's switch */
  setSwitch(on) {
    if (on === this.#switch) return;
    this.#switch = on;
    this.#turn(on);
  }

  /** @param {number | boolean | null} level of POWER HOLD; null while the pin is an input */
  hold(level) {
    const now = level === null ? null : Boolean(level);
    if (now === this.#hold) return;
    this.#hold = now;
    if (!this.#on) return;
    if (now) {
      this.#heldOnce = true;
      this.#dropNanos = Infinity;
    } else if (now === null || !this.#heldOnce) {
      if (this.#dropNanos === Infinity) this.#dropNanos = this.#clock.nanos + HOLD_NANOS;
    } else {
      this.#turn(false);
    }
  }

  /** Lets go if nobody has held the latch for too long. */
  check() {
    if (this.#on && this.#clock.nanos >= this.#dropNanos) this.#turn(false);
  }

  /** @param {boolean} on */
  #turn(on) {
    if (on === this.#on) return;
    this.#on = on;
    this.#heldOnce = false;
    this.#hold = null;
    this.#dropNanos = on ? this.#clock.nanos + HOLD_NANOS : Infinity;
    if (this.#supply) this.#supply(on);
    if (this.onChange) this.onChange(on);
  }
}
