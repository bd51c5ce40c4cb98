/**
 * The PL011 UART (datasheet 4.2) with true bit times, error bits and FIFO levels, in place of rp2040js's.
 *
 * Characters arrive whole, from `receive`, at the end of their stop bit, each with the bit time it was sent at:
 * a receiver that is set more than 4 % off that rate sees a framing error. A transmitted character is reported
 * at the end of its stop bit. Flow control, IrDA, and sending a break are not modelled.
 */
import { Peripheral } from './peripheral.js';
import * as R from './uart_registers.js';
import { WordFifo } from './word_fifo.js';

const DEPTH = 32;
/** IFLS: eighths of the FIFO (4.2.8). */
const LEVELS = [4, 8, 16, 24, 28, 28, 28, 28];
/** The receive time-out interrupt comes after this many bit times without a character (4.2.6.5). */
const TIMEOUT_BITS = 32;
/** How far the two ends' rates may differ: half a bit over ten, less the sampling error of one sixteenth. */
const RATE_TOLERANCE = 0.04;

export class Uart extends Peripheral {
  // Registers.
  control = R.CR_TX | R.CR_RX;
  line = 0;
  wholeDivisor = 0;
  fraction = 0;
  levels = 0x12;
  mask = 0;
  raw = 0;
  dmaControl = 0;
  lowPower = 0;
  errors = 0;
  /** Was a character lost since the last one that went into the FIFO? It tells the next one (PL011 TRM 2.4.1). */
  lost = false;
  /** The character in the transmit shift register, or -1. */
  sending = -1;
  interrupting = false;

  /**
   * @param {any} rp2040
   * @param {number} index
   * @param {{irq: number, txDreq: number, rxDreq: number}} lines
   */
  constructor(rp2040, index, lines) {
    super(rp2040, `UART${index}`);
    this.lines = lines;
    this.clock = rp2040.clock;
    this.rx = new WordFifo(DEPTH);
    this.tx = new WordFifo(DEPTH);
    /** The board: a character has left, its stop bit ends now. @type {(byte: number) => void} */
    this.onByte = () => {};
    this.txAlarm = this.clock.createAlarm(() => this.sent());
    this.timeoutAlarm = this.clock.createAlarm(() => this.timedOut());
    this.reset();
    rp2040.dma.sources[lines.txDreq] = () => (this.dmaControl & 2) !== 0 && this.tx.count < this.depth;
    rp2040.dma.sources[lines.rxDreq] = () => (this.dmaControl & 1) !== 0 && !this.rx.empty;
  }

  reset() {
    this.txAlarm.cancel();
    this.timeoutAlarm.cancel();
    this.rx.clear();
    this.tx.clear();
    this.control = R.CR_TX | R.CR_RX;
    this.line =
      this.wholeDivisor =
      this.fraction =
      this.mask =
      this.raw =
      this.dmaControl =
      this.lowPower =
        0;
    this.levels = 0x12;
    this.errors = 0;
    this.lost = false;
    this.sending = -1;
    this.interrupting = false;
  }

  get depth() {
    return this.line & R.LCR_FIFOS ? DEPTH : 1;
  }

  get bitNanos() {
    const divisor = this.wholeDivisor + this.fraction / 64;
    return divisor ? (16e9 * divisor) / this.rp2040.clkPeri : 0;
  }

  /** Start, data, parity, stop. */
  get frameBits() {
    const data = 5 + ((this.line >>> 5) & 3);
    return 1 + data + (this.line & R.LCR_PARITY ? 1 : 0) + (this.line & R.LCR_TWO_STOPS ? 2 : 1);
  }

  get receiving() {
    return (this.control & (R.CR_ENABLE | R.CR_RX)) === (R.CR_ENABLE | R.CR_RX) && this.bitNanos > 0;
  }

  /**
   * A character whose stop bit ends now.
   * @param {number} byte
   * @param {number} errors FRAMING or BREAK, as the line was
   * @param {number} bitNanos the sender's bit time
   */
  receive(byte, errors, bitNanos) {
    if (!this.receiving) return;
    if (Math.abs(bitNanos / this.bitNanos - 1) > RATE_TOLERANCE) errors |= R.FRAMING;
    if (errors & R.BREAK) byte = 0;
    if (errors & R.FRAMING) this.raw |= R.INT_FRAMING;
    if (errors & R.BREAK) this.raw |= R.INT_BREAK;
    if (this.rx.count >= this.depth) {
      // The shift register is overwritten, the FIFO keeps what it has.
      this.lost = true;
      this.errors |= R.OVERRUN >>> 8;
      this.raw |= R.INT_OVERRUN;
    } else {
      const before = this.rx.count;
      this.rx.push((byte & 0xff) | errors | (this.lost ? R.OVERRUN : 0));
      this.lost = false;
      const level = this.rxLevel;
      if (before < level && this.rx.count >= level) this.raw |= R.INT_RX;
    }
    this.timeoutAlarm.schedule(TIMEOUT_BITS * this.bitNanos);
    this.rp2040.dma.pump(this.lines.rxDreq);
    this.updateInterrupt();
  }

