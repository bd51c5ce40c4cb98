/**
 * The PL022 SPI controller (datasheet 4.4) as a master with true bit times, in place of rp2040js's.
 *
 * It is lazy: a DMA frame of 33 bytes is not 33 alarms but one. Words are worked off, each with its own time,
 * whenever somebody could notice: the processor reads or writes a register of the SPI or the DMA, a chip select
 * or latch pin moves, the DMA channel's last word has gone in, or the last bit has gone out.
 *
 * Times of a word of n bits with SCK period T (4.4.3.10 to 4.4.3.13): SCK starts T/2 after the frame begins and
 * the controller is busy for T after the last bit. With SPH = 1 (modes 1 and 3) queued words follow each other
 * with no gap, n T each. With SPH = 0 (modes 0 and 2) the frame ends between words, whether or not the hardware
 * chip select is used, so queued words are n T + 1.5 T apart (seen on silicon too: pico-examples issue 285).
 * Not modelled: slave mode, the TI and Microwire formats, the receive time-out interrupt, and where the
 * free-running prescaler happens to stand when a frame begins (at most one T).
 */
import { Peripheral } from './peripheral.js';
import { WordFifo } from './word_fifo.js';

const CR0 = 0x00;
const CR1 = 0x04;
const DR = 0x08;
const SR = 0x0c;
const CPSR = 0x10;
const IMSC = 0x14;
const RIS = 0x18;
const MIS = 0x1c;
const ICR = 0x20;
const DMACR = 0x24;
/** PeriphID0-3 and PCellID0-3 from 0xfe0 on. */
const IDS = [0x22, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1];

const LOOPBACK = 1;
const ENABLE = 2;
const SLAVE = 4;
const DEPTH = 8;

const INT_OVERRUN = 1;
const INT_RX = 4;
const INT_TX = 8;

/** @typedef {{cpol: number, cpha: number, hz: number}} SpiMode */

export class Spi extends Peripheral {
  // Registers, and what `configure` derives from them.
  control0 = 0;
  control1 = 0;
  prescale = 0;
  mask = 0;
  raw = 0;
  dmaControl = 0;
  bits = 4;
  /** @type {SpiMode} */
  mode = { cpol: 0, cpha: 0, hz: 0 };
  /** Of SCK, and from one queued word to the next, in nanoseconds. */
  period = 0;
  spacing = 0;
  /** A word is in the shift register until `wordEnd`; afterwards the controller is busy until `idleAt`. */
  shifting = false;
  word = 0;
  wordEnd = 0;
  idleAt = 0;
  syncing = false;
  interrupting = false;

  /**
   * @param {any} rp2040
   * @param {number} index 0 or 1
   * @param {{irq: number, txDreq: number, rxDreq: number}} lines
   */
  constructor(rp2040, index, lines) {
    super(rp2040, `SPI${index}`);
    this.lines = lines;
    this.clock = rp2040.clock;
    this.tx = new WordFifo(DEPTH);
    this.rx = new WordFifo(DEPTH);
    /**
     * The board: takes a word, answers with what came back on MISO.
     * @type {(word: number, bits: number, mode: SpiMode, nanos: number) => number}
     */
    this.onWord = () => 0;
    this.alarm = this.clock.createAlarm(() => this.sync());
    this.reset();
    rp2040.dma.sources[lines.txDreq] = () => (this.dmaControl & 2) !== 0 && !this.tx.full;
    rp2040.dma.sources[lines.rxDreq] = () => (this.dmaControl & 1) !== 0 && !this.rx.empty;
  }

  reset() {
    this.alarm.cancel();
    this.tx.clear();
    this.rx.clear();
    this.control0 = this.control1 = this.prescale = this.mask = this.raw = this.dmaControl = 0;
    this.shifting = this.syncing = false;
    this.wordEnd = this.idleAt = 0;
    this.configure();
  }

  /** Derives what each word needs from the registers. */
  configure() {
    this.bits = (this.control0 & 15) + 1;
    const hz = this.prescale
      ? this.rp2040.clkPeri / (this.prescale * (1 + ((this.control0 >>> 8) & 255)))
      : 0;
    this.mode = { cpol: (this.control0 >>> 6) & 1, cpha: (this.control0 >>> 7) & 1, hz };
    this.period = hz ? 1e9 / hz : 0;
    this.spacing = this.bits * this.period + (this.mode.cpha ? 0 : 1.5 * this.period);
  }

  /** Time now; while old words are worked off, the time at which the word at hand ended. */
  get now() {
    return this.syncing ? this.wordEnd : this.clock.nanos;
  }

