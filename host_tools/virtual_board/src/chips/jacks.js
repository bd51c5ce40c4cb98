/** The patch bay as the digital half sees it: plug switches, the jack ADC's inputs, the two trigger comparators. */
export class Jacks {
  /**
   * @param {import('./types.js').Board} board
   * @param {(channel: number) => number} dacVolts
   */
  constructor(board, dacVolts) {
    this.#dacVolts = dacVolts;
    this.#threshold = board.S_TRIG_THRESHOLD_VOLTS;
    this.#plugBits = new Map(board.PLUGS);
    const outputs = board.CV.map(([name]) => name);
    this.#inputs = board.JACK_ADC.map(([jack]) => ({ jack, output: outputs.indexOf(jack) }));
    for (const jack of [...this.#plugBits.keys(), ...this.#inputs.map((input) => input.jack)]) {
      this.#volts.set(jack, null);
    }
    this.#adcVolts = new Float64Array(this.#inputs.length).fill(NaN);
  }

  #dacVolts;
  #threshold;
  #plugBits;
  #inputs;
  /** What a plug holds each jack at; null without one. */
  /** @type {Map<string, number | null>} */
  #volts = new Map();
  #plugs = 0;
  /** The same by jack ADC channel; NaN without a plug. */
  #adcVolts;

  /** The names that `set` knows. */
  get names() {
    return [...this.#volts.keys()];
  }

  /** The plug switches, each at its bit of the shift registers' input word. */
  get plugs() {
    return this.#plugs;
  }

  /**
   * @param {string} jack
   * @param {number | null} volts what the cable holds it at, null to pull the plug
   */
  set(jack, volts) {
    if (!this.#volts.has(jack)) throw new RangeError(`no jack "${jack}"`);
    if (volts !== null && !Number.isFinite(volts)) throw new RangeError(`"${jack}" cannot be at ${volts} V`);
    this.#volts.set(jack, volts);
    const bit = this.#plugBits.get(jack);
    if (bit !== undefined) {
      if (volts === null) this.#plugs &= ~(1 << bit);
      else this.#plugs |= 1 << bit;
    }
    const channel = this.#inputs.findIndex((input) => input.jack === jack);
    if (channel >= 0) this.#adcVolts[channel] = volts ?? NaN;
  }

  /**
   * What stands at an input of the jack ADC. An open input jack is held at 0 V by its resistor; an output jack shows
   * its DAC channel, unless a cable forces it (a short, a patch into another output).
   *
   * @param {number} channel
   */
  adcVolts(channel) {
    const volts = this.#adcVolts[channel];
    if (!Number.isNaN(volts)) return volts;
    const { output } = this.#inputs[channel];
    return output < 0 ? 0 : this.#dacVolts(output);
  }

  /**
   * @param {string} jack TRIG IN or EG1 TRIG IN
   * @returns {number} the comparator's output: 0 = triggered; an open jack is high
   */
  triggerPinLevel(jack) {
    const volts = this.#volts.get(jack);
    if (volts === undefined) throw new RangeError(`no jack "${jack}"`);
    return volts !== null && volts < this.#threshold ? 0 : 1;
  }
}
