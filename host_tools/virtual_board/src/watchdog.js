/**
 * The watchdog (datasheet 4.7): bites at the exact time, and keeps its scratch words and reason through the reset.
 *
 * Erratum RP2040-E1 is kept: the counter goes down by two a tick. The tick is taken to be 1 us, as the SDK sets it.
 */
import { Peripheral } from './peripheral.js';

const CTRL = 0x00;
const LOAD = 0x04;
const REASON = 0x08;
const SCRATCH0 = 0x0c;
const SCRATCH7 = 0x28;
const TICK = 0x2c;

const TRIGGER = 1 << 31;
const ENABLE = 1 << 30;
const PAUSES = 7 << 24;
const TIME = 0xffffff;
const TICK_ENABLE = 1 << 9;
const TICK_RUNNING = 1 << 10;
const NANOS_PER_COUNT = 500;

/** Why the chip was last reset, in REASON. */
export const REASON_TIMER = 1;
export const REASON_FORCE = 2;

export class Watchdog extends Peripheral {
  /**
   * @param {any} rp2040
   * @param {{scratch: Uint32Array, reason: number}} kept what the last life left
   * @param {(reason: number) => void} bite
   */
  constructor(rp2040, kept, bite) {
    super(rp2040, 'WATCHDOG');
    this.scratch = kept.scratch;
    this.reason = kept.reason;
    this.bite = bite;
    this.flags = PAUSES;
    this.tick = TICK_ENABLE;
    /** What is left, while it does not run; else it runs out at `deadline`. */
    this.count = 0;
    this.deadline = 0;
    this.alarm = rp2040.clock.createAlarm(() => this.bite(REASON_TIMER));
  }

  get running() {
    return (this.flags & ENABLE) !== 0 && (this.tick & TICK_ENABLE) !== 0;
  }

  get left() {
    if (!this.running) return this.count;
    return Math.max(0, Math.ceil((this.deadline - this.rp2040.clock.nanos) / NANOS_PER_COUNT));
  }

  /** @param {number} count */
  restart(count) {
    this.count = count;
    if (!this.running) return this.alarm.cancel();
    this.deadline = this.rp2040.clock.nanos + count * NANOS_PER_COUNT;
    this.alarm.scheduleAt(this.deadline);
  }

  /** @param {number} offset */
  readUint32(offset) {
    if (offset >= SCRATCH0 && offset <= SCRATCH7) return this.scratch[(offset - SCRATCH0) >> 2];
    switch (offset) {
      case CTRL:
        return (this.flags | (this.left & TIME)) >>> 0;
      case LOAD:
        return 0;
      case REASON:
        return this.reason;
      case TICK:
        return this.tick | (this.tick & TICK_ENABLE ? TICK_RUNNING : 0);
    }
    return super.readUint32(offset);
  }

  /**
   * @param {number} offset
   * @param {number} value
   */
  writeUint32(offset, value) {
    if (offset >= SCRATCH0 && offset <= SCRATCH7) {
      this.scratch[(offset - SCRATCH0) >> 2] = value;
      return;
    }
    const { left } = this;
    switch (offset) {
      case CTRL:
        this.flags = value & (ENABLE | PAUSES);
        this.restart(left);
        if (value & TRIGGER) this.bite(REASON_FORCE);
        return;
      case LOAD:
        this.restart(value & TIME);
        return;
      case TICK:
        this.tick = value & 0x3ff;
        this.restart(left);
        return;
    }
    super.writeUint32(offset, value);
  }
}
