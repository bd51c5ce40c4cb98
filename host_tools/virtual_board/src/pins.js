/**
 * The traces between the RP2040's pads and everything else on the board.
 *
 * Before a pin that a chip listens to moves, the SPI controllers catch up, so that a chip sees words, selects and
 * latch edges in the order in which they happened. Resistors on the board hold the two chip selects and LDAC high
 * while nobody drives them; assumed of the control board, since 50 kOhm pads pulled down would select both chips.
 */
import { FUNCTION } from './rp2040_numbers.js';
import { KIND } from './recorder.js';

/** The Pico's own net: high while its USB connector has 5 V. */
const PIN_VBUS_SENSE = 24;
/** The RP2040's ADC0 (datasheet 1.4.3); the pads of its other channels follow. */
const FIRST_ADC_PIN = 26;
const ADC_CHANNELS_ON_MUXES = 3;
const TEMPERATURE_CHANNEL = 4;
/** The chip's temperature sensor at 27 degrees (datasheet 4.9.5), as a fraction of the 3.3 V span. */
const TEMPERATURE_FRACTION = 0.706 / 3.3;

/** The board's pins that this file wires up, less their PIN_. */
const PIN_NAMES = `
  MUX_A0 MUX_A1 MUX_A2 MUX_A3 TRIG_IN EG1_TRIG_IN TUNE F_V SHIFT_SCK SHIFT_MOSI SHIFT_MISO SHIFT_LATCH KBD_TRIG_OUT
  MG_OUT_B CONVERTER_MISO CONVERTER_SCK CONVERTER_MOSI DAC_SELECT JACK_ADC_SELECT LDAC POWER_HOLD DIN_MIDI_IN
  DIN_MIDI_OUT`;

/** Time as the chips see it: now, or, while a lazy SPI works off old words, when each word ended. */
export class ChipTime {
  /** @param {import('./clock.js').Clock} clock */
  constructor(clock) {
    this.clock = clock;
    this.past = -1;
  }

  get nanos() {
    return this.past >= 0 ? this.past : this.clock.nanos;
  }
}

export class Pins {
  /**
   * @param {any} board
   * @param {import('./chips/index.js').Chips} chips
   * @param {ChipTime} time
   * @param {import('./clock.js').Clock} clock
   * @param {import('./recorder.js').Recorder} recorder
   */
  constructor(board, chips, time, clock, recorder) {
    this.board = board;
    this.chips = chips;
    this.time = time;
    this.recorder = recorder;
    /** @type {import('./chip.js').Chip | null} */
    this.chip = null;
    /** @type {any} */
    this.rp2040 = null;
    /** What the board's side of each output pin sees, chip or no chip. */
    this.trigger = false;
    this.mgB = false;
    this.usbPower = false;
    /** The two converters' chip selects, true = low. */
    this.dacSelected = false;
    this.jackAdcSelected = false;
    this.muxAddress = 0;
    for (const name of PIN_NAMES.trim().split(/\s+/)) {
      if (!Number.isInteger(board[`PIN_${name}`]))
        throw new TypeError(`The board's declaration lacks PIN_${name}.`);
    }
    const edge = (
      /** @type {import('./chips/comparator.js').Comparator} */ comparator,
      /** @type {number} */ pin,
    ) => {
      const alarm = clock.createAlarm(() => {
        const level = comparator.fire() === 1; // it swings on while the chip has no supply
        this.rp2040?.gpio[pin].drive(level);
        arm();
      });
      const arm = () => {
        if (comparator.nextEdgeNanos === Infinity) alarm.cancel();
        else alarm.scheduleAt(comparator.nextEdgeNanos);
      };
      return { comparator, arm };
    };
    /** The comparators, each with what sets its alarm anew. */
    this.edges = {
      tune: edge(chips.tune, board.PIN_TUNE),
      f_v: edge(chips.fv, board.PIN_F_V),
    };
    /** What each pin's level does on the board. @type {((level: boolean, driven: boolean) => void)[]} */
    this.listeners = [];
    this.wire();
  }

