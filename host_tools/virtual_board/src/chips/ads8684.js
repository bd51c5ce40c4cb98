/**
 * ADS8684: four jack voltages as 16-bit codes over SPI, each converted at the falling edge that opens a frame.
 *
 * From TI's data sheets of the family (ADS8684/8688 SBAS582, ADS8688AT SBAS813): a frame is 32 clocks, the first 16
 * of SDI are the command; MAN_Ch_n of frame k is sampled when frame k + 1 opens and comes out in that frame's last
 * 16 clocks; NO_OP repeats the mode; a program register write or read answers with the register in clocks 17-24 and
 * leaves conversion until the next MAN_Ch_n or AUTO_RST; a frame cut short inside its command aborts it. SPI mode 1.
 * uncertain: what the low half carries while nothing converts (modelled: zeros);
 * uncertain: the input filter (15 kHz) and settling after a channel change are left out.
 */
import { CHIP } from './reports.js';
import { takeBus } from './shared_bus.js';

const CHIP_BIT = 1 << CHIP.JACK_ADC;
const CHANNELS = 4;
const MAX_HZ = 17_000_000;
/** 500 000 samples a second. */
const SAMPLE_NANOS = 2_000;
const FRAME_BITS = 32;
const COMMAND_BITS = 16;
const FULL = 0xffff;
const NOISE_LSB = 0.5;
const REFERENCE_VOLTS = 4.096;
/** Range code to (lowest, highest) input as multiples of the reference; other codes are reserved. */
const RANGES = new Map([
  [0, [-2.5, 2.5]],
  [1, [-1.25, 1.25]],
  [2, [-0.625, 0.625]],
  [5, [0, 2.5]],
  [6, [0, 1.25]],
]);

const NO_OP = 0x0000;
const STANDBY = 0x8200;
const POWER_DOWN = 0x8300;
const RESET = 0x8500;
const AUTO_RST = 0xa000;
const MANUAL_0 = 0xc000;
const MANUAL_STEP = 0x0400;
const AUTO_SEQ_EN = 0x01;
const CHANNEL_POWER_DOWN = 0x02;
const RANGE_0 = 0x05;
const COMMAND_READBACK = 0x3f;
const REGISTERS = 0x40;

/**
 * @param {string} name
 * @param {number[] | undefined} given a number for each channel; those left out are as they should be
 * @param {number} right
 */
function ofChannels(name, given = [], right) {
  if (!Array.isArray(given) || given.length > CHANNELS || !given.every(Number.isFinite))
    throw new RangeError(
      `${name} must be a list of at most ${CHANNELS} numbers, not ${JSON.stringify(given)}`,
    );
  return Float64Array.from({ length: CHANNELS }, (_, channel) => given[channel] ?? right);
}

/** The whole chip. */
export class Ads8684 {
  /**
   * @param {import('./types.js').Clock} clock
   * @param {import('./reports.js').Reports} reports
   * @param {import('./types.js').SharedBus} bus
   * @param {import('./random.js').Random} random
   * @param {(channel: number) => number} inputVolts what stands at an input now
   * @param {import('./types.js').JackAdcOptions} [options]
   */
  constructor(clock, reports, bus, random, inputVolts, options = {}) {
    this.#clock = clock;
    this.#reports = reports;
    this.#bus = bus;
    this.#random = random;
    this.#inputVolts = inputVolts;
    const modes = options.spiModes ?? [1];
    this.#rightModes = [0, 1, 2, 3].map((mode) => modes.includes(mode));
    this.#idle = options.misoIdle ? FULL : 0;
    /** Gaussian noise of a conversion, in LSB rms. */
    this.noiseLsb = options.noiseLsb ?? NOISE_LSB;
    this.#offsetCodes = ofChannels('offsetCodes', options.offsetCodes, 0);
    this.#gains = ofChannels('gains', options.gains, 1);
    this.#resetRegisters();
  }

  #clock;
  #reports;
  #bus;
  #random;
  #inputVolts;
  #rightModes;
  #idle;
  #offsetCodes;
  #gains;
  #registers = new Uint8Array(REGISTERS);
  #powered = false;
  #selected = false;
  #wrongMode = false;
  /** Bits of this frame so far, its command, and the 16 bits that its last half shifts out. */
  #count = 0;
  #command = 0;
  #out = 0;
  /** The channel that converts when a frame opens, -1 when none does. */
  #channel = -1;
  #auto = false;
  #sampledNanos = -Infinity;

  /** Power-on: program registers at their reset values, idle. */
  reset() {
    this.#powered = true;
    this.#resetRegisters();
    this.#channel = -1;
    this.#auto = false;
    this.#sampledNanos = -Infinity;
  }

  /** The supply is gone. */
  powerOff() {
    this.#powered = false;
    this.#channel = -1;
  }

  /** @param {number} address of a program register, as a test looks at it */
  register(address) {
    return this.#registers[address];
  }

