/**
 * The DAC81416's serial port: what passes between SYNC falling and rising becomes register reads and writes.
 *
 * From TI's SLASEO0 and SLASER3: SDI is latched on SCLK's falling edges; a frame is R/W, a free bit, six address
 * bits and 16 of data; fewer than 24 bits are ignored, of more only the first 24 count; with STR-EN set the data
 * words go on to the next addresses and stay at the last DAC register; a read is answered in the next frame, at
 * 20 MHz at most (35 MHz with FSDO) although writes may run at 50 MHz. From TI's support forum (thread 1333394):
 * STR-EN switches SDO off, so nothing can be read until it is cleared again (0A84h).
 * uncertain: SDO in the frame after a write (modelled: the previous frame's bits, as a daisy chain would get them);
 * uncertain: whether a streamed word reaches its register at once (modelled) or with SYNC's rising edge.
 */
import { REG, SPICONFIG } from './dac81416_registers.js';
import { CHIP } from './reports.js';
import { takeBus } from './shared_bus.js';

const CHIP_BIT = 1 << CHIP.DAC;
const MAX_HZ = 50_000_000;
const MAX_READ_HZ = 20_000_000;
/** DAC81404's figure. uncertain: the DAC81416's own was cut off in the copy that was read. */
const MAX_FAST_READ_HZ = 35_000_000;
/** A start-up may try a mode or two: that many frames in a wrong mode are not yet misuse. */
const PROBE_FRAMES = 8;
const READ = 0x80;
const ADDRESS = 0x3f;
const ADDRESS_BITS = 8;
const DATA_BITS = 16;

/** A shift register and its bookkeeping; integers only, since it runs 8000 times 33 bytes a second. */
export class Dac81416Port {
  /**
   * @param {import('./dac81416.js').Dac81416} dac
   * @param {import('./types.js').Clock} clock
   * @param {import('./reports.js').Reports} reports
   * @param {import('./types.js').SharedBus} bus
   * @param {import('./types.js').DacOptions} options
   */
  constructor(dac, clock, reports, bus, options) {
    this.#dac = dac;
    this.#clock = clock;
    this.#reports = reports;
    this.#bus = bus;
    const modes = options.spiModes ?? [1, 2];
    this.#rightModes = [0, 1, 2, 3].map((mode) => modes.includes(mode));
    this.#canStream = options.streaming ?? true;
    this.#idle = options.misoIdle ? 0xffff : 0;
    /** When SYNC last rose at the end of a frame. */
    this.selectRoseNanos = -Infinity;
  }

  #dac;
  #clock;
  #reports;
  #bus;
  #rightModes;
  #canStream;
  #idle;
  #selected = false;
  #deaf = true;
  #streaming = false;
  /** The field being shifted in (first the address byte, then 16-bit words), and how many bits it still needs. */
  #field = 0;
  #need = ADDRESS_BITS;
  #fields = 0;
  #command = 0;
  #data = 0;
  #address = 0;
  /** What SDO shifts out: this field's, and the next frame's address and data fields. */
  #out = 0;
  #outData = 0;
  #nextAddress = 0;
  #nextData = 0;
  #answering = false;
  #wrongMode = false;
  #wrongModeFrames = 0;

  /** Power comes or goes. */
  reset() {
    this.#deaf = true;
    this.#answering = false;
    this.#nextAddress = 0;
    this.#nextData = 0;
    this.#wrongModeFrames = 0;
    this.#startFrame();
  }

  /** Whether SYNC is low and bits have passed. */
  get inFrame() {
    return this.#selected && (this.#fields > 0 || this.#need < ADDRESS_BITS);
  }

