/** One of the DMA controller's twelve channels: its registers, and moving an item (datasheet 2.5.1 and 2.5.7). */
import { DREQ } from './rp2040_numbers.js';

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

export class Channel {
  /**
   * @param {import('./dma.js').Dma} dma
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

  // What a transfer is: addresses, how many are left, how many the next trigger asks for; and CTRL taken apart.
  read = 0;
  write = 0;
  count = 0;
  reload = 0;
  ctrl = 0;
  treq = 0;
  chainTo = 0;
  size = 1;
  readRing = 0;
  writeRing = 0;
  busy = false;

  reset() {
    this.stop();
    this.read = this.write = this.count = this.reload = 0;
    this.configure(this.index << 11);
  }

  /** Tells the controller whether this channel listens to its request. */
  listen() {
    const mask = 1 << this.index;
    const listening = this.busy && (this.ctrl & EN) !== 0;
    this.dma.listeners[this.treq] = listening
      ? this.dma.listeners[this.treq] | mask
      : this.dma.listeners[this.treq] & ~mask;
  }

  stop() {
    this.busy = false;
    this.alarm.cancel();
    this.listen();
  }

  /** @param {number} ctrl */
  configure(ctrl) {
    this.dma.listeners[this.treq] &= ~(1 << this.index);
    this.ctrl = ctrl & 0xffffff;
    this.treq = (ctrl >>> 15) & 63;
    this.chainTo = (ctrl >>> 11) & 15;
    this.size = 1 << Math.min(2, (ctrl >>> 2) & 3);
    const ring = (ctrl >>> 6) & 15;
    const mask = ring ? (1 << ring) - 1 : 0;
    this.readRing = ctrl & RING_SEL ? 0 : mask;
    this.writeRing = ctrl & RING_SEL ? mask : 0;
    this.listen();
  }

  trigger() {
    if (this.busy || !(this.ctrl & EN)) return;
    this.count = this.reload;
    this.busy = true;
    this.listen();
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
    // The addresses move on before the write: it can start a peripheral that asks for the next item at once.
    const to = this.write;
    if (this.ctrl & INCR_READ) {
      const { read, readRing } = this;
      this.read = readRing ? (read & ~readRing) | ((read + size) & readRing) : (read + size) >>> 0;
    }
    if (this.ctrl & INCR_WRITE) {
      const { write, writeRing } = this;
      this.write = writeRing ? (write & ~writeRing) | ((write + size) & writeRing) : (write + size) >>> 0;
    }
    this.count--;
    const peripheral = rp2040.findPeripheral(to);
    if (peripheral) {
      // A narrow write is repeated on all byte lanes of the bus (datasheet 2.1.4).
      if (size === 1) value *= 0x01010101;
      else if (size === 2) value |= value << 16;
      peripheral.writeUint32Atomic(to & 0xffc, value >>> 0, (to >>> 12) & 3);
    } else if (size === 1) rp2040.writeUint8(to, value);
    else if (size === 2) rp2040.writeUint16(to, value);
    else rp2040.writeUint32(to, value >>> 0);
  }

  finish() {
    this.stop();
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
