/** What rp2040js's SIO has wrong or lacks: whole-number division, and the mailbox to a processor that is not there. */

const FIFO_ST = 0x50;
const FIFO_WR = 0x54;
const FIFO_RD = 0x58;
/** Room to write, nothing to read: the other processor takes everything and never answers. */
const FIFO_READY = 1 << 1;

/** @param {any} rp2040 */
export function repairSio(rp2040) {
  const { sio } = rp2040;
  sio.updateHardwareDivider = divide;
  const read = sio.readUint32.bind(sio);
  const write = sio.writeUint32.bind(sio);
  sio.readUint32 = (/** @type {number} */ offset) => {
    if (offset === FIFO_ST) return FIFO_READY;
    return offset === FIFO_RD ? 0 : read(offset);
  };
  sio.writeUint32 = (/** @type {number} */ offset, /** @type {number} */ value) => {
    if (offset === FIFO_ST) return;
    if (offset === FIFO_WR)
      rp2040.logger.warn('SIO', 'the second processor is called, but there is only one');
    else write(offset, value);
  };
}

/**
 * The divider (datasheet 2.3.1.5); the 8 cycles that rp2040js added to the processor's count are the firmware's
 * own, which waits for the result.
 * @this {any}
 * @param {boolean} signed
 */
function divide(signed) {
  const dividend = signed ? this.divDividend | 0 : this.divDividend >>> 0;
  const divisor = signed ? this.divDivisor | 0 : this.divDivisor >>> 0;
  if (divisor === 0) {
    this.divQuotient = signed && dividend < 0 ? 1 : 0xffffffff;
    this.divRemainder = dividend >>> 0;
  } else {
    this.divQuotient = Math.trunc(dividend / divisor) >>> 0;
    this.divRemainder = dividend % divisor >>> 0;
  }
  this.divCSR = 0b11;
}
