/**
 * DAC81416: sixteen 16-bit voltage outputs behind registers, each with a data register and an active one.
 *
 * Facts are from TI's data sheet SLASEO0 (DACx1416), its smaller sister's SLASER3 (DACx1408, same die family) and
 * TI's support forum; the serial side is in dac81416_port.js. What they leave open:
 * uncertain: whether LDAC held low lets later writes straight through, or only its falling edge counts (modelled:
 *   a synchronous channel written while LDAC is low moves when the frame ends, and that is reported);
 * uncertain: what a read of a write-only register (DACRANGE, TRIGGER) gives (modelled: zero, and reported);
 * uncertain: the order of the DACRANGE registers, see `rangeOrder` in types.js.
 */
import { DacFaults } from './dac81416_faults.js';
import { Dac81416Port } from './dac81416_port.js';
import { DEVICE_ID, GENCONFIG, REG, SPICONFIG, TRIGGER } from './dac81416_registers.js';
import { CHIP, KIND } from './reports.js';

const CHANNELS = 16;
/** 0..20 V, 0..40 V and -20..+20 V exist too, but not from this board's +-12 V rails. */
const RANGES_BEYOND_THE_RAILS = Object.freeze([0x2, 0x4, 0xc]);
/** SLASEO0 and SLASER3: the device answers 1 ms after a power-on or a reset. */
const POWER_ON_NANOS = 1_000_000;
/** SLASER3, t_DACWAIT: "sequential DAC update wait time" (SLASEO0's text says 1 us; the stricter is kept). */
const UPDATE_WAIT_NANOS = 2_400;
/** DAC81404's t_LDACAL: SYNC rising to LDAC falling. uncertain: the DAC81416's own figure was not found. */
const SELECT_TO_LDAC_NANOS = 80;

/** The whole chip. */
export class Dac81416 {
  /**
   * @param {import('./types.js').Board} board
   * @param {import('./types.js').Clock} clock
   * @param {import('./reports.js').Reports} reports
   * @param {import('./types.js').SharedBus} bus
   * @param {import('./types.js').DacOptions} [options]
   */
  constructor(board, clock, reports, bus, options = {}) {
    this.#clock = clock;
    this.#reports = reports;
    this.#ascending = options.rangeOrder === 'ascending';
    for (const [code, low, high] of board.DAC_RANGE_VOLTS) {
      this.#rangeLow[code] = low;
      this.#rangeSpan[code] = high - low;
    }
    this.#faults = new DacFaults(CHANNELS, options);
    this.#port = new Dac81416Port(this, clock, reports, bus, options);
    /** What each output stands at: the active registers. */
    this.codes = new Uint16Array(CHANNELS);
    this.#resetRegisters();
  }

  #clock;
  #reports;
  #port;
  #faults;
  #ascending;
  #rangeLow = new Float64Array(16);
  #rangeSpan = new Float64Array(16).fill(NaN);
  #registers = new Uint16Array(REG.OFFSET3 + 1);
  #powered = false;
  #readyNanos = Infinity;
  #ldacLevel = 1;
  #ldacEdges = 0;
  #ldacToggles = false;
  /** Channels (one bit each) whose data register is newer than their output. */
  #waiting = 0;
  #updateNanos = -Infinity;
  #resetAsked = false;

  /** Power-on: registers at their reset values, outputs clamped to ground, deaf for a millisecond. */
  reset() {
    this.#powered = true;
    this.#ldacToggles = false;
    this.#port.reset();
    this.#powerOnReset();
  }

  /** The supply is gone. */
  powerOff() {
    this.#powered = false;
    this.#readyNanos = Infinity;
    this.#port.reset();
    this.#resetRegisters();
  }

  get powered() {
    return this.#powered;
  }

  /** Whether the power-on delay is over. */
  get ready() {
    return this.#clock.nanos >= this.#readyNanos;
  }

  /** @param {boolean} low whether SYNC (chip select) is low */
  select(low) {
    this.#port.select(low);
  }

  /**
   * @param {number} word the bits, most significant first
   * @param {number} bits how many, 1 to 16
   * @param {import('./types.js').SpiSettings} spi
   * @returns {number} what the master reads meanwhile
   */
  transfer(word, bits, spi) {
    return this.#port.transfer(word, bits, spi);
  }