  timedOut() {
    if (this.rx.empty) return;
    this.raw |= R.INT_RX_TIMEOUT;
    this.updateInterrupt();
  }

  get rxLevel() {
    return this.line & R.LCR_FIFOS ? LEVELS[(this.levels >>> 3) & 7] : 1;
  }

  get txLevel() {
    return this.line & R.LCR_FIFOS ? LEVELS[this.levels & 7] : 0;
  }

  startSending() {
    const able = R.CR_ENABLE | R.CR_TX;
    if (this.sending >= 0 || this.tx.empty || (this.control & able) !== able || !this.bitNanos) return;
    const before = this.tx.count;
    this.sending = this.tx.pull();
    // With FIFOs the interrupt comes as the level is passed downwards; without, when the one place is free.
    if (before > this.txLevel && this.tx.count <= this.txLevel) this.raw |= R.INT_TX;
    this.txAlarm.schedule(this.frameBits * this.bitNanos);
    this.rp2040.dma.pump(this.lines.txDreq);
    this.updateInterrupt();
  }

  sent() {
    const byte = this.sending;
    this.sending = -1;
    this.onByte(byte);
    this.startSending();
  }

  updateInterrupt() {
    const interrupting = (this.raw & this.mask) !== 0;
    if (interrupting === this.interrupting) return;
    this.interrupting = interrupting;
    this.rp2040.setInterrupt(this.lines.irq, interrupting);
  }

  readData() {
    if (this.rx.empty) return 0;
    const entry = this.rx.pull();
    this.errors = (this.errors & (R.OVERRUN >>> 8)) | (entry >>> 8);
    if (this.rx.count < this.rxLevel) this.raw &= ~R.INT_RX;
    if (this.rx.empty) {
      this.raw &= ~R.INT_RX_TIMEOUT;
      this.timeoutAlarm.cancel();
    } else if (!(this.raw & R.INT_RX_TIMEOUT)) this.timeoutAlarm.schedule(TIMEOUT_BITS * this.bitNanos);
    this.updateInterrupt();
    return entry;
  }

  /** @param {number} offset */
  readUint32(offset) {
    switch (offset) {
      case R.DR:
        return this.readData();
      case R.RSR:
        return this.errors;
      case R.FR:
        return (
          (this.sending >= 0 || !this.tx.empty ? 1 << 3 : 0) |
          (this.rx.empty ? 1 << 4 : 0) |
          (this.tx.count >= this.depth ? 1 << 5 : 0) |
          (this.rx.count >= this.depth ? 1 << 6 : 0) |
          (this.tx.empty ? 1 << 7 : 0)
        );
      case R.ILPR:
        return this.lowPower;
      case R.IBRD:
        return this.wholeDivisor;
      case R.FBRD:
        return this.fraction;
      case R.LCR_H:
        return this.line;
      case R.CR:
        return this.control;
      case R.IFLS:
        return this.levels;
      case R.IMSC:
        return this.mask;
      case R.RIS:
        return this.raw;
      case R.MIS:
        return this.raw & this.mask;
      case R.DMACR:
        return this.dmaControl;
    }
    if (offset >= 0xfe0) return R.IDS[(offset - 0xfe0) >> 2];
    return super.readUint32(offset);
  }

  /**
   * @param {number} offset
   * @param {number} value
   */
  writeUint32(offset, value) {
    switch (offset) {
      case R.DR:
        if (this.tx.count >= this.depth) return; // lost, as on the chip
        this.tx.push(value & 0xff);
        if (this.tx.count > this.txLevel) this.raw &= ~R.INT_TX;
        this.startSending();
        break;
      case R.RSR:
        this.errors = 0;
        return;
      case R.ILPR:
        this.lowPower = value & 0xff;
        return;
      case R.IBRD:
        this.wholeDivisor = value & 0xffff;
        return;
      case R.FBRD:
        this.fraction = value & 0x3f;
        return;
      case R.LCR_H:
        // Switching the FIFOs off and on empties them.
        if ((this.line ^ value) & R.LCR_FIFOS) {
          this.rx.clear();
          this.tx.clear();
          this.raw &= ~(R.INT_RX | R.INT_RX_TIMEOUT);
        }
        this.line = value & 0xff;
        break;
      case R.CR:
        this.control = value & 0xffff;
        this.startSending();
        break;
      case R.IFLS:
        this.levels = value & 0x3f;
        break;
      case R.IMSC:
        this.mask = value & 0x7ff;
        break;
      case R.ICR:
        this.raw &= ~this.rawWriteValue;
        if (this.rawWriteValue & R.INT_RX_TIMEOUT && !this.rx.empty)
          this.timeoutAlarm.schedule(TIMEOUT_BITS * this.bitNanos);
        break;
      case R.DMACR:
        this.dmaControl = value & 7;
        this.rp2040.dma.pump(this.lines.txDreq);
        this.rp2040.dma.pump(this.lines.rxDreq);
        break;
      default:
        return super.writeUint32(offset, value);
    }
    this.updateInterrupt();
  }

  /** rp2040js tells its UARTs that clk_peri changed; here every bit time is worked out when it is needed. */
  clkPeriChanged() {}
}
