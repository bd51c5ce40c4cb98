/**
 * The computer at the other end of the USB cable: enumerates as an operating system does, then runs a terminal on
 * the CDC function and a MIDI port on the MIDI function, both found by their descriptors.
 *
 * It always reads what the device sends, and offers OUT data only when it has some. When the device drops its
 * pull-up (a reset, a USB re-configuration) or the cable is pulled, everything that was on its way is lost. While the
 * computer sleeps, it waits. Nothing that a device does wakes the computer.
 */
import { Alarm } from './clock.js';
import { UsbBus } from './usb_bus.js';
import { controlTransfer } from './usb_control.js';
import { findFunctions, isMidiOnly, parseInterfaces, stringOf } from './usb_descriptors.js';
import { consume, eachPacket, packet } from './usb_queue.js';

/** USB 2.0, 7.1.7: debounce after attach, reset by a root port, recovery after reset and after SET_ADDRESS. */
const DEBOUNCE_NANOS = 100e6;
const RESET_NANOS = 10e6;
const RESET_RECOVERY_NANOS = 10e6;
const ADDRESS_RECOVERY_NANOS = 2e6;
/** A bus without traffic counts as suspended (7.1.7.6). */
const SUSPEND_NANOS = 3e6;
/** A computer that wakes drives "resume" for 20 ms and then lets the device have 10 ms (7.1.7.7). */
const RESUME_NANOS = 20e6;
const RESUME_RECOVERY_NANOS = 10e6;
/** A control transfer must be over by then (9.2.6.4 allows 5 s; nothing here takes that long), or all starts anew. */
const CONTROL_TIMEOUT_NANOS = 500e6;
const ATTEMPTS = 3;

const GET_DESCRIPTOR = 6;
const SET_ADDRESS = 5;
const SET_CONFIGURATION = 9;
const CDC_SET_LINE_CODING = 0x20;
const CDC_SET_CONTROL_LINE_STATE = 0x22;
const DEVICE = 1;
const CONFIGURATION = 2;
const STRING = 3;
const LINE_DTR_AND_RTS = 3;
/** 115 200 baud, one stop bit, no parity, eight bits: what terminals ask for; a USB device has no use for it. */
const LINE_CODING = Uint8Array.of(0x00, 0xc2, 0x01, 0x00, 0, 0, 8);

/** @typedef {import('./usb_control.js').Control} Control */

/**
 * @typedef {object} UsbHostOptions
 * @property {boolean} [refuseComposite] a picky hardware host: a device that has an interface other than Audio Control
 *   and MIDI Streaming is looked at, and never configured
 */

export class UsbHost {
  /** What is on its way to the device: bytes for the console, packets for MIDI, oldest first. */
  /** @type {Uint8Array[]} */
  console = [];
  /** @type {Uint8Array[]} */
  midi = [];
  /** What the descriptors said; `strings` by what they name. */
  description = { vendor: 0, product: 0, strings: /** @type {Record<string, string>} */ ({}) };
  /** @type {import('./usb_descriptors.js').Functions | null} */
  functions = null;

  /**
   * @param {import('./clock.js').Clock} clock
   * @param {object} events
   * @param {(bytes: Uint8Array) => void} events.onConsole
   * @param {(packet: number) => void} events.onMidiIn a packet from the device
   * @param {(packet: number) => void} events.onMidiOut a packet that the device has accepted
   * @param {() => void} events.onDetach
   * @param {UsbHostOptions} [options]
   */
  constructor(clock, events, options = {}) {
    for (const [name, value] of Object.entries(options)) {
      if (name !== 'refuseComposite' || typeof value !== 'boolean')
        throw new RangeError(
          `A USB host can be told {"refuseComposite": true or false}, not ${JSON.stringify({ [name]: value })}`,
        );
    }
    this.clock = clock;
    this.events = events;
    this.refuseComposite = options.refuseComposite ?? false;
    this.bus = new UsbBus(clock);
    this.cable = true;
    /** Whether the computer sleeps. */
    this.asleep = false;
    /** @type {import('./usb_device.js').UsbDevice | null} */
    this.device = null;
    /** @type {'detached' | 'attached' | 'configured' | 'refused'} */
    this.state = 'detached';
    this.stepAlarm = new Alarm(clock, () => this.step());
    this.idleAlarm = new Alarm(clock, () => this.device?.suspend());
    this.step = () => {};
    this.attempts = 0;
  }

