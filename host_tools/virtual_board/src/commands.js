/** What each request of the protocol does (PROTOCOL.md). */
import { BoardError } from './errors.js';
import { CAUSE_NAMES } from './machine.js';
import { KIND, KINDS_BY_NAME } from './recorder.js';
import { IRQ } from './rp2040_numbers.js';
import { bytesOf, flagOf, numberOf, packetsOf, textOf, timeOf, wordOf } from './arguments.js';
import { IMMEDIATE, comparatorOf, edgeTimesOf, scheduleOf } from './immediate.js';

/** The firmware's tick is the handler of DMA_IRQ_0: exception 16 + 11 (datasheet 2.3.2). */
const TICK_EXCEPTION = 16 + IRQ.DMA_0;

/** @typedef {import('./machine.js').Machine} Machine */
/** @typedef {Record<string, any>} Request */
/** @typedef {Record<string, unknown>} Answer */

/** What a command needs beside the board: time that passes in slices, and running freely. */
/**
 * @typedef {object} Runner
 * @property {(target: number) => Promise<void>} runUntil
 * @property {(on: boolean, speed: number) => void} freeRun
 */

/** @typedef {(machine: Machine, request: Request, runner: Runner) => Answer | void | Promise<Answer | void>} Command */

/** What takes effect in the instant it is asked for. @type {Record<string, Command>} */
const AT_ONCE = Object.fromEntries(
  Object.entries(IMMEDIATE).map(([name, prepare]) => [
    name,
    (machine, request) => prepare(machine, request)(),
  ]),
);

/** @type {Record<string, Command>} */
export const COMMANDS = {
  ...AT_ONCE,

  async advance(machine, request, runner) {
    const nanos = numberOf(request, 'ns', 0, Infinity);
    await runner.runUntil(machine.clock.now + nanos);
  },

  async advance_until(machine, request, runner) {
    const kind = kindOf(request.kind);
    const index = request.index === undefined ? null : numberOf(request, 'index', 0, 65535);
    const limit = numberOf(request, 'limit_ns', 0, Infinity);
    /** @type {{t_ns: number | null, value: number | null}} */
    const found = { t_ns: null, value: null };
    machine.recorder.watch = (seen, seenIndex, value) => {
      if (seen !== kind || (index !== null && seenIndex !== index) || found.t_ns !== null) return;
      found.t_ns = machine.clock.nanos;
      found.value = value;
      machine.stop();
    };
    try {
      await runner.runUntil(machine.clock.now + limit);
    } finally {
      machine.recorder.watch = null;
    }
    return found;
  },

  din(machine, request) {
    machine.din.send([{ at: timeOf(machine, request), bytes: bytesOf(request.bytes) }]);
  },

  din_many(machine, request) {
    machine.din.send(messagesOf(request, bytesOf));
  },

  din_fault(machine, request) {
    const kind = /** @type {'framing' | 'break'} */ (wordOf(request, 'kind', ['framing', 'break']));
    const duration = request.duration_ns === undefined ? 0 : numberOf(request, 'duration_ns', 0, Infinity);
    machine.din.fault(kind, timeOf(machine, request), duration);
  },

  usb_midi(machine, request) {
    machine.usbMidi.add([{ at: timeOf(machine, request), item: packetsOf(request.packets) }]);
  },

  usb_midi_many(machine, request) {
    machine.usbMidi.add(messagesOf(request, packetsOf).map(({ at, bytes }) => ({ at, item: bytes })));
  },

  schedule(machine, request) {
    machine.actions.add(scheduleOf(machine, request.requests));
  },

  edge_times(machine, request) {
    const pin = comparatorOf(request);
    machine.pins.setEdgeTimes(pin, edgeTimesOf(machine, request.times_ns));
  },

  terminal(machine, request) {
    machine.usb.type(Buffer.from(textOf(request, 'text'), 'utf8'));
  },

  state,

  timeline(machine, request) {
    const count = machine.recorder.write(textOf(request, 'path'));
    if (request.clear) machine.recorder.clear();
    return { count };
  },

  stats(machine) {
    const { nanosPerCycle } = machine.clock;
    return {
      simulated_ns: machine.clock.now,
      wall_ns: Number(machine.wallNanos),
      cycles: Math.round(machine.cycles),
      sleep_cycles: Math.round(machine.sleepNanos / nanosPerCycle),
      tick_cycles: machine.chip?.core.exceptionCycles[TICK_EXCEPTION] ?? 0,
      xip_misses: machine.chip?.core.xip.misses ?? 0,
      latches: machine.recorder.latches,
      visits: Array.from(machine.chips.mux.visits),
    };
  },

  free_run(machine, request, runner) {
    const speed =
      request.speed === undefined || request.speed === null ? 0 : numberOf(request, 'speed', 0, 1e6);
    runner.freeRun(flagOf(request, 'on'), speed);
  },

  quit(machine) {
    machine.flash.save();
  },
};

/** @param {unknown} kind a number or a name */
function kindOf(kind) {
  const number = typeof kind === 'string' ? KINDS_BY_NAME[kind] : kind;
  if (!Object.values(KIND).some((known) => known === number))
    throw new BoardError('bad-request', `There is no timeline record of kind ${JSON.stringify(kind)}.`);
  return number;
}

/**
 * @param {Request} request
 * @param {(value: unknown) => Uint8Array} bytes
 */
function messagesOf(request, bytes) {
  if (!Array.isArray(request.messages))
    throw new BoardError('bad-request', 'messages must be a list of [at_ns, bytes].');
  return request.messages.map((message) => {
    if (!Array.isArray(message) || !Number.isFinite(message[0]))
      throw new BoardError('bad-request', 'Each message must be [at_ns, bytes].');
    return { at: message[0], bytes: bytes(message[1]) };
  });
}

/** @param {Machine} machine @returns {Answer} */
function state(machine) {
  const { chips, recorder, usb, pins } = machine;
  /** @type {number[]} */
  const dinOut = [];
  /** @type {number[][]} */
  const usbMidiIn = [];
  recorder.forEach((kind, value) => {
    if (kind === KIND.DIN_OUT) dinOut.push(value);
    else if (kind === KIND.USB_MIDI_IN)
      usbMidiIn.push([value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24]);
  });
  return {
    power: chips.power.on,
    dac: Array.from(chips.dac.codes),
    dac_volts: Array.from(chips.dac.codes, (_, channel) => chips.dac.volts(channel)),
    ranges: Array.from(chips.dac.ranges),
    trigger: pins.trigger,
    mg_b: pins.mgB,
    leds: chips.leds,
    shift_out: chips.shift.outputs,
    tune_source: machine.board.TUNE_SOURCES[chips.tuneSource],
    reset_cause: CAUSE_NAMES[machine.resetCause],
    bootsel: machine.bootsel,
    console: machine.console.text,
    misuse: chips.misuses,
    gaps: machine.gaps,
    din_out: dinOut,
    usb_midi_in: usbMidiIn,
    usb: usb.state,
    usb_strings: usb.description.strings,
    usb_ids: [usb.description.vendor, usb.description.product],
  };
}
