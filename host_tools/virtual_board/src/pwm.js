/**
 * The PWM block (datasheet 4.5), in place of rp2040js's: one alarm a slice, edges at exact times.
 *
 * The time of a period's start is carried forward by adding whole periods, never by rounding, so edges neither
 * jitter nor drift: at 125 MHz every tick of every divider setting is a multiple of half a nanosecond, which a
 * double holds exactly. The fractional divider's own dither (4.5.2.3) is not modelled: its mean is.
 */
import { Peripheral } from './peripheral.js';
import { CSR, CSR_EN, SLICE_SIZE, Slice } from './pwm_slice.js';
import { DREQ, FUNCTION, IRQ } from './rp2040_numbers.js';

const EN = 0xa0;
const INTR = 0xa4;
const INTE = 0xa8;
const INTF = 0xac;
const INTS = 0xb0;

export class Pwm extends Peripheral {
  /** @param {any} rp2040 */
  constructor(rp2040) {
    super(rp2040, 'PWM');
    this.clockHz = rp2040.clkSys;
    this.gpioValue = 0;
    this.gpioDirection = 0xffffffff;
    /** Levels of the pads whose function is PWM. */
    this.inputs = 0;
    this.raw = this.enabled = this.forced = 0;
    /** @type {Slice[]} */
    this.channels = [];
    for (let i = 0; i < 8; i++) this.channels.push(new Slice(this, rp2040.clock, i));
    rp2040.addClockListener((/** @type {number} */ hz) => {
      this.clockHz = hz;
      for (const slice of this.channels) slice.clockChanged();
    });
  }

  reset() {
    this.gpioDirection = 0xffffffff;
    this.raw = this.enabled = this.forced = 0;
    for (const slice of this.channels) slice.reset();
    this.updateInterrupt();
  }

  /** @param {number} index of the slice that wrapped */
  raise(index) {
    this.raw |= 1 << index;
    if (this.enabled) this.updateInterrupt();
    this.rp2040.dma.pulse?.(DREQ.PWM_WRAP0 + index);
  }

  updateInterrupt() {
    this.rp2040.setInterrupt(IRQ.PWM_WRAP, ((this.raw & this.enabled) | this.forced) !== 0);
  }

  /**
   * @param {number[]} pins
   * @param {boolean} high
   * @param {boolean} onlyIfChanged
   */
  setOutput(pins, high, onlyIfChanged) {
    for (const pin of pins) {
      const mask = 1 << pin;
      if (onlyIfChanged && ((this.gpioValue & mask) !== 0) === high) continue;
      this.gpioValue = high ? this.gpioValue | mask : this.gpioValue & ~mask;
      const pad = this.rp2040.gpio[pin];
      if (pad && (pad.ctrl & 31) === FUNCTION.PWM) pad.checkForUpdates();
    }
  }

  /**
   * @param {number[]} pins
   * @param {boolean} output
   */
  setDirection(pins, output) {
    for (const pin of pins) {
      const mask = 1 << pin;
      this.gpioDirection = output ? this.gpioDirection | mask : this.gpioDirection & ~mask;
      this.rp2040.gpio[pin]?.checkForUpdates();
    }
  }

  /**
   * Called by a pad whose function is PWM.
   * @param {number} pin
   * @param {boolean} level
   */
  inputChanged(pin, level) {
    this.inputs = level ? this.inputs | (1 << pin) : this.inputs & ~(1 << pin);
    if (pin & 1) this.channels[(pin >>> 1) & 7].inputChanged(level);
  }

  /** @param {number} offset */
  readUint32(offset) {
    if (offset < EN) return this.channels[Math.floor(offset / SLICE_SIZE)].read(offset % SLICE_SIZE);
    switch (offset) {
      case EN:
        return this.channels.reduce((bits, slice) => bits | ((slice.csr & CSR_EN) << slice.index), 0);
      case INTR:
        return this.raw;
      case INTE:
        return this.enabled;
      case INTF:
        return this.forced;
      case INTS:
        return (this.raw & this.enabled) | this.forced;
    }
    return super.readUint32(offset);
  }

  /**
   * @param {number} offset
   * @param {number} value
   */
  writeUint32(offset, value) {
    if (offset < EN) return this.channels[Math.floor(offset / SLICE_SIZE)].write(offset % SLICE_SIZE, value);
    switch (offset) {
      case EN:
        for (const slice of this.channels) {
          const csr = (slice.csr & ~CSR_EN) | ((value >>> slice.index) & 1);
          if (csr !== slice.csr) slice.write(CSR, csr);
        }
        return;
      case INTR:
        this.raw &= ~this.rawWriteValue;
        break;
      case INTE:
        this.enabled = value & 0xff;
        break;
      case INTF:
        this.forced = value & 0xff;
        break;
      default:
        return super.writeUint32(offset, value);
    }
    this.updateInterrupt();
  }
}