  /** @param {number | boolean} level of the LDAC pin */
  ldac(level) {
    const fell = !level && this.#ldacLevel;
    this.#ldacLevel = level ? 1 : 0;
    if (!fell || !this.#powered) return;
    this.#ldacEdges += 1;
    this.#ldacToggles = true;
    const port = this.#port;
    if (port.inFrame) {
      this.#reports.misuse(CHIP.DAC, 'LDAC fell inside a frame: the outputs are half old, half new');
    } else if (this.#waiting && this.#clock.nanos - port.selectRoseNanos < SELECT_TO_LDAC_NANOS) {
      this.#reports.misuse(CHIP.DAC, `LDAC fell less than ${SELECT_TO_LDAC_NANOS} ns after a frame's end`);
    }
    this.#load(this.#registers[REG.SYNCCONFIG], true);
  }

  /**
   * @param {number} channel
   * @returns {number} what stands at the output now
   */
  volts(channel) {
    if (!this.isDriven(channel)) return 0; // clamped to ground through 10 kOhm
    const range = this.rangeCode(channel);
    const volts = this.#rangeLow[range] + (this.#rangeSpan[range] * this.codes[channel]) / 0x10000;
    return Number.isNaN(volts) ? 0 : volts; // a range that does not exist here
  }

  /** @param {number} channel */
  isDriven(channel) {
    return this.#powered && this.#anyDriven(1 << channel);
  }

  /** @param {number} channel */
  rangeCode(channel) {
    const quarter = this.#ascending ? channel >>> 2 : 3 - (channel >>> 2);
    return (this.#registers[REG.DACRANGE0 + quarter] >>> ((channel & 3) * 4)) & 0xf;
  }

  /** The DACRANGE code of every channel. */
  get ranges() {
    return Array.from(this.codes, (_, channel) => this.rangeCode(channel));
  }

  /** @param {number} address of a register, as a test looks at it */
  register(address) {
    return this.#registers[address];
  }

  /** @param {number} address of a register that the serial port reads */
  read(address) {
    const writeOnly = address === REG.TRIGGER || (address >= REG.DACRANGE0 && address <= REG.DACRANGE3);
    if (writeOnly || address > REG.OFFSET3) {
      this.#reports.misuse(CHIP.DAC, `register ${address.toString(16)}h cannot be read`);
      return 0;
    }
    return this.#registers[address];
  }

  /**
   * A complete register write.
   *
   * @param {number} address
   * @param {number} value
   */
  write(address, value) {
    const registers = this.#registers;
    if (address >= REG.DAC0 && address <= REG.DAC15) {
      // Allowed while powered down too (SLASEO0, power-down mode).
      this.#waiting |= this.#faults.write(registers, REG.DAC0, address - REG.DAC0, value);
      return;
    }
    switch (address) {
      case REG.NOP:
        return;
      case REG.SPICONFIG:
        registers[address] = (value & SPICONFIG.WRITABLE) | SPICONFIG.ONES;
        if (value & SPICONFIG.CRC_EN)
          this.#reports.misuse(CHIP.DAC, 'frame check (CRC-EN) was asked for: not modelled');
        return;
      case REG.GENCONFIG:
        registers[address] = (value & GENCONFIG.WRITABLE) | GENCONFIG.ONES;
        if (value & GENCONFIG.DIFFERENTIAL)
          this.#reports.misuse(CHIP.DAC, 'differential pairs were asked for: not modelled');
        return;
      case REG.TOGGCONFIG0:
      case REG.TOGGCONFIG1:
        registers[address] = value;
        if (value) this.#reports.misuse(CHIP.DAC, 'toggle mode was asked for: not modelled');
        return;
      case REG.TRIGGER:
        if ((value & 0xf) === TRIGGER.SOFT_RESET) this.#resetAsked = true;
        else if (value & TRIGGER.LDAC) this.#load(registers[REG.SYNCCONFIG], false);
        return;
      case REG.BRDCAST:
        registers[address] = value;
        for (let channel = 0; channel < CHANNELS; channel++) {
          if ((registers[REG.BRDCONFIG] >>> channel) & 1) this.write(REG.DAC0 + channel, value);
        }
        return;
      default:
        if (address === REG.DEVICEID || address === REG.STATUS || address > REG.OFFSET3) {
          this.#reports.misuse(CHIP.DAC, `register ${address.toString(16)}h cannot be written`);
          return;
        }
        registers[address] = value;
        if (address >= REG.DACRANGE0 && address <= REG.DACRANGE3) this.#checkRanges(value);
    }
  }

  /** SYNC rose after complete data: asynchronous channels move now, and a soft reset happens. */
  endFrame() {
    if (this.#resetAsked) {
      this.#powerOnReset();
      return;
    }
    if (!this.#waiting) return;
    let ready = ~this.#registers[REG.SYNCCONFIG];
    if (this.#ldacLevel === 0) {
      const through = this.#waiting & ~ready;
      if (through && this.#ldacToggles && this.#anyDriven(through)) {
        this.#reports.misuse(CHIP.DAC, 'a frame ended while LDAC was low: its outputs moved off the tick');
      }
      ready = -1;
    }
    this.#load(ready, false);
  }

  /**
   * Channels of `mask` whose data is newer than their output take it.
   *
   * @param {number} mask
   * @param {boolean} byEdge whether LDAC's falling edge did it
   */
  #load(mask, byEdge) {
    const taken = this.#waiting & mask & 0xffff;
    if (!taken) return;
    this.#waiting &= ~taken;
    const { codes } = this;
    if (byEdge) this.#reports.record(KIND.LATCH, 0, this.#ldacEdges);
    let moved = 0;
    for (let channel = 0; channel < CHANNELS; channel++) {
      if (!((taken >>> channel) & 1)) continue;
      const code = this.#registers[REG.DAC0 + channel];
      if (code === codes[channel]) continue;
      moved |= 1 << channel;
      codes[channel] = code;
      this.#reports.record(KIND.DAC, channel, code);
    }
    if (!moved || !this.#anyDriven(moved)) return;
    if (this.#clock.nanos - this.#updateNanos < UPDATE_WAIT_NANOS) {
      this.#reports.misuse(CHIP.DAC, `outputs were updated twice within ${UPDATE_WAIT_NANOS} ns`);
    }
    this.#updateNanos = this.#clock.nanos;
  }

  /** @param {number} mask */
  #anyDriven(mask) {
    const registers = this.#registers;
    if (registers[REG.SPICONFIG] & SPICONFIG.DEV_PWDWN || registers[REG.GENCONFIG] & GENCONFIG.REF_PWDWN)
      return false;
    return (mask & ~registers[REG.DACPWDWN] & 0xffff) !== 0;
  }

  /** @param {number} value of a DACRANGE register */
  #checkRanges(value) {
    for (let shift = 0; shift < 16; shift += 4) {
      const code = (value >>> shift) & 0xf;
      if (RANGES_BEYOND_THE_RAILS.includes(code)) {
        this.#reports.misuse(CHIP.DAC, `range ${code.toString(16)}h needs more than the board's +-12 V`);
      } else if (Number.isNaN(this.#rangeSpan[code])) {
        this.#reports.misuse(CHIP.DAC, `range ${code.toString(16)}h is reserved`);
      }
    }
  }

  #powerOnReset() {
    this.#resetRegisters();
    this.#readyNanos = this.#clock.nanos + POWER_ON_NANOS;
  }

  #resetRegisters() {
    const registers = this.#registers;
    registers.fill(0);
    registers[REG.DEVICEID] = DEVICE_ID;
    registers[REG.SPICONFIG] = SPICONFIG.RESET;
    registers[REG.GENCONFIG] = GENCONFIG.RESET;
    registers[REG.BRDCONFIG] = 0xffff;
    registers[REG.DACPWDWN] = 0xffff;
    registers.fill(this.#faults.stored(0), REG.DAC0, REG.DAC15 + 1);
    this.codes.fill(0);
    this.#waiting = 0;
    this.#resetAsked = false;
    this.#updateNanos = -Infinity;
  }
}
