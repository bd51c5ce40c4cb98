/**
 * The PWM block (datasheet 4.5), in place of rp2040js's: one alarm a slice, edges at exact times.
 *
 * The time of a period's start is carried forward by adding whole periods, never by rounding, so edges neither
 * jitter nor drift: at 125 MHz every tick of every divider setting is a multiple of half a nanosecond, which a
 * double holds exactly. The fractional divider's own dither (4.5.2.3) is not modelled: its mean is.
 */
import { BasePeripheral } from 'rp2040js';
import { DREQ, FUNCTION, IRQ } from './rp2040_numbers.js';

const CSR = 0x00;
const DIV = 0x04;
const CTR = 0x08;
const CC = 0x0c;
const TOP = 0x10;
const SLICE_SIZE = 0x14;
const EN = 0xa0;
const INTR = 0xa4;
const INTE = 0xa8;
const INTF = 0xac;
const INTS = 0xb0;

const CSR_EN = 1;
const CSR_PH_CORRECT = 2;
const CSR_A_INV = 4;
const CSR_B_INV = 8;
const CSR_PH_RET = 1 << 6;
const CSR_PH_ADV = 1 << 7;
/** DIVMODE: 0 free-running, 1 while B is high, 2 on B's rising edge, 3 on its falling edge. */
const FREE_RUNNING = 0;
const GATED = 1;
const RISING = 2;

class Slice {
  /**
   * @param {Pwm} pwm
   * @param {any} clock
   * @param {number} index
   */
  constructor(pwm, clock, index) {
    this.pwm = pwm;
    this.clock = clock;
    this.index = index;
    this.alarm = clock.createAlarm(() => this.event());
    this.pinsA = index < 7 ? [2 * index, 16 + 2 * index] : [2 * index];
    this.pinsB = this.pinsA.map((pin) => pin + 1);
    this.timer = { frequency: 0 }; // rp2040js writes it when clk_sys changes; `clockChanged` does the work
    this.reset();
  }

  reset() {
    this.alarm.cancel();
    this.csr = 0;
    this.div = 1 << 4;
    this.cc = this.nextCc = 0;
    this.top = this.nextTop = 0xffff;
    this.running = false;
    /** When the counter was 0, while running; else the counter stands at `held`. */
    this.start = 0;
    this.held = 0;
    this.edgesCounted = 0;
    /** Which event comes next in this period, see `scheduleNext`. */
    this.tick = this.tickNanos();
    this.showOutputs(false);
  }

  get mode() {
    return (this.csr >>> 4) & 3;
  }

  get period() {
    return this.csr & CSR_PH_CORRECT ? 2 * Math.max(1, this.top) : this.top + 1;
  }

  tickNanos() {
    const whole = this.div >>> 4 || 256;
    return ((whole + (this.div & 15) / 16) * 1e9) / this.pwm.clockHz;
  }

  /** Ticks since the period began. */
  position() {
    if (!this.running) return this.held;
    // A tick that is due at this very instant has happened: the tolerance is far below one cycle.
    return Math.floor((this.clock.nanos - this.start) / this.tick + 1e-6) % this.period;
  }

  get counter() {
    const position = this.position();
    return this.csr & CSR_PH_CORRECT && position > this.top ? 2 * this.top - position : position;
  }

  /** @param {number} position ticks since the period began */
  moveTo(position) {
    this.held = ((position % this.period) + this.period) % this.period;
    this.start = this.clock.nanos - this.held * this.tick;
    this.showOutputs(true);
    this.scheduleNext();
  }

  updateRunning() {
    const position = this.position();
    const gate = this.pwm.inputs & (this.pinsB.length > 1 ? 1 << this.pinsB[1] : 0) || this.pwm.inputs & (1 << this.pinsB[0]);
    this.running = !!(this.csr & CSR_EN) && (this.mode === FREE_RUNNING || (this.mode === GATED && !!gate));
    this.moveTo(position);
  }

  /** Registers that act at once or, if the slice runs, at the wrap (datasheet 4.5.2.4). */
  takeBuffered() {
    this.cc = this.nextCc;
    this.top = this.nextTop;
  }

  /** @param {number} offset */
  read(offset) {
    switch (offset) {
      case CSR:
        return this.csr;
      case DIV:
        return this.div;
      case CTR:
        return this.counter;
      case CC:
        return this.nextCc;
      default:
        return this.nextTop;
    }
  }

  /**
   * @param {number} offset
   * @param {number} value
   */
  write(offset, value) {
    switch (offset) {
      case CSR:
        this.csr = value & 0x3f;
        this.pwm.setDirection(this.pinsB, this.mode === FREE_RUNNING);
        if (value & CSR_EN) {
          if (value & CSR_PH_ADV) this.moveTo(this.position() + 1);
          if (value & CSR_PH_RET) this.moveTo(this.position() - 1);
        }
        this.updateRunning();
        break;
      case DIV: {
        const position = this.position();
        this.div = value & 0xfff;
        this.tick = this.tickNanos();
        this.moveTo(position);
        break;
      }
      case CTR:
        this.moveTo(value & 0xffff);
        break;
      case CC:
        this.nextCc = value >>> 0;
        break;
      case TOP:
        this.nextTop = value & 0xffff;
    }
    if (offset === CC || offset === TOP) {
      if (this.running) return;
      this.takeBuffered();
      this.moveTo(this.held);
    }
  }

  /** Rotates or gates the slice by its B pin. @param {boolean} level */
  inputChanged(level) {
    if (!(this.csr & CSR_EN)) return;
    if (this.mode === GATED) return this.updateRunning();
    if (this.mode === FREE_RUNNING || level !== (this.mode === RISING)) return;
    this.edgesCounted += 16;
    if (this.edgesCounted < this.div) return;
    this.edgesCounted -= this.div;
    if (this.held + 1 >= this.period) this.wrapped();
    this.moveTo(this.held + 1);
  }

  clockChanged() {
    const position = this.position();
    this.tick = this.tickNanos();
    this.moveTo(position);
  }

  /** @param {boolean} onlyIfChanged */
  showOutputs(onlyIfChanged) {
    const { counter } = this;
    this.pwm.setOutput(this.pinsA, counter < (this.cc & 0xffff) !== !!(this.csr & CSR_A_INV), onlyIfChanged);
    if (this.mode === FREE_RUNNING)
      this.pwm.setOutput(this.pinsB, counter < this.cc >>> 16 !== !!(this.csr & CSR_B_INV), onlyIfChanged);
  }

  /** The next instant at which an output or the counter's wrap does something. */
  scheduleNext() {
    if (!this.running) return this.alarm.cancel();
    const { period } = this;
    const position = (this.clock.nanos - this.start) / this.tick + 1e-6;
    let next = period;
    for (let channel = 0; channel < 2; channel++) {
      const level = channel ? this.cc >>> 16 : this.cc & 0xffff;
      if (level > position && level < next) next = level;
      const back = period + 1 - level; // phase-correct: where the counter comes back below the level
      if (this.csr & CSR_PH_CORRECT && level && back > position && back < next) next = back;
    }
    this.alarm.scheduleAt(this.start + next * this.tick);
  }

  event() {
    const end = this.start + this.period * this.tick;
    if (this.clock.nanos >= end - this.tick / 2) {
      this.start = end;
      this.wrapped();
    }
    this.showOutputs(true);
    this.scheduleNext();
  }

  wrapped() {
    this.takeBuffered();
    this.pwm.raise(this.index);
  }
}

export class Pwm extends BasePeripheral {
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
