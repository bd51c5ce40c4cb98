/** What the chips tell the outside: timeline records, and each kind of misuse once. */

/** Kinds of timeline record that the chips write (PROTOCOL.md). */
export const KIND = Object.freeze({ LATCH: 1, DAC: 2, SHIFT_OUT: 3, POWER: 10, MISUSE: 12 });

/** Names of the chips; a MISUSE record's index is a place in this list. */
export const CHIP_NAMES = Object.freeze(['DAC81416', 'ADS8684', 'CD74HC4067', '74HC595/74HC165', 'SPI0 bus']);

/** The same places by name. */
export const CHIP = Object.freeze({ DAC: 0, JACK_ADC: 1, MUX: 2, SHIFT: 3, BUS: 4 });

/**
 * @typedef {object} Misuse
 * @property {string} chip
 * @property {string} sentence
 * @property {number} nanos when it happened first
 */

/** Collects and passes on what the chips report. */
export class Reports {
  /**
   * @param {import('./types.js').Clock} clock
   * @param {(kind: number, index: number, value: number) => void} [onRecord]
   * @param {(chip: string, sentence: string) => void} [onMisuse]
   */
  constructor(clock, onRecord, onMisuse) {
    this.onRecord = onRecord;
    this.onMisuse = onMisuse;
    /** @type {Misuse[]} */
    this.misuses = [];
    /** While set, misuse is not told. */
    this.muted = false;
    this.#clock = clock;
  }

  #clock;
  /** @type {Set<string>} */
  #told = new Set();

  /**
   * @param {number} kind
   * @param {number} index
   * @param {number} value
   */
  record(kind, index, value) {
    if (this.onRecord) this.onRecord(kind, index, value);
  }

  /**
   * Reports `sentence` about a chip, the first time it is true.
   *
   * @param {number} chip a place in CHIP_NAMES
   * @param {string} sentence
   */
  misuse(chip, sentence) {
    if (this.muted || this.#told.has(sentence)) return;
    this.#told.add(sentence);
    const name = CHIP_NAMES[chip];
    this.misuses.push({ chip: name, sentence, nanos: this.#clock.nanos });
    this.record(KIND.MISUSE, chip, this.misuses.length - 1);
    if (this.onMisuse) this.onMisuse(name, sentence);
  }
}