  forget() {
    this.console = [];
    this.midi = [];
    this.description = { vendor: 0, product: 0, strings: {} };
    this.functions = null;
  }

  /** @param {boolean} connected */
  plug(connected) {
    this.cable = connected;
    this.update();
  }

  /** The chip has begun a new life, or has lost its supply. @param {import('./usb_device.js').UsbDevice | null} device */
  attachTo(device) {
    this.device = null;
    this.update();
    this.device = device;
    if (!device) return;
    device.onPullUp = () => this.update();
    device.onArmed = () => {
      if (this.bus.device) this.bus.poke();
    };
    device.frameNumber = () => this.bus.frame;
    device.nextFrame = () => (this.bus.device ? this.bus.nextFrame : Infinity);
    this.update();
  }

  update() {
    const pulled = this.device?.pullUp ?? false;
    const present = this.cable && pulled;
    if (present === (this.state !== 'detached')) {
      if (!pulled) this.idleAlarm.cancel();
      else if (!present && !this.idleAlarm.scheduled) this.idleAlarm.schedule(SUSPEND_NANOS);
      return;
    }
    this.bus.stop();
    this.bus.pause();
    this.stepAlarm.cancel();
    if (pulled) this.idleAlarm.schedule(SUSPEND_NANOS);
    else this.idleAlarm.cancel();
    if (present) {
      this.state = 'attached';
      this.attempts = 0;
      if (!this.asleep) this.after(DEBOUNCE_NANOS, () => this.reset());
    } else {
      this.state = 'detached';
      this.forget();
      this.events.onDetach();
    }
  }

  /** @param {boolean} asleep the computer stops its frames, and with them everything else; or it wakes */
  suspend(asleep) {
    if (asleep === this.asleep) return;
    this.asleep = asleep;
    const { device } = this;
    if (this.state === 'detached' || !device) return;
    this.stepAlarm.cancel();
    if (asleep) {
      if (this.state === 'attached') this.bus.stop(); // it has not got far: all anew when the computer wakes
      this.bus.pause();
      device.scheduleFrame();
      if (!this.idleAlarm.scheduled) this.idleAlarm.schedule(SUSPEND_NANOS);
      return;
    }
    this.idleAlarm.cancel();
    if (this.state === 'attached') {
      this.attempts = 0;
      return this.after(DEBOUNCE_NANOS, () => this.reset());
    }
    device.resume();
    this.after(RESUME_NANOS + RESUME_RECOVERY_NANOS, () => {
      this.bus.resume(device);
      device.scheduleFrame();
    });
  }

  /**
   * @param {number} nanos
   * @param {() => void} step
   */
  after(nanos, step) {
    this.step = step;
    this.stepAlarm.schedule(nanos);
  }

  reset() {
    if (this.attempts++ === ATTEMPTS) return; // as a computer does: "unrecognised device"
    const device = /** @type {import('./usb_device.js').UsbDevice} */ (this.device);
    this.idleAlarm.cancel();
    this.bus.stop();
    device.busReset();
    this.after(RESET_NANOS, () => {
      this.bus.begin(device);
      device.connected();
      this.after(RESET_RECOVERY_NANOS, () => this.run(this.enumerate()));
    });
  }

  /** Drives a script of control transfers. @param {Generator<Control | number, void, Uint8Array | null>} script */
  run(script) {
    const advance = (/** @type {Uint8Array | null} */ answer) => {
      this.stepAlarm.cancel();
      const { value, done } = script.next(answer);
      if (done || value === undefined) return;
      if (typeof value === 'number') return this.after(value, () => advance(null));
      this.after(CONTROL_TIMEOUT_NANOS, () => this.reset());
      controlTransfer(this.bus, value, advance);
    };
    advance(null);
  }

