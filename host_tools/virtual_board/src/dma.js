/**
 * The DMA controller (datasheet 2.5), in place of rp2040js's.
 *
 * A peripheral's request is a level, asked for at each transfer (`sources`), or a pulse worth one transfer (a
 * PWM wrap). A transfer that is allowed happens at once: the two or three cycles it takes on the bus are not
 * modelled, but an unpaced channel stays busy for one cycle a transfer. What rp2040js had wrong: pacing timers
 * ran at X/Y clock periods instead of Y/X, a PWM request stayed on for ever, the SPI's and UART's own
 * DMA-enable bits were ignored, and every transfer took a trip through the alarm list.
 */
import { Channel } from './dma_channel.js';
import { Peripheral } from './peripheral.js';
import { IRQ } from './rp2040_numbers.js';

const CHANNELS = 12;
const INTR = 0x400;
const INTE0 = 0x404;
const INTF0 = 0x408;
const INTS0 = 0x40c;
const INTE1 = 0x414;
const INTF1 = 0x418;
const INTS1 = 0x41c;
const TIMER0 = 0x420;
const TIMER3 = 0x42c;
const MULTI_CHAN_TRIGGER = 0x430;
const CHAN_ABORT = 0x444;
const N_CHANNELS = 0x448;
const DEBUG = 0x800;

export class Dma extends Peripheral {
  /** @param {any} rp2040 */
  constructor(rp2040) {
    super(rp2040, 'DMA');
    this.raw = 0;
    this.enabled = [0, 0];
    this.forced = [0, 0];
    this.timers = [0, 0, 0, 0];
    /** Whether a request line is up right now, by its number. @type {(() => boolean)[]} */
    this.sources = [];
    /** Channels that wait for each request, one bit a channel. */
    this.listeners = new Uint16Array(64);
    /** Called before a register is read: peripherals that are lazy catch up with the time. */
    this.catchUp = () => {};
    /** @type {Channel[]} */
    this.channels = [];
    for (let i = 0; i < CHANNELS; i++) this.channels.push(new Channel(this, rp2040, i));
  }

  get cycleNanos() {
    return 1e9 / this.rp2040.clkSys;
  }

  reset() {
    for (const channel of this.channels) channel.reset();
    this.raw = 0;
    this.enabled = [0, 0];
    this.forced = [0, 0];
    this.timers = [0, 0, 0, 0];
    this.updateInterrupts();
  }

  /** Lets every channel that listens to this request take what it may. @param {number} treq */
  pump(treq) {
    if (!this.listeners[treq]) return;
    const ready = this.sources[treq];
    if (!ready) return;
    for (const channel of this.channels) {
      if (!(this.listeners[treq] & (1 << channel.index))) continue;
      // A transfer can start the peripheral, which pumps again from within: the channel may be done by then.
      while (channel.busy && channel.count && ready()) channel.transfer();
      if (channel.busy && !channel.count) channel.finish();
    }
  }

  /** A request that is worth exactly one transfer. @param {number} treq */
  pulse(treq) {
    if (!this.listeners[treq]) return;
    for (const channel of this.channels) {
      if (!(this.listeners[treq] & (1 << channel.index))) continue;
      channel.transfer();
      if (channel.busy && !channel.count) channel.finish();
    }
  }

  /** How many transfers are still to come on this request. @param {number} treq */
  remaining(treq) {
    const mask = this.listeners[treq];
    return mask ? this.channels[31 - Math.clz32(mask)].count : 0;
  }

  /** @param {number} index */
  raise(index) {
    this.raw |= 1 << index;
    this.updateInterrupts();
  }

  /** @param {number} line 0 or 1 */
  status(line) {
    return (this.raw & this.enabled[line]) | this.forced[line];
  }

  updateInterrupts() {
    this.rp2040.setInterrupt(IRQ.DMA_0, this.status(0) !== 0);
    this.rp2040.setInterrupt(IRQ.DMA_1, this.status(1) !== 0);
  }

  // What rp2040js's other peripherals (I2C, PIO) call. They keep their requests up as long as they can.
  /** @param {number} treq */
  setDREQ(treq) {
    this.sources[treq] ??= () => this.levels.has(treq);
    this.levels.add(treq);
    this.pump(treq);
  }

  /** @param {number} treq */
  clearDREQ(treq) {
    this.levels.delete(treq);
  }

  levels = new Set();

  /** @param {number} offset */
  readUint32(offset) {
    this.catchUp();
    if (offset < CHANNELS * 0x40) return this.channels[offset >>> 6].readRegister((offset >>> 2) & 15) >>> 0;
    if (offset >= TIMER0 && offset <= TIMER3) return this.timers[(offset - TIMER0) >> 2];
    if (offset >= DEBUG) return offset & 4 ? (this.channels[(offset >>> 6) & 15]?.reload ?? 0) : 0;
    switch (offset) {
      case INTR:
        return this.raw;
      case INTE0:
        return this.enabled[0];
      case INTE1:
        return this.enabled[1];
      case INTF0:
        return this.forced[0];
      case INTF1:
        return this.forced[1];
      case INTS0:
        return this.status(0);
      case INTS1:
        return this.status(1);
      case CHAN_ABORT:
        return 0; // an abort is complete at once
      case N_CHANNELS:
        return CHANNELS;
    }
    return super.readUint32(offset);
  }

  /**
   * @param {number} offset
   * @param {number} value
   */
  writeUint32(offset, value) {
    this.catchUp();
    if (offset < CHANNELS * 0x40)
      return this.channels[offset >>> 6].writeRegister((offset >>> 2) & 15, value);
    if (offset >= TIMER0 && offset <= TIMER3) {
      this.timers[(offset - TIMER0) >> 2] = value;
      return;
    }
    switch (offset) {
      case INTR:
      case INTS0:
      case INTS1:
        this.raw &= ~this.rawWriteValue;
        break;
      case INTE0:
        this.enabled[0] = value & 0xffff;
        break;
      case INTE1:
        this.enabled[1] = value & 0xffff;
        break;
      case INTF0:
        this.forced[0] = value & 0xffff;
        break;
      case INTF1:
        this.forced[1] = value & 0xffff;
        break;
      case MULTI_CHAN_TRIGGER:
        for (const channel of this.channels) if (value & (1 << channel.index)) channel.trigger();
        return;
      case CHAN_ABORT:
        for (const channel of this.channels) {
          if (!(value & (1 << channel.index))) continue;
          channel.stop();
        }
        return;
      default:
        return super.writeUint32(offset, value);
    }
    this.updateInterrupts();
  }
}
