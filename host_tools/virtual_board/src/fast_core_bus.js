/** @file The bus below FastCore: what each address holds, what an access costs, and which accesses fault. */
import { ExceptionCore } from './fast_core_exceptions.js';
import { readSystemControl, writeSystemControl } from './fast_core_scs.js';
import { hex } from './fast_core_state.js';
import { XIP_LINE_BITS, XipCache } from './xip_cache.js';

/** @typedef {import('rp2040js').RP2040} RP2040 */

export const ROM_BYTES = 0x4000;
export const FLASH_BASE = 0x10000000;
export const FLASH_BYTES = 0x1000000;
export const SRAM_BASE = 0x20000000;
export const SRAM_BYTES = 0x42000;
/** Where the heap that holds all three memories has the SRAM and the ROM; the flash is at 0. */
export const SRAM_AT = FLASH_BYTES;
export const ROM_AT = SRAM_AT + SRAM_BYTES;
const DPRAM_BASE = 0x50100000;
const DPRAM_BYTES = 0x1000;
const SCS_PAGE = 0xe000e;

const XIP_CTRL = 0x00;
const XIP_FLUSH = 0x04;
const XIP_STAT = 0x08;
const XIP_CTR_HIT = 0x0c;
const XIP_CTR_ACC = 0x10;

/**
 * Cycles that an access adds to the instruction's first, by the top four address bits, as rp2040js counts them: SIO is
 * on the single-cycle I/O port, APB bridges take 3 more to read and 4 to write, everything else is 1.
 */
const READ_CYCLES = [1, 1, 1, 1, 3, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1];
const WRITE_CYCLES = [1, 1, 1, 1, 4, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1];

/**
 * @param {number} word What the bus returned.
 * @param {number} address
 * @param {number} size
 * @returns {number} The bytes of it that were asked for.
 */
function narrow(word, address, size) {
  return size === 4
    ? word
    : size === 2
      ? (word >>> (8 * (address & 2))) & 0xffff
      : (word >>> (8 * (address & 3))) & 0xff;
}

/**
 * What a device sees of a narrow write: the RP2040's bus repeats the bytes over all lanes, and registers take the word.
 * @param {number} value
 * @param {number} size
 * @returns {number}
 */
function widen(value, size) {
  return (size === 4 ? value : size === 2 ? (value & 0xffff) * 0x10001 : (value & 0xff) * 0x1010101) >>> 0;
}

/** Adds the bus to the processor's state. Sizes are in bytes: 1, 2 or 4. */
export class BusCore extends ExceptionCore {
  /**
   * @param {RP2040} rp2040
   * @param {number} xipMissCycles
   */
  constructor(rp2040, xipMissCycles) {
    super(rp2040);
    this.xip = new XipCache(xipMissCycles);
    // One buffer for flash, SRAM and ROM, so that one array of constant address can fetch from all three.
    const heap = new ArrayBuffer(ROM_AT + ROM_BYTES);
    this.heap16 = new Uint16Array(heap);
    this.heap32 = new Int32Array(heap);
    this.flash8 = new Uint8Array(heap, 0, FLASH_BYTES);
    this.flash16 = new Uint16Array(heap, 0, FLASH_BYTES / 2);
    this.flash32 = new Int32Array(heap, 0, FLASH_BYTES / 4);
    this.sram8 = new Uint8Array(heap, SRAM_AT, SRAM_BYTES);
    this.sram16 = new Uint16Array(heap, SRAM_AT, SRAM_BYTES / 2);
    this.sram32 = new Int32Array(heap, SRAM_AT, SRAM_BYTES / 4);
    this.rom8 = new Uint8Array(heap, ROM_AT, ROM_BYTES);
    this.rom16 = new Uint16Array(heap, ROM_AT, ROM_BYTES / 2);
    this.rom32 = new Int32Array(heap, ROM_AT, ROM_BYTES / 4);
    /** Cycles of the last access beyond the instruction's first. */
    this.accessCycles = 0;
  }

