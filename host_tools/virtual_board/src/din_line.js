/**
 * The current loop that enters DIN MIDI IN: bytes at 31 250 baud, back to back, and what can go wrong on it.
 *
 * A byte's ten bits take 320 us; the UART gets it, whole, at the end of its stop bit.
 */
import { BREAK, FRAMING } from './uart_registers.js';
import { Schedule } from './schedule.js';

const BITS = 10;

/** @typedef {{at: number, bytes: Uint8Array | number[]}} Message */
/** @typedef {{byte: number, errors: number}} Character */

export class DinLine {
  /**
   * @param {import('./clock.js').Clock} clock
   * @param {number} baud
   * @param {(byte: number, errors: number, bitNanos: number) => void} deliver at the end of each stop bit
   */
  constructor(clock, baud, deliver) {
    this.clock = clock;
    this.bitNanos = 1e9 / baud;
    /** When the line has carried all that it has been given. */
    this.freeAt = 0;
    /** @type {Schedule<Character>} */
    this.characters = new Schedule(clock, ({ byte, errors }) => deliver(byte, errors, this.bitNanos));
    /** Everything waits for its time here, so that what is given later but due earlier goes first. */
    /** @type {Schedule<{bytes: number[] | Uint8Array} | {fault: 'framing' | 'break', duration: number}>} */
    this.sendings = new Schedule(clock, (sending) => {
      if ('bytes' in sending) this.transmit(sending.bytes);
      else this.disturb(sending.fault, sending.duration);
    });
  }

  /** @param {Message[]} messages */
  send(messages) {
    this.sendings.add(
      messages.map(({ at, bytes }) => ({ at: Math.max(at, this.clock.nanos), item: { bytes } })),
    );
  }

  /**
   * @param {'framing' | 'break'} fault a byte whose stop bit is low, or a line held low (a failing sender)
   * @param {number} at
   * @param {number} duration of a break
   */
  fault(fault, at, duration) {
    this.sendings.add([{ at: Math.max(at, this.clock.nanos), item: { fault, duration } }]);
  }

  /** @param {number[] | Uint8Array} bytes whose turn has come; the line may still be busy with earlier ones */
  transmit(bytes) {
    let begin = Math.max(this.clock.nanos, this.freeAt);
    const added = [];
    for (const byte of bytes) {
      begin += BITS * this.bitNanos;
      added.push({ at: begin, item: { byte, errors: 0 } });
    }
    this.freeAt = begin;
    this.characters.add(added);
  }

  /**
   * @param {'framing' | 'break'} fault
   * @param {number} duration
   */
  disturb(fault, duration) {
    const begin = Math.max(this.clock.nanos, this.freeAt);
    const frame = BITS * this.bitNanos;
    this.freeAt = begin + (fault === 'break' ? Math.max(duration, frame) : frame + this.bitNanos);
    // A break is known as one when a whole frame has been low; it makes one entry however long it lasts.
    const errors = fault === 'break' ? BREAK | FRAMING : FRAMING;
    this.characters.add([{ at: begin + frame, item: { byte: 0, errors } }]);
  }
}