  /** @param {boolean} low */
  select(low) {
    if (low === this.#selected) return;
    this.#selected = low;
    if (low) {
      takeBus(this.#bus, CHIP_BIT, this.#reports);
      this.#startFrame();
      return;
    }
    this.#bus.selected &= ~CHIP_BIT;
    if (this.#fields > 0 || this.#need < ADDRESS_BITS) this.#endFrame();
  }

  /**
   * @param {number} word
   * @param {number} bits
   * @param {import('./types.js').SpiSettings} spi
   */
  transfer(word, bits, spi) {
    if (!this.#selected) return this.#idle & ((1 << bits) - 1);
    if (spi.hz > MAX_HZ) this.#reports.misuse(CHIP.DAC, 'SCLK is faster than 50 MHz');
    if (!this.#rightModes[(spi.cpol ? 2 : 0) | (spi.cpha ? 1 : 0)]) {
      // The master changes MOSI on the very edge that latches it: every bit is read one late, and SDO one early.
      this.#wrongMode = true;
      word = (word << 1) | (word & 1);
    }
    let reply = 0;
    let left = bits;
    while (left > 0) {
      const take = left < this.#need ? left : this.#need;
      const mask = (1 << take) - 1;
      left -= take;
      this.#need -= take;
      this.#field = (this.#field << take) | ((word >>> left) & mask);
      reply = (reply << take) | ((this.#out >>> this.#need) & mask);
      if (this.#need === 0) this.#endField();
    }
    if (this.#wrongMode) return reply >>> 1;
    if (this.#answering && spi.hz > MAX_READ_HZ) {
      const fast = this.#dac.register(REG.SPICONFIG) & SPICONFIG.FSDO;
      if (!fast || spi.hz > MAX_FAST_READ_HZ) {
        this.#reports.misuse(CHIP.DAC, 'a register was read faster than SDO can follow (20 MHz)');
        return reply >>> 1;
      }
    }
    return reply;
  }

  #startFrame() {
    const config = this.#dac.register(REG.SPICONFIG);
    this.#deaf = !this.#dac.ready;
    this.#streaming = this.#canStream && (config & SPICONFIG.STR_EN) !== 0;
    this.#fields = 0;
    this.#field = 0;
    this.#need = ADDRESS_BITS;
    this.#wrongMode = false;
    if (this.#deaf || this.#streaming || !(config & SPICONFIG.SDO_EN)) {
      this.#answering = false;
      this.#out = this.#idle;
      this.#outData = this.#idle;
    } else {
      this.#out = this.#nextAddress;
      this.#outData = this.#nextData;
    }
  }

  #endField() {
    const field = this.#field;
    this.#field = 0;
    this.#need = DATA_BITS;
    this.#fields += 1;
    if (this.#fields === 1) {
      this.#command = field;
      this.#address = field & ADDRESS;
      this.#out = this.#outData;
      return;
    }
    if (this.#fields === 2) this.#data = field;
    this.#out = this.#streaming ? this.#idle : 0;
    if (this.#streaming && !this.#deaf && !(this.#command & READ)) {
      this.#dac.write(this.#address, field);
      if (this.#address !== REG.DAC15) this.#address = (this.#address + 1) & ADDRESS;
    }
  }

  #endFrame() {
    this.selectRoseNanos = this.#clock.nanos;
    this.#answering = false;
    if (this.#deaf) {
      if (this.#dac.powered) {
        this.#reports.misuse(CHIP.DAC, 'a frame came within 1 ms of power-on or reset: not heard');
      }
      return;
    }
    if (this.#wrongMode) {
      this.#wrongModeFrames += 1;
      if (this.#wrongModeFrames > PROBE_FRAMES) {
        this.#reports.misuse(CHIP.DAC, 'frames come in a SPI mode that changes SDI on its latching edge');
      }
      this.#reports.muted = true; // what such a frame seems to say is nobody's fault
    }
    this.#execute();
    this.#reports.muted = false;
  }

  #execute() {
    if (this.#fields < 2) {
      this.#reports.misuse(CHIP.DAC, 'a frame of fewer than 24 bits: ignored');
      return;
    }
    const read = (this.#command & READ) !== 0;
    if (this.#streaming) {
      if (this.#need !== DATA_BITS) this.#reports.misuse(CHIP.DAC, 'a streamed frame ended inside a word');
      if (read) this.#reports.misuse(CHIP.DAC, 'a read was asked for while streaming, when SDO is off');
    } else {
      const config = this.#dac.register(REG.SPICONFIG);
      if ((this.#fields > 2 || this.#need !== DATA_BITS) && !(config & SPICONFIG.STR_EN)) {
        this.#reports.misuse(CHIP.DAC, 'a frame of more than 24 bits: only the first 24 count');
      }
      this.#nextAddress = this.#command;
      this.#answering = read;
      if (read) {
        this.#nextData = this.#dac.read(this.#address);
      } else {
        this.#nextData = this.#data;
        this.#dac.write(this.#address, this.#data);
      }
    }
    this.#dac.endFrame();
  }
}