  /**
   * Becomes the processor of a chip, whose memories now are this core's, with what they held.
   * @param {RP2040} rp2040
   */
  attach(rp2040) {
    this.rp2040 = rp2040;
    const { buffer } = this.heap16;
    Object.assign(/** @type {any} */ (rp2040), {
      core: this,
      flash: this.flash8,
      flash16: this.flash16,
      flashView: new DataView(buffer, 0, FLASH_BYTES),
      sram: this.sram8,
      sramView: new DataView(buffer, SRAM_AT, SRAM_BYTES),
      bootrom: new Uint32Array(buffer, ROM_AT, ROM_BYTES / 4),
    });
    this.interruptLines = 0;
    this.interruptNMIMask = 0;
    this.onSystemReset = null;
    this.flushXip();
    this.xip.counts.fill(0);
    this.reset();
  }

  /** Forgets the XIP cache's lines: the ROM's flash_flush_cache. */
  flushXip() {
    this.xip.flush();
  }

  /**
   * @param {number} address
   * @param {number} size
   * @returns {number} The bytes, zero-extended for 1 and 2, as an int32 for 4; sets `accessCycles`, may set `fault`.
   */
  read(address, size) {
    this.accessCycles = READ_CYCLES[address >>> 28];
    if (address & (size - 1)) {
      return this.busFault('unaligned read', address, size);
    }
    const offset = address & 0xffffff;
    switch (address >>> 24) {
      case 0x00:
        if (offset < ROM_BYTES) {
          return size === 4
            ? this.rom32[offset >> 2]
            : size === 2
              ? this.rom16[offset >> 1]
              : this.rom8[offset];
        }
        break;
      case 0x10:
      case 0x11:
      case 0x12:
      case 0x13:
        if (this.xip.missCycles) {
          this.accessCycles += this.xip.read((address >>> 24) & 3, offset >> XIP_LINE_BITS);
        }
        return size === 4
          ? this.flash32[offset >> 2]
          : size === 2
            ? this.flash16[offset >> 1]
            : this.flash8[offset];
      case 0x14:
        return this.readXipControl(offset);
      case 0x20:
        if (offset < SRAM_BYTES) {
          return size === 4
            ? this.sram32[offset >> 2]
            : size === 2
              ? this.sram16[offset >> 1]
              : this.sram8[offset];
        }
        break;
      case 0xd0:
        return narrow(this.rp2040.sio.readUint32(offset & ~3) | 0, address, size);
      case 0xe0:
        if (address >>> 12 === SCS_PAGE) {
          const value =
            readSystemControl(this, address & 0xffc) ?? this.rp2040.ppb.readUint32(address & 0xffc);
          return narrow(value | 0, address, size);
        }
        break;
      default: {
        if ((address - DPRAM_BASE) >>> 0 < DPRAM_BYTES) {
          const word = this.rp2040.usbDPRAMView.getInt32((address - DPRAM_BASE) & ~3, true);
          return narrow(word, address, size);
        }
        const peripheral = this.rp2040.findPeripheral(address >>> 0);
        if (peripheral) {
          return narrow(peripheral.readUint32(address & 0x3ffc) | 0, address, size);
        }
      }
    }
    return this.busFault('read from nowhere', address, size);
  }