  wire() {
    const { board, chips, listeners } = this;
    listeners[board.PIN_LDAC] = (level) => {
      this.settle();
      chips.dac.ldac(level);
    };
    listeners[board.PIN_DAC_SELECT] = (level) => {
      this.settle();
      this.dacSelected = !level;
      chips.dac.select(!level);
    };
    listeners[board.PIN_JACK_ADC_SELECT] = (level) => {
      this.settle();
      this.jackAdcSelected = !level;
      chips.jackAdc.select(!level);
    };
    listeners[board.PIN_SHIFT_LATCH] = (level) => {
      this.settle();
      chips.latch(level);
    };
    [board.PIN_MUX_A0, board.PIN_MUX_A1, board.PIN_MUX_A2, board.PIN_MUX_A3].forEach((pin, bit) => {
      listeners[pin] = (level) => {
        this.muxAddress = level ? this.muxAddress | (1 << bit) : this.muxAddress & ~(1 << bit);
        chips.muxAddress(this.muxAddress);
      };
    });
    listeners[board.PIN_KBD_TRIG_OUT] = (level) => {
      if (level === this.trigger) return;
      this.trigger = level;
      this.recorder.record(KIND.TRIGGER, 0, level ? 1 : 0);
    };
    listeners[board.PIN_MG_OUT_B] = (level) => {
      if (level === this.mgB) return;
      this.mgB = level;
      this.recorder.record(KIND.MG_B, 0, level ? 1 : 0);
    };
    listeners[board.PIN_POWER_HOLD] = (level, driven) => chips.power.hold(driven ? level : null);
  }

  /** Every SPI word that has ended reaches its chip. */
  settle() {
    if (!this.rp2040) return;
    this.rp2040.spi[0].sync();
    this.rp2040.spi[1].sync();
  }

  /**
   * @param {number} pin
   * @param {boolean} level
   * @param {boolean} driven
   */
  onLevel(pin, level, driven) {
    this.listeners[pin]?.(level, driven);
  }

  /**
   * A pad's pull resistors have been switched; they stand at the pad whatever the pin is used for.
   * @param {number} pin
   * @param {boolean} down
   * @param {boolean} up
   */
  onPull(pin, down, up) {
    const channel = pin - FIRST_ADC_PIN;
    if (channel >= 0 && channel < ADC_CHANNELS_ON_MUXES) this.chips.setPull(channel, down, up);
  }

  /** A chip has begun its life, or none is there: all its pins are inputs now. @param {import('./chip.js').Chip | null} chip */
  attach(chip) {
    const { board } = this;
    this.chip = chip;
    this.rp2040 = chip ? chip.rp2040 : null;
    const heldHigh = [board.PIN_LDAC, board.PIN_DAC_SELECT, board.PIN_JACK_ADC_SELECT];
    if (!chip) {
      this.listeners.forEach((listener, pin) => listener?.(heldHigh.includes(pin), false));
      return;
    }
    const { gpio, spi, uart, adc } = this.rp2040;
    for (const pin of heldHigh) gpio[pin].drive(true);
    gpio[board.PIN_DIN_MIDI_IN].drive(true); // the optocoupler's output idles high
    gpio[board.PIN_TUNE].drive(this.chips.tune.level === 1);
    gpio[board.PIN_F_V].drive(this.chips.fv.level === 1);
    gpio[PIN_VBUS_SENSE].drive(this.usbPower);
    for (let channel = 0; channel < ADC_CHANNELS_ON_MUXES; channel++) {
      const { pullDown, pullUp } = gpio[FIRST_ADC_PIN + channel];
      this.chips.setPull(channel, pullDown, pullUp);
    }
    this.jacksChanged();
    this.listeners.forEach((listener, pin) => listener?.(gpio[pin].level, false));
    spi[0].onWord = this.converterWord.bind(this);
    spi[1].onWord = this.shiftWord.bind(this);
    uart[0].onByte = (/** @type {number} */ byte) => {
      if (this.hasFunction(board.PIN_DIN_MIDI_OUT, FUNCTION.UART))
        this.recorder.record(KIND.DIN_OUT, 0, byte);
    };
    adc.onSample = (/** @type {number} */ channel) => this.sample(channel);
  }

