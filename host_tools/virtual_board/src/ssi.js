/**
 * The serial interface to the flash (datasheet 4.10) as far as commands go by hand: status, JEDEC and unique id.
 *
 * Reading the flash through it goes by memory mapping and is not this file's business. The second boot stage asks
 * for the status registers, the SDK for the unique id, which MicroPython shows as machine.unique_id().
 */
import { PlainRegisters } from './system_blocks.js';

const SSIENR = 0x08;
const RXFLR = 0x24;
const SR = 0x28;
const DR0 = 0x60;
/** Transmitter empty and not full, receiver not empty: no caller waits for anything else. */
const SR_READY = (1 << 1) | (1 << 2) | (1 << 3);

const READ_STATUS_1 = 0x05;
const READ_STATUS_2 = 0x35;
const READ_UNIQUE_ID = 0x4b;
const READ_JEDEC_ID = 0x9f;
/** Quad Enable: already set, so that the second stage has nothing to program. */
const STATUS_2 = 0x02;
/** Winbond, SPI NOR, 2^21 bytes. */
const JEDEC = [0xef, 0x40, 0x15];

export class FlashSerialInterface extends PlainRegisters {
  /** The command under way, how many of its bytes have gone out, and what has come back but was not read yet. */
  command = -1;
  position = 0;
  /** @type {number[]} */
  replies = [];

  /**
   * @param {any} rp2040
   * @param {Uint8Array} uniqueId eight bytes
   * @param {() => boolean} heldSelected is chip select forced low by its pad?
   */
  constructor(rp2040, uniqueId, heldSelected) {
    super(rp2040, 'SSI');
    this.uniqueId = uniqueId;
    this.heldSelected = heldSelected;
  }

  endCommand() {
    this.command = -1;
    this.position = 0;
    this.replies = [];
  }

  /** What the flash sends while it gets the byte at `position`. @returns {number} */
  reply() {
    switch (this.command) {
      case READ_STATUS_1:
        return 0;
      case READ_STATUS_2:
        return STATUS_2;
      case READ_UNIQUE_ID:
        return this.uniqueId[this.position - 5] ?? 0;
      case READ_JEDEC_ID:
        return JEDEC[this.position - 1] ?? 0;
    }
    return 0;
  }

  /** @param {number} offset */
  readUint32(offset) {
    if (offset === SR) return SR_READY;
    if (offset === RXFLR) return this.replies.length;
    if (offset !== DR0) return super.readUint32(offset);
    const value = this.replies.shift() ?? 0;
    // The hardware lets go of chip select when it has nothing more to send.
    if (!this.replies.length && !this.heldSelected()) this.endCommand();
    return value;
  }

  /**
   * @param {number} offset
   * @param {number} value
   */
  writeUint32(offset, value) {
    if (offset === SSIENR) this.endCommand();
    if (offset !== DR0) return super.writeUint32(offset, value);
    if (this.position === 0) this.command = value & 0xff;
    this.replies.push(this.position === 0 ? 0 : this.reply());
    this.position++;
  }
}
