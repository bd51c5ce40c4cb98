/**
 * Three 74HC595 and two 74HC165 in two chains that share a clock and the latch pin.
 *
 * The pin is RCLK of the 595s and SH/LD of the 165s. Low: the 165s follow their inputs and do not shift. Rising: the
 * 165s keep what they saw (the columns of the row shown until now), then the 595s show the word shifted in last. So
 * a row's columns come in two transfers after its word went out. MOSI enters the 595 nearest to the Pico; the first
 * of SHIFT_OUT_BITS ends furthest from it. The 165s' serial input is grounded: after SHIFT_IN_BITS come zeros.
 */
import { CHIP, KIND } from './reports.js';

/** A 74HC595 or 74HC165 at 3.3 V: the data sheets' 2 V and 4.5 V figures interpolated, 25 C. */
const MAX_HZ = 20_000_000;

/** Both chains. */
export class ShiftChain {
  /**
   * @param {import('./types.js').Board} board
   * @param {import('./reports.js').Reports} reports
   * @param {(rows: number) => number} columns of the key matrix for the rows driven (bit 0 = row 0)
   * @param {() => number} plugs the plug switches, each at its place in the input word
   */
  constructor(board, reports, columns, plugs) {
    this.#reports = reports;
    this.#columns = columns;
    this.#plugs = plugs;
    this.#outMask = (1 << board.SHIFT_OUT_BITS) - 1;
    this.#inBits = board.SHIFT_IN_BITS;
    this.#inMask = (1 << board.SHIFT_IN_BITS) - 1;
    this.#row0 = board.OUT_KEY_ROW_0;
    this.#rowMask = ((1 << board.KEY_ROWS) - 1) << board.OUT_KEY_ROW_0;
    this.#column0 = board.IN_KEY_COLUMN_0;
  }

  #reports;
  #columns;
  #plugs;
  #outMask;
  #inBits;
  #inMask;
  #row0;
  #rowMask;
  #column0;
  /** The 595s' shift register and outputs, the 165s' shift register, the latch pin. */
  #shiftedIn = 0;
  #outputs = 0;
  #loaded = 0;
  #latch = 0;

  /** Power comes or goes. uncertain: what a 595's outputs show at power-on (modelled: zeros). */
  reset() {
    this.#shiftedIn = 0;
    this.#outputs = 0;
    this.#loaded = 0;
  }

  /** The word that the 595s show. */
  get outputs() {
    return this.#outputs;
  }

  /** The same without the key rows, which change at every tick. */
  get steadyOutputs() {
    return this.#outputs & ~this.#rowMask;
  }

  /** What the 165s' inputs are now. */
  get inputs() {
    const rows = (this.#outputs & this.#rowMask) >>> this.#row0;
    return ((this.#columns(rows) << this.#column0) | this.#plugs()) & this.#inMask;
  }

  /** @param {number | boolean} level of the latch pin */
  latch(level) {
    const now = level ? 1 : 0;
    if (now === this.#latch) return;
    this.#latch = now;
    if (!now) return;
    this.#loaded = this.inputs;
    const before = this.steadyOutputs;
    this.#outputs = this.#shiftedIn;
    if (this.steadyOutputs !== before) this.#reports.record(KIND.SHIFT_OUT, 0, this.steadyOutputs);
  }

  /**
   * @param {number} word the bits for the 595s, most significant first
   * @param {number} bits
   * @param {import('./types.js').SpiSettings} [spi] to check it, where known
   * @returns {number} the bits of the 165s
   */
  transfer(word, bits, spi) {
    if (spi) {
      if (spi.hz > MAX_HZ) this.#reports.misuse(CHIP.SHIFT, 'the shift clock is faster than 20 MHz');
      if (spi.cpol || spi.cpha) this.#reports.misuse(CHIP.SHIFT, 'the shift registers want SPI mode 0');
    }
    const mask = (1 << bits) - 1;
    this.#shiftedIn = ((this.#shiftedIn << bits) | (word & mask)) & this.#outMask;
    if (!this.#latch) {
      this.#reports.misuse(CHIP.SHIFT, 'clocked while the latch pin was low: the 74HC165 do not shift');
      return (this.inputs >>> (this.#inBits - 1)) & 1 ? mask : 0;
    }
    const spare = bits - this.#inBits;
    const reply = spare > 0 ? this.#loaded << spare : this.#loaded >>> -spare;
    this.#loaded = (this.#loaded << bits) & this.#inMask;
    return reply;
  }
}
