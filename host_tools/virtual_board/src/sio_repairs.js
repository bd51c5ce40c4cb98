/** What rp2040js's SIO has wrong or lacks: whole-number division, and the mailbox to a processor that is not there. */

import { PERIPHERAL } from './rp2040_numbers.js';

const FIFO_ST = 0x50;
const FIFO_WR = 0x54;
const FIFO_RD = 0x58;
/** Room to write: the other processor takes everything. */
const FIFO_READY = 1 << 1;
/** Something to read. */
const FIFO_VALID = 1 << 0;
const PSM_FRCE_OFF = 0x04;
const PSM_PROC1 = 1 << 16;

/** @param {any} rp2040 */
export function repairSio(rp2040) {
  const { sio } = rp2040;
  sio.updateHardwareDivider = divide;
  const read = sio.readUint32.bind(sio);
  const write = sio.writeUint32.bind(sio);
  // The second processor says one thing in its life: coming out of reset it drains its mailbox and sends a 0
  // (datasheet 2.8.2). MicroPython's soft reset puts it through a reset and waits for that.
  let woken = false;
  const psm = rp2040.peripherals[PERIPHERAL.PSM];
  const writePsm = psm.writeUint32.bind(psm);
  psm.writeUint32 = (/** @type {number} */ offset, /** @type {number} */ value) => {
    const wasOff = psm.frceOff & PSM_PROC1;
    writePsm(offset, value);
    if (offset === PSM_FRCE_OFF && wasOff && !(value & PSM_PROC1)) woken = true;
  };
  sio.readUint32 = (/** @type {number} */ offset) => {
    if (offset === FIFO_ST) return FIFO_READY | (woken ? FIFO_VALID : 0);
    if (offset !== FIFO_RD) return read(offset);
    woken = false;
    return 0;
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
