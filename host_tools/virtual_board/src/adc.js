/**
 * The ADC (datasheet 4.9) with true conversion times and its FIFO, in place of rp2040js's.
 *
 * A conversion takes 96 cycles of the 48 MHz clk_adc; the input is looked at when it starts. Wrong in rp2040js:
 * round robin skipped channels, the FIFO's threshold interrupt and level were off, DIV paced 96 times too slow.
 */
import { Peripheral } from './peripheral.js';
import { DREQ, IRQ } from './rp2040_numbers.js';
import { WordFifo } from './word_fifo.js';

const CS = 0x00;
const RESULT = 0x04;
const FCS = 0x08;
const FIFO = 0x0c;
const DIV = 0x10;
const INTR = 0x14;
const INTE = 0x18;
const INTF = 0x1c;
const INTS = 0x20;

const CS_EN = 1;
const CS_START_ONE = 1 << 2;
const CS_START_MANY = 1 << 3;
const CS_READY = 1 << 8;
const CS_WRITABLE = 0x1f700b;

const FCS_EN = 1;
const FCS_SHIFT = 2;
const FCS_DREQ_EN = 8;
const FCS_UNDER = 1 << 10;
const FCS_OVER = 1 << 11;
const FCS_WRITABLE = 0x0f00000f;

const CLOCK_HZ = 48e6;
const CONVERSION_CLOCKS = 96;
const CHANNELS = 5;
const DEPTH = 4;

export class Adc extends Peripheral {
  // Registers, and the conversion that is under way.
  control = 0;
  fifoControl = 0;
  fifoErrors = 0;
  div = 0;
  result = 0;
  code = 0;
  enabled = false;
  forced = false;
  converting = false;
  startedAt = 0;

  /** @param {any} rp2040 */
  constructor(rp2040) {
    super(rp2040, 'ADC');
    this.clock = rp2040.clock;
    this.fifo = new WordFifo(DEPTH);
    /** The board: the 12-bit code of a channel at this instant. @type {(channel: number) => number} */
    this.onSample = () => 0;
    this.doneAlarm = this.clock.createAlarm(() => this.done());
    this.paceAlarm = this.clock.createAlarm(() => this.start());
    this.reset();
    rp2040.dma.sources[DREQ.ADC] = () =>
      (this.fifoControl & FCS_DREQ_EN) !== 0 && !this.fifo.empty && this.fifo.count >= this.threshold;
  }

  reset() {
    this.doneAlarm.cancel();
    this.paceAlarm.cancel();
    this.fifo.clear();
    this.control = this.fifoControl = this.fifoErrors = this.div = this.result = this.code = 0;
    this.enabled = this.forced = false;
    this.converting = false;
    this.startedAt = 0;
  }

  get threshold() {
    return (this.fifoControl >>> 24) & 15;
  }

  get raw() {
    return this.fifo.count >= this.threshold && (this.fifoControl & FCS_EN) !== 0;
  }

  start() {
    if (this.converting || !(this.control & CS_EN)) return;
    this.converting = true;
    this.startedAt = this.clock.nanos;
    const channel = (this.control >>> 12) & 7;
    this.code = channel < CHANNELS ? this.onSample(channel) & 0xfff : 0;
    this.doneAlarm.schedule((CONVERSION_CLOCKS * 1e9) / CLOCK_HZ);
  }

  done() {
    this.converting = false;
    this.result = this.code;
    if (this.fifoControl & FCS_EN) {
      if (this.fifo.full) this.fifoErrors |= FCS_OVER;
      else this.fifo.push(this.fifoControl & FCS_SHIFT ? this.code >>> 4 : this.code);
    }
    const robin = (this.control >>> 16) & 31;
    if (robin) {
      let channel = (this.control >>> 12) & 7;
      do channel = (channel + 1) % CHANNELS;
      while (!(robin & (1 << channel)));
      this.control = (this.control & ~0x7000) | (channel << 12);
    }
    this.rp2040.dma.pump(DREQ.ADC);
    this.updateInterrupt();
    if (!(this.control & CS_START_MANY)) return;
    // A conversion starts every 1 + INT + FRAC/256 clocks of clk_adc, or back to back if that is too fast.
    const clocks = 1 + (this.div >>> 8) + (this.div & 255) / 256;
    if (clocks <= CONVERSION_CLOCKS) this.start();
    else this.paceAlarm.scheduleAt(this.startedAt + (clocks * 1e9) / CLOCK_HZ);
  }

  updateInterrupt() {
    this.rp2040.setInterrupt(IRQ.ADC_FIFO, (this.raw && this.enabled) || this.forced);
  }

  /** @param {number} offset */
  readUint32(offset) {
    switch (offset) {
      case CS:
        return this.control | (this.converting || !(this.control & CS_EN) ? 0 : CS_READY);
      case RESULT:
        return this.result;
      case FCS:
        return (
          this.fifoControl |
          this.fifoErrors |
          (this.fifo.empty ? 1 << 8 : 0) |
          (this.fifo.full ? 1 << 9 : 0) |
          (this.fifo.count << 16)
        );
      case FIFO: {
        if (this.fifo.empty) this.fifoErrors |= FCS_UNDER;
        const value = this.fifo.pull();
        this.updateInterrupt();
        return value;
      }
      case DIV:
        return this.div;
      case INTR:
        return this.raw ? 1 : 0;
      case INTE:
        return this.enabled ? 1 : 0;
      case INTF:
        return this.forced ? 1 : 0;
      case INTS:
        return (this.raw && this.enabled) || this.forced ? 1 : 0;
    }
    return super.readUint32(offset);
  }

  /**
   * @param {number} offset
   * @param {number} value
   */
  writeUint32(offset, value) {
    switch (offset) {
      case CS:
        this.control = value & CS_WRITABLE;
        if (!(value & CS_EN)) {
          this.doneAlarm.cancel();
          this.converting = false;
        }
        if (!(value & CS_START_MANY)) this.paceAlarm.cancel();
        if (value & (CS_START_ONE | CS_START_MANY) && !this.paceAlarm.scheduled) this.start();
        return;
      case FCS:
        this.fifoControl = value & FCS_WRITABLE;
        this.fifoErrors &= ~this.rawWriteValue;
        this.rp2040.dma.pump(DREQ.ADC);
        break;
      case DIV:
        this.div = value & 0xffffff;
        return;
      case INTE:
        this.enabled = (value & 1) !== 0;
        break;
      case INTF:
        this.forced = (value & 1) !== 0;
        break;
      default:
        return super.writeUint32(offset, value);
    }
    this.updateInterrupt();
  }
}