  /** @returns {Generator<Control | number, void, Uint8Array | null>} */
  *enumerate() {
    const describe = (
      /** @type {number} */ kind,
      /** @type {number} */ which,
      /** @type {number} */ length,
      language = 0,
    ) => ({
      type: 0x80,
      request: GET_DESCRIPTOR,
      value: (kind << 8) | which,
      index: language,
      length,
    });
    if (!(yield describe(DEVICE, 0, 8))) return this.reset();
    yield { type: 0, request: SET_ADDRESS, value: 1, index: 0, length: 0 };
    yield ADDRESS_RECOVERY_NANOS;
    const device = yield describe(DEVICE, 0, 18);
    const head = yield describe(CONFIGURATION, 0, 9);
    if (!device || !head) return this.reset();
    const whole = yield describe(CONFIGURATION, 0, head[2] | (head[3] << 8));
    if (!whole) return this.reset();
    const interfaces = parseInterfaces(whole);
    this.description.vendor = device[8] | (device[9] << 8);
    this.description.product = device[10] | (device[11] << 8);
    /** @type {[string, number][]} */
    const names = [
      ['manufacturer', device[14]],
      ['product', device[15]],
      ['serial', device[16]],
      ...interfaces.map((i) => /** @type {[string, number]} */ ([`interface ${i.number}`, i.name])),
    ];
    const languages = yield describe(STRING, 0, 255);
    const language = languages && languages.length >= 4 ? languages[2] | (languages[3] << 8) : 0x0409;
    for (const [name, index] of names) {
      if (!index) continue;
      const text = yield describe(STRING, index, 255, language);
      if (text) this.description.strings[name] = stringOf(text);
    }
    if (this.refuseComposite && !isMidiOnly(interfaces)) {
      this.state = 'refused';
      return;
    }
    if (!(yield { type: 0, request: SET_CONFIGURATION, value: whole[5], index: 0, length: 0 }))
      return this.reset();
    this.functions = findFunctions(interfaces);
    const { cdcControl } = this.functions;
    if (cdcControl !== null) {
      const to = { type: 0x21, index: cdcControl };
      yield { ...to, request: CDC_SET_LINE_CODING, value: 0, length: LINE_CODING.length, data: LINE_CODING };
      yield { ...to, request: CDC_SET_CONTROL_LINE_STATE, value: LINE_DTR_AND_RTS, length: 0 };
    }
    this.state = 'configured';
    this.attempts = 0;
    this.openPipes(this.functions);
  }

  /** @param {import('./usb_descriptors.js').Functions} functions */
  openPipes({ cdcIn, cdcOut, midiIn, midiOut }) {
    /** @param {import('./usb_descriptors.js').Endpoint | null} endpoint @param {Uint8Array[]} queue @param {(data: Uint8Array) => void} done */
    const open = (endpoint, queue, done) => {
      if (!endpoint) return;
      const { number, out, maxPacket } = endpoint;
      this.bus.pipes.push({
        endpoint: number,
        out: out ? 1 : 0,
        maxPacket,
        next: () => packet(queue, maxPacket),
        done: (data) => {
          if (!data) return;
          if (out) consume(queue, data.length);
          done(data);
        },
      });
    };
    open(cdcOut, this.console, () => {});
    open(cdcIn, this.console, (data) => this.events.onConsole(data));
    open(midiOut, this.midi, (data) => eachPacket(data, this.events.onMidiOut));
    open(midiIn, this.midi, (data) => eachPacket(data, this.events.onMidiIn));
    this.bus.poke();
  }

  /** Bytes for the CDC function; they wait until it is there. @param {Uint8Array} bytes */
  type(bytes) {
    this.console.push(bytes);
    this.bus.poke();
  }

  /** MIDI event packets of four bytes each. @param {Uint8Array} packets */
  sendMidi(packets) {
    this.midi.push(packets);
    this.bus.poke();
  }
}
