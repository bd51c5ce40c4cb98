/**
 * The small blocks around the processor that firmware asks or sets and rp2040js lacks or has wrong: RESETS that
 * reset, a crystal that takes its time, the ring oscillator's random bit, the chip's stepping, plain registers.
 */
import { Peripheral } from './peripheral.js';

/** Registers that only remember what was written. */
export class PlainRegisters extends Peripheral {
  /**
   * @param {any} rp2040
   * @param {string} name
   * @param {Record<number, number>} [values] reset values by offset
   */
  constructor(rp2040, name, values = {}) {
    super(rp2040, name);
    this.values = new Map(Object.entries(values).map(([offset, value]) => [Number(offset), value]));
  }

  /** @param {number} offset */
  readUint32(offset) {
    return this.values.get(offset) ?? 0;
  }

  /**
   * @param {number} offset
   * @param {number} value
   */
  writeUint32(offset, value) {
    this.values.set(offset, value >>> 0);
  }
}

const SYSINFO_CHIP_ID = 0x00;
const SYSINFO_PLATFORM = 0x04;

/** SYSINFO (2.21) of a B2 stepping. B0 and B1, which rp2040js is, make TinyUSB borrow GPIO 15 as a work-around. */
export function sysInfo(/** @type {any} */ rp2040) {
  return new PlainRegisters(rp2040, 'SYSINFO', { [SYSINFO_CHIP_ID]: 0x20002927, [SYSINFO_PLATFORM]: 2 });
}

const CHIP_RESET = 0x08;
/** VREG_AND_CHIP_RESET (2.10.6). HAD_POR survives a watchdog reset, which is not one of the whole chip. */
export function chipReset(/** @type {any} */ rp2040) {
  return new PlainRegisters(rp2040, 'VREG_AND_CHIP_RESET', { 0: 0x10b1, 4: 0x91, [CHIP_RESET]: 1 << 8 });
}

const ROSC_STATUS = 0x18;
const ROSC_RANDOMBIT = 0x1c;
const ROSC_STABLE = (1 << 31) | (1 << 12);

/** The ring oscillator (2.17): always running, its random bit drawn from the board's seed. */
export class RingOscillator extends PlainRegisters {
  /**
   * @param {any} rp2040
   * @param {() => number} random 0 up to 1
   */
  constructor(rp2040, random) {
    super(rp2040, 'ROSC', { 0: 0xaa0, 0x10: 16 });
    this.random = random;
  }

  /** @param {number} offset */
  readUint32(offset) {
    if (offset === ROSC_STATUS) return ROSC_STABLE >>> 0;
    if (offset === ROSC_RANDOMBIT) return this.random() < 0.5 ? 0 : 1;
    return super.readUint32(offset);
  }
}

const XOSC_CTRL = 0x00;
const XOSC_STATUS = 0x04;
const XOSC_STARTUP = 0x0c;
const XOSC_HZ = 12e6;

/** The crystal (2.16): stable STARTUP.DELAY * 256 periods after it was switched on. */
export class Crystal extends PlainRegisters {
  /** @param {any} rp2040 */
  constructor(rp2040) {
    super(rp2040, 'XOSC', { [XOSC_STARTUP]: 0xc4 });
    this.stableAt = Infinity;
  }

  /** @param {number} offset */
  readUint32(offset) {
    if (offset !== XOSC_STATUS) return super.readUint32(offset);
    const on = this.stableAt !== Infinity;
    return ((on && this.rp2040.clock.nanos >= this.stableAt ? 1 << 31 : 0) | (on ? 1 << 12 : 0)) >>> 0;
  }

  /**
   * @param {number} offset
   * @param {number} value
   */
  writeUint32(offset, value) {
    super.writeUint32(offset, value);
    if (offset !== XOSC_CTRL) return;
    const enable = (value >>> 12) & 0xfff;
    if (enable === 0xfab && this.stableAt === Infinity) {
      const delay = (this.values.get(XOSC_STARTUP) ?? 0) & 0x3fff;
      this.stableAt = this.rp2040.clock.nanos + (delay * 256 * 1e9) / XOSC_HZ;
    } else if (enable === 0xd1e) this.stableAt = Infinity;
  }
}

const RESET = 0x00;
const WDSEL = 0x04;
const RESET_DONE = 0x08;
const ALL = 0x1ffffff;

/** RESETS (2.14): holding a block in reset puts its registers back. */
export class Resets extends Peripheral {
  /**
   * @param {any} rp2040
   * @param {Record<number, () => void>} blocks what each bit resets
   */
  constructor(rp2040, blocks) {
    super(rp2040, 'RESETS');
    this.blocks = Object.entries(blocks).map(([bit, reset]) => ({ mask: 1 << Number(bit), reset }));
    this.held = ALL;
    this.watchdogSelect = 0;
  }

  /** @param {number} offset */
  readUint32(offset) {
    if (offset === RESET) return this.held;
    if (offset === WDSEL) return this.watchdogSelect;
    if (offset === RESET_DONE) return ~this.held & ALL;
    return super.readUint32(offset);
  }

  /**
   * @param {number} offset
   * @param {number} value
   */
  writeUint32(offset, value) {
    if (offset === WDSEL) {
      this.watchdogSelect = value & ALL;
      return;
    }
    if (offset !== RESET) return super.writeUint32(offset, value);
    const fresh = value & ~this.held;
    this.held = value & ALL;
    for (const { mask, reset } of this.blocks) if (fresh & mask) reset();
  }
}
