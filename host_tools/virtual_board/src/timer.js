/**
 * The microsecond timer (datasheet 4.6), in place of rp2040js's.
 *
 * It starts at 0 with every life of the chip, and an alarm fires when the counter reaches its value, not up to
 * a microsecond before: rp2040js rounded the wait down, so the SDK found its alarm too early and set it again.
 */
import { Peripheral } from './peripheral.js';

const TIMEHW = 0x00;
const TIMELW = 0x04;
const TIMEHR = 0x08;
const TIMELR = 0x0c;
const ALARM0 = 0x10;
const ALARM3 = 0x1c;
const ARMED = 0x20;
const TIMERAWH = 0x24;
const TIMERAWL = 0x28;
const DBGPAUSE = 0x2c;
const PAUSE = 0x30;
const INTR = 0x34;
const INTE = 0x38;
const INTF = 0x3c;
const INTS = 0x40;

const WORD = 2 ** 32;

export class Timer extends Peripheral {
  /** @param {any} rp2040 */
  constructor(rp2040) {
    super(rp2040, 'TIMER');
    this.startNanos = rp2040.clock.nanos;
    this.targets = [0, 0, 0, 0];
    this.alarms = this.targets.map((_, i) => rp2040.clock.createAlarm(() => this.fire(i)));
    this.armed = 0;
    this.raw = this.enabled = this.forced = 0;
    this.latchedHigh = 0;
    this.writtenLow = 0;
    this.pauseBits = 0;
  }

  reset() {
    for (const alarm of this.alarms) alarm.cancel();
    this.startNanos = this.rp2040.clock.nanos;
    this.armed = this.raw = this.enabled = this.forced = 0;
    this.updateInterrupts();
  }

  get micros() {
    return Math.floor((this.rp2040.clock.nanos - this.startNanos) / 1000 + 1e-6);
  }

  /** @param {number} index */
  fire(index) {
    this.armed &= ~(1 << index);
    this.raw |= 1 << index;
    this.updateInterrupts();
  }

  updateInterrupts() {
    const pending = (this.raw & this.enabled) | this.forced;
    for (let i = 0; i < 4; i++) this.rp2040.setInterrupt(i, (pending & (1 << i)) !== 0);
  }

  /** @param {number} offset */
  readUint32(offset) {
    switch (offset) {
      case TIMELR: {
        const { micros } = this;
        this.latchedHigh = Math.floor(micros / WORD);
        return micros >>> 0;
      }
      case TIMEHR:
        return this.latchedHigh;
      case TIMERAWL:
        return this.micros >>> 0;
      case TIMERAWH:
        return Math.floor(this.micros / WORD);
      case ARMED:
        return this.armed;
      case PAUSE:
      case DBGPAUSE:
        return this.pauseBits;
      case INTR:
        return this.raw;
      case INTE:
        return this.enabled;
      case INTF:
        return this.forced;
      case INTS:
        return (this.raw & this.enabled) | this.forced;
    }
    if (offset >= ALARM0 && offset <= ALARM3) return this.targets[(offset - ALARM0) >> 2];
    return super.readUint32(offset);
  }

  /**
   * @param {number} offset
   * @param {number} value
   */
  writeUint32(offset, value) {
    if (offset >= ALARM0 && offset <= ALARM3) {
      const index = (offset - ALARM0) >> 2;
      this.targets[index] = value >>> 0;
      this.armed |= 1 << index;
      // Only the low word is compared (4.6.3): a value just passed comes round again after 71 minutes.
      const { micros } = this;
      const wait = (value - micros) >>> 0;
      this.alarms[index].scheduleAt(this.startNanos + (micros + wait) * 1000);
      return;
    }
    switch (offset) {
      case TIMELW:
        this.writtenLow = value >>> 0;
        return;
      case TIMEHW:
        this.startNanos = this.rp2040.clock.nanos - ((value >>> 0) * WORD + this.writtenLow) * 1000;
        return;
      case ARMED:
        for (let i = 0; i < 4; i++) if (this.rawWriteValue & (1 << i)) this.alarms[i].cancel();
        this.armed &= ~this.rawWriteValue;
        return;
      case PAUSE:
      case DBGPAUSE:
        this.pauseBits = value;
        if (offset === PAUSE && value & 1) this.warn('The timer was told to pause, which is not modelled');
        return;
      case INTR:
        this.raw &= ~this.rawWriteValue;
        break;
      case INTE:
        this.enabled = value & 15;
        break;
      case INTF:
        this.forced = value & 15;
        break;
      default:
        return super.writeUint32(offset, value);
    }
    this.updateInterrupts();
  }
}