  /**
   * @param {number} pin
   * @param {number} wanted
   */
  hasFunction(pin, wanted) {
    return (this.rp2040.gpio[pin].ctrl & 31) === wanted;
  }

  /**
   * A word on SPI0: to the converter that is selected, if the pins are the SPI's at all.
   * @param {number} word
   * @param {number} bits
   * @param {import('./spi.js').SpiMode} mode
   * @param {number} nanos
   */
  converterWord(word, bits, mode, nanos) {
    const { board } = this;
    if (!this.hasFunction(board.PIN_CONVERTER_SCK, FUNCTION.SPI)) return 0;
    if (!this.hasFunction(board.PIN_CONVERTER_MOSI, FUNCTION.SPI)) word = 0;
    this.time.past = nanos;
    let reply = 0;
    if (this.dacSelected) reply |= this.chips.dac.transfer(word, bits, mode);
    if (this.jackAdcSelected) reply |= this.chips.jackAdc.transfer(word, bits, mode);
    this.time.past = -1;
    return this.hasFunction(board.PIN_CONVERTER_MISO, FUNCTION.SPI) ? reply : 0;
  }

  /**
   * A word on SPI1: through both shift register chains.
   * @param {number} word
   * @param {number} bits
   * @param {import('./spi.js').SpiMode} mode
   * @param {number} nanos
   */
  shiftWord(word, bits, mode, nanos) {
    const { board } = this;
    if (!this.hasFunction(board.PIN_SHIFT_SCK, FUNCTION.SPI)) return 0;
    if (!this.hasFunction(board.PIN_SHIFT_MOSI, FUNCTION.SPI)) word = 0;
    this.time.past = nanos;
    const reply = this.chips.shift.transfer(word, bits, mode);
    this.time.past = -1;
    return this.hasFunction(board.PIN_SHIFT_MISO, FUNCTION.SPI) ? reply : 0;
  }

  /** @param {number} channel */
  sample(channel) {
    if (channel < ADC_CHANNELS_ON_MUXES) return this.chips.rp2040Adc(this.chips.analogIn(channel));
    return this.chips.rp2040Adc(channel === TEMPERATURE_CHANNEL ? TEMPERATURE_FRACTION : 0);
  }

  /** A plug or its voltage has changed: the trigger comparators follow. */
  jacksChanged() {
    if (!this.rp2040) return;
    const { gpio } = this.rp2040;
    gpio[this.board.PIN_TRIG_IN].drive(this.chips.triggerPinLevel('TRIG IN') === 1);
    gpio[this.board.PIN_EG1_TRIG_IN].drive(this.chips.triggerPinLevel('EG1 TRIG IN') === 1);
  }

  /**
   * @param {'tune' | 'f_v'} which
   * @param {number} hz 0 = still
   */
  setEdges(which, hz) {
    this.chips.setEdges(which, hz);
    this.edges[which].arm();
  }

  /**
   * @param {'tune' | 'f_v'} which
   * @param {Float64Array} times when the pin toggles, ascending; the square wave ends
   */
  setEdgeTimes(which, times) {
    this.edges[which].comparator.setTimes(times);
    this.edges[which].arm();
  }

  /** @param {boolean} on whether the USB connector has 5 V */
  setUsbPower(on) {
    this.usbPower = on;
    this.rp2040?.gpio[PIN_VBUS_SENSE].drive(on);
  }
}
