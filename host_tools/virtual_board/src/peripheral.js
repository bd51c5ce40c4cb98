/** What every block on the bus has: 32-bit registers, and the aliases that set, clear or flip bits (2.1.2). */

const XOR = 1;
const SET = 2;

export class Peripheral {
  /**
   * @param {any} rp2040 the chip; `any`, since rp2040js's types know none of the blocks that replace its own
   * @param {string} name
   */
  constructor(rp2040, name) {
    this.rp2040 = rp2040;
    this.name = name;
    /** What was really written, whichever alias it went through: a one clears a write-to-clear bit by each. */
    this.rawWriteValue = 0;
  }

  /** @param {number} offset @returns {number} */
  readUint32(offset) {
    this.warn(`read of register ${offset.toString(16)}`);
    return 0;
  }

  /**
   * @param {number} offset
   * @param {number} value
   * @returns {void}
   */
  writeUint32(offset, value) {
    this.warn(`write of ${value.toString(16)} to register ${offset.toString(16)}`);
  }

  /**
   * @param {number} offset
   * @param {number} value
   * @param {number} alias 0 = plain, 1 = flip, 2 = set, 3 = clear
   */
  writeUint32Atomic(offset, value, alias) {
    this.rawWriteValue = value;
    if (alias !== 0) {
      const old = this.readUint32(offset);
      value = (alias === XOR ? old ^ value : alias === SET ? old | value : old & ~value) >>> 0;
    }
    this.writeUint32(offset, value);
  }

  /** @param {string} sentence */
  warn(sentence) {
    this.rp2040.logger.warn(this.name, sentence);
  }
}