  /**
   * @param {number} address
   * @param {number} size
   * @param {number} value Its low bytes are written. Sets `accessCycles`, may set `fault`.
   */
  write(address, size, value) {
    this.accessCycles = WRITE_CYCLES[address >>> 28];
    if (address & (size - 1)) {
      this.busFault('unaligned write', address, size);
      return;
    }
    const offset = address & 0xffffff;
    switch (address >>> 24) {
      case 0x00:
        if (offset < ROM_BYTES) {
          return; // no effect and no fault (RP2040 datasheet, "ROM")
        }
        break;
      case 0x10:
        this.xip.drop(offset >> XIP_LINE_BITS);
        return;
      case 0x14:
        this.writeXipControl(offset, value);
        return;
      case 0x20:
        if (offset < SRAM_BYTES) {
          this.writeBytes(this.sram8, offset, size, value);
          return;
        }
        break;
      case 0xd0:
        this.rp2040.sio.writeUint32(offset & ~3, widen(value, size));
        return;
      case 0xe0:
        if (address >>> 12 === SCS_PAGE) {
          if (!writeSystemControl(this, address & 0xffc, widen(value, size))) {
            this.rp2040.ppb.writeUint32(address & 0xffc, widen(value, size));
          }
          return;
        }
        break;
      default: {
        if ((address - DPRAM_BASE) >>> 0 < DPRAM_BYTES) {
          this.writeDpram(address - DPRAM_BASE, size, value);
          return;
        }
        const peripheral = this.rp2040.findPeripheral(address >>> 0);
        if (peripheral) {
          peripheral.writeUint32Atomic(address & 0xffc, widen(value, size), (address >> 12) & 3);
          return;
        }
      }
    }
    this.busFault('write to nowhere', address, size);
  }

  /** @param {number} offset @param {number} size @param {number} value */
  writeDpram(offset, size, value) {
    const { usbDPRAM, usbDPRAMView, usbCtrl } = this.rp2040;
    this.writeBytes(usbDPRAM, offset, size, value);
    usbCtrl.DPRAMUpdated(offset & ~3, usbDPRAMView.getUint32(offset & ~3, true));
  }

  /** @param {Uint8Array} bytes @param {number} offset @param {number} size @param {number} value */
  writeBytes(bytes, offset, size, value) {
    for (let byte = 0; byte < size; byte++) {
      bytes[offset + byte] = value >>> (8 * byte);
    }
  }

  /** @param {number} offset @returns {number} */
  readXipControl(offset) {
    switch (offset & 0xfff) {
      case XIP_CTRL:
        return (this.xip.enabled ? 1 : 0) | 2;
      case XIP_STAT:
        return 3; // FLUSH_READY (a flush here takes no time), FIFO_EMPTY
      case XIP_CTR_HIT:
        return Math.min(this.xip.hits, 0xffffffff) | 0;
      case XIP_CTR_ACC:
        return Math.min(this.xip.hits + this.xip.misses, 0xffffffff) | 0;
    }
    return 0;
  }

  /** @param {number} offset @param {number} value */
  writeXipControl(offset, value) {
    switch (offset & 0xfff) {
      case XIP_CTRL:
        this.xip.enabled = (value & 1) !== 0;
        break;
      case XIP_FLUSH:
        this.flushXip();
        break;
      case XIP_CTR_HIT:
        this.xip.counts[0] = 0;
        break;
      case XIP_CTR_ACC:
        this.xip.counts.fill(0);
        break;
    }
  }

  /**
   * @param {string} what
   * @param {number} address
   * @param {number} size
   * @returns {number} What the abandoned load reads.
   */
  busFault(what, address, size) {
    this.raise(`${what}: ${8 * size} bits at ${hex(address)}`, this.here);
    return 0;
  }

  /** @override @param {number} address @returns {number} */
  readWord(address) {
    return this.read(address | 0, 4);
  }

  /** @override @param {number} address @param {number} value */
  writeWord(address, value) {
    this.write(address | 0, 4, value);
  }

  // The same accesses under rp2040js's names, for debuggers and tests.
  /** @param {number} address @returns {number} */
  readUint32(address) {
    return this.rp2040.readUint32(address);
  }
  /** @param {number} address @returns {number} */
  readUint16(address) {
    return this.rp2040.readUint16(address);
  }
  /** @param {number} address @returns {number} */
  readUint8(address) {
    return this.rp2040.readUint8(address);
  }
}
