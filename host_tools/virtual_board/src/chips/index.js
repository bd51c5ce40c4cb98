/** Every chip on the board that is not the RP2040, wired as `board.json` says. */
import { Ads8684 } from './ads8684.js';
import { Comparator } from './comparator.js';
import { Dac81416 } from './dac81416.js';
import { Jacks } from './jacks.js';
import { KeyMatrix } from './key_matrix.js';
import { Muxes } from './mux4067.js';
import { PanelNoise } from './panel_noise.js';
import { PowerLatch } from './power_latch.js';
import { Random } from './random.js';
import { KIND, Reports } from './reports.js';
import { Rp2040Adc } from './rp2040_adc.js';
import { ShiftChain } from './shift_chain.js';

export { CHIP_NAMES, KIND } from './reports.js';

/**
 * @typedef {object} ChipOptions
 * @property {number} [seed] of all noise and of the ADC's curve
 * @property {(kind: number, index: number, value: number) => void} [onRecord] timeline records (PROTOCOL.md)
 * @property {(chip: string, sentence: string) => void} [misuse] each kind of misuse, once
 * @property {import('./types.js').DacOptions} [dac]
 * @property {import('./types.js').JackAdcOptions} [jackAdc]
 * @property {{offsetLsb?: number, gain?: number, noiseLsb?: number}} [adc] errors of the RP2040's ADC
 * @property {import('./types.js').MuxOptions} [mux]
 * @property {import('./types.js').PanelNoiseOptions} [panelNoise] none unless given
 */

/** Noises that not every board has draw from streams of their own: what is given to one board changes no other noise. */
const FLOATING_STREAM = 0x0f10a7;
const PANEL_STREAM = 0x9a9e1;

/** The board without its RP2040: chips by name, and what can be done to the instrument from outside. */
export class Chips {
  /**
   * @param {import('./types.js').Board} board
   * @param {import('./types.js').Clock} clock
   * @param {ChipOptions} [options]
   */
  constructor(board, clock, options = {}) {
    const seed = options.seed ?? 1;
    const random = new Random(seed);
    const bus = { selected: 0 };
    this.#board = board;
    this.reports = new Reports(clock, options.onRecord, options.misuse);
    this.dac = new Dac81416(board, clock, this.reports, bus, options.dac);
    this.jacks = new Jacks(board, (channel) => this.dac.volts(channel));
    const jackVolts = (/** @type {number} */ channel) => this.jacks.adcVolts(channel);
    this.jackAdc = new Ads8684(clock, this.reports, bus, random, jackVolts, options.jackAdc);
    this.mux = new Muxes(board, clock, new Random(seed + FLOATING_STREAM), options.mux);
    if (options.panelNoise) {
      const noise = new PanelNoise(board, clock, seed + PANEL_STREAM, options.panelNoise);
      this.mux.noise = (channel) => noise.at(channel);
    }
    this.adc = new Rp2040Adc(board.ADC_BITS, random, options.adc);
    this.keys = new KeyMatrix(board);
    this.shift = new ShiftChain(
      board,
      this.reports,
      (rows) => this.keys.read(rows),
      () => this.jacks.plugs,
    );
    this.tune = new Comparator(clock);
    this.fv = new Comparator(clock);
    this.power = new PowerLatch(clock, (on) => this.#powerChanged(on));
  }

  #board;

  /** Every misuse so far, in order; a MISUSE record's value is a place in this list. */
  get misuses() {
    return this.reports.misuses;
  }

  /** Names of the LEDs that are lit. */
  get leds() {
    const word = this.shift.outputs;
    return this.#board.LEDS.filter(([, bit]) => (word >>> bit) & 1).map(([name]) => name);
  }

  /** Which oscillator the tune multiplexer passes on to TUNE: a place in the board's TUNE_SOURCES. */
  get tuneSource() {
    const sources = this.#board.TUNE_SOURCES.length;
    return (this.shift.outputs >>> this.#board.OUT_TUNE_MUX) % sources;
  }

  /** @param {number} address the multiplexers' address pins, 0 to 15 */
  muxAddress(address) {
    this.mux.setAddress(address);
  }

  /**
   * @param {number} adcChannel 0 to 2
   * @returns {number} the voltage at that pin now, as a fraction of the ADC's span
   */
  analogIn(adcChannel) {
    return this.power.on ? this.mux.analogIn(adcChannel) : 0;
  }

  /**
   * @param {number} adcChannel 0 to 2
   * @param {boolean} down whether that pin's pad pulls it down
   * @param {boolean} up
   */
  setPull(adcChannel, down, up) {
    this.mux.setPull(adcChannel, down, up);
  }

  /**
   * @param {number} fraction
   * @returns {number} the code of one conversion
   */
  rp2040Adc(fraction) {
    return this.adc.convert(fraction);
  }

  /** @param {number | boolean} level of the shift registers' latch pin */
  latch(level) {
    this.shift.latch(level);
  }

  /**
   * @param {number} channel mux * 16 + address
   * @param {number} fraction of the ADC's span, 0 to 1
   */
  setKnob(channel, fraction) {
    this.mux.setKnob(channel, fraction);
  }

  /**
   * @param {number} key 0 = the leftmost
   * @param {boolean} down
   */
  setKey(key, down) {
    this.keys.set(key, down);
  }

  /**
   * @param {string} name any of PLUGS or JACK_ADC
   * @param {number | null} volts null pulls the plug
   */
  setJack(name, volts) {
    this.jacks.set(name, volts);
  }

  /**
   * @param {string} name TRIG IN or EG1 TRIG IN
   * @returns {number} the level of that trigger's pin: 0 = triggered
   */
  triggerPinLevel(name) {
    return this.jacks.triggerPinLevel(name);
  }

  /**
   * @param {'tune' | 'f_v'} pin
   * @param {number} hz 0 = still
   */
  setEdges(pin, hz) {
    if (pin === 'tune') this.tune.setHz(hz);
    else if (pin === 'f_v') this.fv.setHz(hz);
    else throw new RangeError(`no comparator "${pin}"`);
  }

  /** @param {boolean} on */
  #powerChanged(on) {
    this.reports.record(KIND.POWER, 0, on ? 1 : 0);
    this.shift.reset();
    if (on) {
      this.dac.reset();
      this.jackAdc.reset();
    } else {
      this.dac.powerOff();
      this.jackAdc.powerOff();
    }
  }
}

/**
 * @param {import('./types.js').Board} board
 * @param {import('./types.js').Clock} clock
 * @param {ChipOptions} [options]
 * @returns {Chips}
 */
export function createChips(board, clock, options) {
  return new Chips(board, clock, options);
}