  /** @param {boolean} low whether CS is low */
  select(low) {
    if (low === this.#selected) return;
    this.#selected = low;
    if (low) {
      takeBus(this.#bus, CHIP_BIT, this.#reports);
      this.#startFrame();
      return;
    }
    this.#bus.selected &= ~CHIP_BIT;
    if (this.#count > 0 && this.#powered) this.#endFrame();
  }

  /**
   * @param {number} word
   * @param {number} bits
   * @param {import('./types.js').SpiSettings} spi
   * @returns {number}
   */
  transfer(word, bits, spi) {
    if (!this.#selected || !this.#powered) return this.#idle & ((1 << bits) - 1);
    if (spi.hz > MAX_HZ) this.#reports.misuse(CHIP.JACK_ADC, 'SCLK is faster than 17 MHz');
    if (!this.#rightModes[(spi.cpol ? 2 : 0) | (spi.cpha ? 1 : 0)]) {
      this.#reports.misuse(CHIP.JACK_ADC, 'frames must come in SPI mode 1');
      this.#wrongMode = true;
      word = (word << 1) | (word & 1);
    }
    let reply = 0;
    let left = bits;
    while (left > 0) {
      const half = this.#count < COMMAND_BITS ? COMMAND_BITS - this.#count : FRAME_BITS - this.#count;
      const take = half > 0 && left > half ? half : left;
      const mask = (1 << take) - 1;
      left -= take;
      if (this.#count < COMMAND_BITS) {
        this.#command = (this.#command << take) | ((word >>> left) & mask);
        reply <<= take;
      } else {
        const rest = FRAME_BITS - this.#count - take;
        reply = (reply << take) | (rest >= 0 ? (this.#out >>> rest) & mask : 0);
      }
      this.#count += take;
      if (this.#count === COMMAND_BITS) this.#decode();
    }
    return this.#wrongMode ? reply >>> 1 : reply;
  }

  /** CS fell: the selected channel is sampled and converted. */
  #startFrame() {
    this.#count = 0;
    this.#command = 0;
    this.#out = 0;
    this.#wrongMode = false;
    if (this.#channel < 0) return;
    const now = this.#clock.nanos;
    if (now - this.#sampledNanos < SAMPLE_NANOS) {
      this.#reports.misuse(CHIP.JACK_ADC, 'conversions come faster than 500 000 a second');
    }
    this.#sampledNanos = now;
    this.#out = this.#convert(this.#channel);
    if (this.#auto) this.#channel = this.#nextInSequence(this.#channel);
  }

  /** @param {number} channel */
  #convert(channel) {
    if ((this.#registers[CHANNEL_POWER_DOWN] >>> channel) & 1) return 0;
    const [low, high] = RANGES.get(this.#registers[RANGE_0 + channel] & 0xf) ?? [0, 1];
    const volts = this.#inputVolts(channel) * this.#gains[channel];
    const position = (volts / REFERENCE_VOLTS - low) / (high - low);
    const noise = this.noiseLsb * this.#random.gaussian();
    const code = Math.round(position * (FULL + 1) + this.#offsetCodes[channel] + noise);
    return code < 0 ? 0 : code > FULL ? FULL : code;
  }

  /** The sixteenth bit of SDI: commands take effect, program registers answer. */
  #decode() {
    const command = this.#command;
    if (command === NO_OP) return;
    if (command & 0x8000) {
      this.#registers[COMMAND_READBACK] = command >>> 8;
      if (command === AUTO_RST) {
        this.#auto = true;
        this.#channel = this.#nextInSequence(-1);
      } else if (command === STANDBY || command === POWER_DOWN) {
        this.#stop();
      } else if (command === RESET) {
        this.#stop();
        this.#resetRegisters();
      } else {
        const channel = (command - MANUAL_0) / MANUAL_STEP;
        if (!Number.isInteger(channel) || channel < 0 || channel >= CHANNELS) {
          this.#reports.misuse(CHIP.JACK_ADC, `command ${command.toString(16)}h is not one of the chip's`);
          this.#stop();
          return;
        }
        this.#auto = false;
        this.#channel = channel;
      }
      return;
    }
    const address = command >>> 9;
    const writes = (command & 0x100) !== 0;
    this.#stop();
    if (address === 0 || address >= REGISTERS) {
      this.#reports.misuse(CHIP.JACK_ADC, `program register ${address.toString(16)}h does not exist`);
      return;
    }
    if (writes) this.#write(address, command & 0xff);
    this.#out = this.#registers[address] << 8;
  }

  /**
   * @param {number} address
   * @param {number} value
   */
  #write(address, value) {
    const isRange = address >= RANGE_0 && address < RANGE_0 + CHANNELS;
    if (isRange && !RANGES.has(value)) {
      this.#reports.misuse(CHIP.JACK_ADC, `input range ${value.toString(16)}h is reserved`);
    }
    this.#registers[address] = isRange ? value & 0xf : value;
  }

  #stop() {
    this.#auto = false;
    this.#channel = -1;
  }

  #endFrame() {
    if (this.#count < COMMAND_BITS) {
      this.#reports.misuse(CHIP.JACK_ADC, 'a frame ended inside its command: aborted');
      this.#stop();
    } else if (this.#count < FRAME_BITS && this.#channel >= 0) {
      this.#reports.misuse(CHIP.JACK_ADC, 'a frame that selects a channel ended before 32 clocks');
    }
  }

  /** @param {number} channel the next one after it that AUTO_SEQ_EN lets through, or -1 */
  #nextInSequence(channel) {
    const enabled = this.#registers[AUTO_SEQ_EN] & ((1 << CHANNELS) - 1);
    for (let step = 1; step <= CHANNELS; step++) {
      const next = (channel + step) % CHANNELS;
      if ((enabled >>> next) & 1) return next;
    }
    return -1;
  }

  #resetRegisters() {
    this.#registers.fill(0);
    this.#registers[AUTO_SEQ_EN] = (1 << CHANNELS) - 1;
  }
}
