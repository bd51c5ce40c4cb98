/**
 * The DMA controller (datasheet 2.5), in place of rp2040js's.
 *
 * A peripheral's request is a level, asked for at each transfer (`sources`), or a pulse worth one transfer (a
 * PWM wrap). A transfer that is allowed happens at once: the two or three cycles it takes on the bus are not
 * modelled, but an unpaced channel stays busy for one cycle a transfer. What rp2040js had wrong: pacing timers
 * ran at X/Y clock periods instead of Y/X, a PWM request stayed on for ever, the SPI's and UART's own
 * DMA-enable bits were ignored, and every transfer took a trip through the alarm list.
 */
import { BasePeripheral } from 'rp2040js';
import { DREQ, IRQ } from './rp2040_numbers.js';

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

const EN = 1;
const INCR_READ = 1 << 4;
const INCR_WRITE = 1 << 5;
const RING_SEL = 1 << 10;
const IRQ_QUIET = 1 << 21;
const BSWAP = 1 << 22;
const BUSY = 1 << 24;
const ERRORS = 3 << 29;

/** Which register each of a channel's sixteen words is: 0 read address, 1 write address, 2 count, 3 control. */
const REGISTERS = [0, 1, 2, 3, 3, 0, 1, 2, 3, 2, 0, 1, 3, 1, 2, 0];
/** An unpaced transfer of more than this yields to the rest of the chip. */
const BURST = 65536;

class Channel {
  /**
   * @param {Dma} dma
   * @param {any} rp2040
   * @param {number} index
   */
  constructor(dma, rp2040, index) {
    this.dma = dma;
    this.rp2040 = rp2040;
    this.index = index;
    this.alarm = rp2040.clock.createAlarm(() => this.alarmed());
    this.reset();
  }

  reset() {
    this.alarm.cancel();
    this.read = this.write = this.count = this.reload = 0;
    this.configure(this.index << 11);
    this.busy = false;
  }

  /** @param {number} ctrl */
  configure(ctrl) {
    this.ctrl = ctrl & 0xffffff;
    this.treq = (ctrl >>> 15) & 63;
    this.chainTo = (ctrl >>> 11) & 15;
    this.size = 1 << Math.min(2, (ctrl >>> 2) & 3);
    const ring = (ctrl >>> 6) & 15;
    const mask = ring ? (1 << ring) - 1 : 0;
    this.readRing = ctrl & RING_SEL ? 0 : mask;
    this.writeRing = ctrl & RING_SEL ? mask : 0;
  }

  trigger() {
    if (this.busy || !(this.ctrl & EN)) return;
    this.count = this.reload;
    this.busy = true;
    if (this.count) this.go();
    else this.finish();
  }

  go() {
    if (!this.busy || !(this.ctrl & EN)) return;
    if (this.treq === DREQ.PERMANENT) {
      const burst = Math.min(this.count, BURST);
      for (let i = 0; i < burst; i++) this.transfer();
      this.alarm.schedule(burst * this.dma.cycleNanos);
    } else if (this.treq >= DREQ.TIMER0) this.pace();
    else this.dma.pump(this.treq);
  }

  pace() {
    const timer = this.dma.timers[this.treq - DREQ.TIMER0];
    const x = timer >>> 16;
    if (x) this.alarm.schedule(((timer & 0xffff) / x) * this.dma.cycleNanos);
  }

  alarmed() {
    if (!this.busy) return;
    if (this.treq !== DREQ.PERMANENT) this.transfer();
    if (!this.count) this.finish();
    else this.go();
  }