  get running() {
    return (this.control1 & (ENABLE | SLAVE)) === ENABLE && this.period > 0;
  }

  startWord() {
    if (!this.running || this.tx.empty) return;
    const { now } = this;
    const begin = now < this.idleAt && this.mode.cpha ? now : Math.max(now, this.idleAt) + this.period / 2;
    this.word = this.tx.pull();
    this.shifting = true;
    this.wordEnd = begin + this.bits * this.period;
    this.rp2040.dma.pump(this.lines.txDreq);
  }

  /** Works off every word that has ended by now. */
  sync() {
    if (this.syncing || !this.shifting) return;
    const { nanos } = this.clock;
    if (this.wordEnd <= nanos) {
      this.syncing = true;
      while (this.shifting && this.wordEnd <= nanos) {
        this.shifting = false;
        this.idleAt = this.wordEnd + this.period;
        const reply =
          this.control1 & LOOPBACK ? this.word : this.onWord(this.word, this.bits, this.mode, this.wordEnd);
        if (this.rx.full) this.raw |= INT_OVERRUN;
        else this.rx.push(reply & ((1 << this.bits) - 1));
        this.rp2040.dma.pump(this.lines.rxDreq);
        this.startWord();
      }
      this.syncing = false;
      this.updateInterrupts();
    }
    this.scheduleWake();
  }

  /** The next instant at which something outside can notice a word's end without asking. */
  scheduleWake() {
    if (!this.shifting) return this.alarm.cancel();
    if (this.mask) return this.alarm.scheduleAt(this.wordEnd);
    const toCome = this.rp2040.dma.remaining(this.lines.txDreq);
    const words = toCome ? toCome - 1 : this.tx.count;
    this.alarm.scheduleAt(this.wordEnd + words * this.spacing);
  }

  updateInterrupts() {
    let raw = this.raw & ~(INT_TX | INT_RX);
    if (this.tx.count <= DEPTH / 2) raw |= INT_TX;
    if (this.rx.count >= DEPTH / 2) raw |= INT_RX;
    this.raw = raw;
    if (this.mask || this.interrupting) {
      this.interrupting = (raw & this.mask) !== 0;
      this.rp2040.setInterrupt(this.lines.irq, this.interrupting);
    }
  }

  /** @param {number} offset */
  readUint32(offset) {
    this.sync();
    switch (offset) {
      case CR0:
        return this.control0;
      case CR1:
        return this.control1;
      case DR: {
        const value = this.rx.pull();
        this.updateInterrupts();
        return value;
      }
      case SR: {
        const busy = this.shifting || this.clock.nanos < this.idleAt || (this.running && !this.tx.empty);
        return (
          (this.tx.empty ? 1 : 0) |
          (this.tx.full ? 0 : 2) |
          (this.rx.empty ? 0 : 4) |
          (this.rx.full ? 8 : 0) |
          (busy ? 16 : 0)
        );
      }
      case CPSR:
        return this.prescale;
      case IMSC:
        return this.mask;
      case RIS:
        this.updateInterrupts();
        return this.raw;
      case MIS:
        this.updateInterrupts();
        return this.raw & this.mask;
      case DMACR:
        return this.dmaControl;
    }
    if (offset >= 0xfe0) return IDS[(offset - 0xfe0) >> 2];
    return super.readUint32(offset);
  }

  /**
   * @param {number} offset
   * @param {number} value
   */
  writeUint32(offset, value) {
    if (offset === DR) {
      this.sync();
      if (this.tx.full) return; // lost, as on the chip
      this.tx.push(value & ((1 << this.bits) - 1));
      if (!this.shifting) this.startWord();
      if (!this.syncing) {
        if (this.mask) this.updateInterrupts();
        this.scheduleWake();
      }
      return;
    }
    this.sync();
    switch (offset) {
      case CR0:
        this.control0 = value & 0xffff;
        this.configure();
        break;
      case CR1:
        this.control1 = value & 15;
        if (value & SLAVE) this.warn('SPI slave mode is not modelled');
        if (!this.shifting) this.startWord();
        break;
      case CPSR:
        this.prescale = value & 0xfe;
        this.configure();
        break;
      case IMSC:
        this.mask = value & 15;
        break;
      case ICR:
        this.raw &= ~(this.rawWriteValue & 3);
        break;
      case DMACR:
        this.dmaControl = value & 3;
        this.rp2040.dma.pump(this.lines.txDreq);
        this.rp2040.dma.pump(this.lines.rxDreq);
        break;
      default:
        return super.writeUint32(offset, value);
    }
    this.updateInterrupts();
    this.scheduleWake();
  }
}
