/** The registers of the GPIO pads: function, overrides, status and interrupts (datasheet 2.19.6.1). */
import { Peripheral } from './peripheral.js';

const LAST_CTRL = 0xec;
const INTR0 = 0xf0;
const PROC0_INTE0 = 0x100;
const PROC0_INTF0 = 0x110;
const PROC0_INTS0 = 0x120;
const LAST = 0x18c;

/** IO_BANK0's registers. Only processor 0's interrupts exist: there is only one processor. */
export class IoBank0 extends Peripheral {
  /**
   * @param {any} rp2040
   * @param {import('./gpio.js').GpioBank} bank
   */
  constructor(rp2040, bank) {
    super(rp2040, 'IO_BANK0');
    this.bank = bank;
  }

  /** @param {number} offset */
  readUint32(offset) {
    if (offset <= LAST_CTRL) {
      const pad = this.bank.pads[offset >>> 3];
      return offset & 4 ? pad.ctrl : pad.status;
    }
    if (offset > LAST) return super.readUint32(offset);
    const first = ((offset >>> 2) & 3) * 8;
    let value = 0;
    for (let i = 7; i >= 0; i--) {
      const pad = this.bank.pads[first + i];
      if (!pad) continue;
      let nibble = 0;
      switch (offset & ~15) {
        case INTR0:
          nibble = pad.irqStatus;
          break;
        case PROC0_INTE0:
          nibble = pad.irqEnableMask;
          break;
        case PROC0_INTF0:
          nibble = pad.irqForceMask;
          break;
        case PROC0_INTS0:
          nibble = (pad.irqStatus & pad.irqEnableMask) | pad.irqForceMask;
      }
      value |= nibble << (4 * i);
    }
    return value >>> 0;
  }

  /**
   * @param {number} offset
   * @param {number} value
   */
  writeUint32(offset, value) {
    if (offset <= LAST_CTRL) {
      const pad = this.bank.pads[offset >>> 3];
      if (!(offset & 4)) return;
      pad.ctrl = value;
      pad.checkForUpdates();
      this.bank.updateInterrupt(pad);
      return;
    }
    const first = ((offset >>> 2) & 3) * 8;
    if ((offset & ~15) === INTR0) return this.acknowledge(first);
    for (let i = 0; i < 8; i++) {
      const pad = this.bank.pads[first + i];
      if (!pad) continue;
      const nibble = (value >>> (4 * i)) & 15;
      switch (offset & ~15) {
        case PROC0_INTE0:
          pad.irqEnableMask = nibble;
          break;
        case PROC0_INTF0:
          pad.irqForceMask = nibble;
          break;
        default:
          return;
      }
      this.bank.updateInterrupt(pad);
    }
  }

  /**
   * An edge is cleared by writing its one; through the alias too, hence the raw value.
   * @param {number} first of the eight pins of this register
   */
  acknowledge(first) {
    for (let edges = this.rawWriteValue, i = 0; edges; edges >>>= 4, i++) {
      if (!(edges & 15)) continue;
      const pad = this.bank.pads[first + i];
      pad.edges &= ~(edges & 15);
      this.bank.updateInterrupt(pad);
    }
  }

  reset() {
    for (const pad of this.bank.pads) pad.reset();
  }
}