  /** Moves one item. The caller calls `finish` when the count has reached 0. */
  transfer() {
    const { rp2040, size } = this;
    let value;
    const inSram = this.read - 0x20000000;
    if (size === 1) {
      value = inSram >= 0 && inSram < 0x42000 ? rp2040.sram[inSram] : rp2040.readUint8(this.read);
    } else if (size === 2) {
      value = rp2040.readUint16(this.read);
      if (this.ctrl & BSWAP) value = ((value & 255) << 8) | (value >>> 8);
    } else {
      value = rp2040.readUint32(this.read);
      if (this.ctrl & BSWAP)
        value = (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
    }
    const peripheral = rp2040.findPeripheral(this.write);
    if (peripheral) {
      // A narrow write is repeated on all byte lanes of the bus (datasheet 2.1.4).
      if (size === 1) value *= 0x01010101;
      else if (size === 2) value |= value << 16;
      peripheral.writeUint32Atomic(this.write & 0xffc, value >>> 0, (this.write >>> 12) & 3);
    } else if (size === 1) rp2040.writeUint8(this.write, value);
    else if (size === 2) rp2040.writeUint16(this.write, value);
    else rp2040.writeUint32(this.write, value >>> 0);
    if (this.ctrl & INCR_READ) {
      const { read, readRing } = this;
      this.read = readRing ? (read & ~readRing) | ((read + size) & readRing) : (read + size) >>> 0;
    }
    if (this.ctrl & INCR_WRITE) {
      const { write, writeRing } = this;
      this.write = writeRing ? (write & ~writeRing) | ((write + size) & writeRing) : (write + size) >>> 0;
    }
    this.count--;
  }

  finish() {
    this.busy = false;
    this.alarm.cancel();
    if (!(this.ctrl & IRQ_QUIET)) this.dma.raise(this.index);
    if (this.chainTo !== this.index) this.dma.channels[this.chainTo]?.trigger();
  }

  /** @param {number} word 0-15 */
  readRegister(word) {
    const register = REGISTERS[word];
    if (register === 0) return this.read;
    if (register === 1) return this.write;
    return register === 2 ? this.count : this.ctrl | (this.busy ? BUSY : 0);
  }

  /**
   * @param {number} word 0-15; the last of each alias triggers
   * @param {number} value
   */
  writeRegister(word, value) {
    const register = REGISTERS[word];
    if (register === 0) this.read = value >>> 0;
    else if (register === 1) this.write = value >>> 0;
    else if (register === 2) this.reload = value >>> 0;
    else {
      this.configure(value & ~ERRORS);
      if (this.busy && this.ctrl & EN) this.go();
    }
    if ((word & 3) !== 3) return;
    if (value) this.trigger();
    else if (this.ctrl & IRQ_QUIET) this.dma.raise(this.index); // a null trigger (2.5.3)
  }
}

export class Dma extends BasePeripheral {
  /** @param {any} rp2040 */
  constructor(rp2040) {
    super(rp2040, 'DMA');
    this.raw = 0;
    this.enabled = [0, 0];
    this.forced = [0, 0];
    this.timers = [0, 0, 0, 0];
    /** Whether a request line is up right now, by its number. @type {(() => boolean)[]} */
    this.sources = [];
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
    const ready = this.sources[treq];
    if (!ready) return;
    for (const channel of this.channels) {
      if (!channel.busy || channel.treq !== treq || !(channel.ctrl & EN)) continue;
      // A transfer can start the peripheral, which pumps again from within: the channel may be done by then.
      while (channel.busy && channel.count && ready()) channel.transfer();
      if (channel.busy && !channel.count) channel.finish();
    }
  }

  /** A request that is worth exactly one transfer. @param {number} treq */
  pulse(treq) {
    for (const channel of this.channels) {
      if (!channel.busy || channel.treq !== treq || !(channel.ctrl & EN)) continue;
      channel.transfer();
      if (!channel.count) channel.finish();
    }
  }

  /** How many transfers are still to come on this request. @param {number} treq */
  remaining(treq) {
    for (const channel of this.channels) {
      if (channel.busy && channel.treq === treq && channel.ctrl & EN) return channel.count;
    }
    return 0;
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
    if (offset < CHANNELS * 0x40) return this.channels[offset >>> 6].writeRegister((offset >>> 2) & 15, value);
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
          channel.busy = false;
          channel.alarm.cancel();
        }
        return;
      default:
        return super.writeUint32(offset, value);
    }
    this.updateInterrupts();
  }
}
