/**
 * A full-speed USB cable with one device: transactions one after the other, each as long as its bits.
 *
 * A real host polls; here it is told when an endpoint has something to say and then answers as if it had been
 * polling. Bit times at 12 Mbit/s (USB 2.0, 8.3-8.5): token 35, data 35 + 8 n, handshake 19, gaps 8 in all; bit
 * stuffing is left out. 64 bytes take 50.8 us, a MIDI event packet 10.8 us.
 */
import { Alarm } from './clock.js';

const BIT_NANOS = 1000 / 12;
const OVERHEAD_BITS = 35 + 35 + 19 + 8;
const SETUP_BITS = OVERHEAD_BITS + 64;
/** How late on average a host that polls without pause meets a buffer: half a NAKed token (35 + 19 + 8 bits). */
const POLL_NANOS = (62 / 2) * BIT_NANOS;
const FRAME_NANOS = 1e6;
const SOF_NANOS = 35 * BIT_NANOS;
/** No transaction starts that would run into the next frame; the last bits belong to the host (11.3.2). */
const END_OF_FRAME_NANOS = 42 * BIT_NANOS;

/** @typedef {{endpoint: number, out: number, maxPacket: number, next: () => Uint8Array | null, done: (data: Uint8Array | null) => void, halted?: boolean}} Pipe */

export class UsbBus {
  /** @param {import('./clock.js').Clock} clock */
  constructor(clock) {
    this.clock = clock;
    /** @type {import('./usb_device.js').UsbDevice | null} */
    this.device = null;
    /** @type {Pipe[]} endpoint 0 first */
    this.pipes = [];
    this.turn = 0;
    /** @type {Pipe | null} */
    this.current = null;
    /** @type {Uint8Array | null} */
    this.outgoing = null;
    this.alarm = new Alarm(clock, () => this.finish());
    this.firstFrame = 0;
    /** Since when no frames have been sent; Infinity while they are. */
    this.stillSince = Infinity;
    /** A setup packet that waits for the bus. @type {Uint8Array | null} */
    this.setupPacket = null;
    this.onSetupDone = () => {};
  }

  get nextFrame() {
    return this.firstFrame + (this.frame + 1) * FRAME_NANOS;
  }

  get frame() {
    const now = Math.min(this.clock.nanos, this.stillSince);
    return Math.floor((now - this.firstFrame) / FRAME_NANOS + 1e-9);
  }

  /** The host sends frames from now on. @param {import('./usb_device.js').UsbDevice} device */
  begin(device) {
    this.device = device;
    this.firstFrame = this.clock.nanos;
    this.stillSince = Infinity;
  }

  /** No frames and no transactions any more; one that was under way has not taken place. */
  pause() {
    this.alarm.cancel();
    this.current = this.outgoing = this.device = null;
    this.stillSince = Math.min(this.stillSince, this.clock.nanos);
  }

  /** The frames go on where they ended, and so do the pipes. @param {import('./usb_device.js').UsbDevice} device */
  resume(device) {
    this.device = device;
    if (this.stillSince !== Infinity) this.firstFrame = this.clock.nanos - this.frame * FRAME_NANOS;
    this.stillSince = Infinity;
    this.poke();
  }

  /** Ends everything. */
  stop() {
    this.alarm.cancel();
    this.current = this.setupPacket = null;
    this.pipes = [];
  }

  /** @param {Uint8Array} packet */
  setup(packet) {
    this.setupPacket = packet;
    this.poke();
  }

  /** Something may have become possible. */
  poke() {
    if (this.alarm.scheduled || !this.device) return;
    if (this.setupPacket) return this.occupy(SETUP_BITS * BIT_NANOS);
    for (let i = 0; i < this.pipes.length; i++) {
      const pipe = this.pipes[(this.turn + i) % this.pipes.length];
      const answer = this.device.answer(pipe.endpoint, pipe.out);
      if (answer === 'nak' || pipe.halted) continue;
      const data = pipe.out ? pipe.next() : null;
      if (pipe.out && !data) continue;
      this.current = pipe;
      this.outgoing = data;
      const length = data ? data.length : answer === 'stall' ? 0 : this.device.length(pipe.endpoint, 0);
      this.turn = (this.turn + i + 1) % this.pipes.length;
      return this.occupy(POLL_NANOS + (OVERHEAD_BITS + 8 * length) * BIT_NANOS);
    }
  }

  /** @param {number} duration */
  occupy(duration) {
    let start = this.clock.nanos;
    if (start + duration + END_OF_FRAME_NANOS > this.nextFrame) start = this.nextFrame + SOF_NANOS;
    this.alarm.scheduleAt(start + duration);
  }

  finish() {
    const { device, current } = this;
    if (!device) return;
    if (this.setupPacket && !current) {
      device.setup(this.setupPacket);
      this.setupPacket = null;
      this.onSetupDone();
    } else if (current) {
      const { outgoing } = this;
      this.current = this.outgoing = null;
      const answer = device.answer(current.endpoint, current.out);
      if (answer === 'stall') {
        current.halted = current.endpoint !== 0; // no driver here clears a halt
        current.done(null);
      } else if (answer === 'ready') {
        const sent = device.complete(current.endpoint, current.out, outgoing ?? undefined);
        current.done(outgoing ?? sent);
      }
    }
    this.poke();
  }
}
