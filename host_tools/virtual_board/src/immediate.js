/**
 * The requests that take no time: a hand on a knob, a key, a plug or a switch, now or at a given moment.
 *
 * Each first takes its arguments, refusing what is wrong with them, and gives back the deed itself. A whole schedule
 * can so be judged when it is asked for, and none of it is on its way if a part of it is wrong.
 */
import { channelOf, flagOf, momentOf, nearest, numberOf, refuse, wholeOf, wordOf } from './arguments.js';
import { BoardError } from './errors.js';

/** @typedef {import('./machine.js').Machine} Machine */
/** @typedef {Record<string, any>} Request */
/** @typedef {() => void} Deed */

/** @type {Record<string, (machine: Machine, request: Request) => Deed>} */
export const IMMEDIATE = {
  power(machine, request) {
    const on = flagOf(request, 'on');
    return () => machine.setSwitch(on);
  },

  usb(machine, request) {
    const connected = flagOf(request, 'connected');
    return () => machine.setUsbCable(connected);
  },

  usb_suspend(machine, request) {
    const on = flagOf(request, 'on');
    return () => machine.usb.suspend(on);
  },

  knob(machine, request) {
    const channel = channelOf(machine, request.channel);
    const fraction = numberOf(request, 'fraction', 0, 1);
    return () => machine.chips.setKnob(channel, fraction);
  },

  knob_many(machine, request) {
    const { values } = request;
    if (!Array.isArray(values) || !values.every((value) => Array.isArray(value) && value.length === 2))
      refuse('values must be a list of [channel, fraction].');
    const turned = values.map(([channel, fraction]) => ({
      channel: channelOf(machine, channel),
      fraction: numberOf({ fraction }, 'fraction', 0, 1),
    }));
    return () => {
      for (const { channel, fraction } of turned) machine.chips.setKnob(channel, fraction);
    };
  },

  key(machine, request) {
    const key = wholeOf(request, 'key', 0, machine.board.KEY_COUNT - 1);
    const down = flagOf(request, 'down');
    return () => machine.chips.setKey(key, down);
  },

  jack(machine, request) {
    const volts = request.volts === null ? null : numberOf(request, 'volts', -100, 100);
    const name = wordOf(request, 'name', machine.chips.jacks.names);
    return () => {
      machine.chips.setJack(name, volts);
      machine.pins.jacksChanged();
    };
  },

  edges(machine, request) {
    const pin = comparatorOf(request);
    const hz = numberOf(request, 'hz', 0, 1e6);
    return () => machine.pins.setEdges(pin, hz);
  },
};

const NAMES = Object.freeze(Object.keys(IMMEDIATE));

/** @param {Request} request @returns {'tune' | 'f_v'} */
export function comparatorOf(request) {
  return /** @type {'tune' | 'f_v'} */ (wordOf(request, 'pin', ['tune', 'f_v']));
}

/**
 * All of a schedule, judged before any of it is kept.
 * @param {Machine} machine
 * @param {unknown} requests
 * @returns {{at: number, item: Deed}[]}
 */
export function scheduleOf(machine, requests) {
  if (!Array.isArray(requests)) refuse('requests must be a list of [at_ns, request].');
  return requests.map((entry, place) => {
    try {
      return deedOf(machine, entry);
    } catch (error) {
      if (!(error instanceof BoardError)) throw error;
      throw new BoardError('bad-request', `requests[${place}]: ${error.message}`);
    }
  });
}

/** @param {Machine} machine @param {unknown} entry */
function deedOf(machine, entry) {
  if (!Array.isArray(entry) || entry.length !== 2 || !entry[1] || typeof entry[1] !== 'object')
    refuse('it must be [at_ns, request].');
  const [at, request] = entry;
  const name = String(request.do);
  if (!Object.hasOwn(IMMEDIATE, name))
    refuse(`"${name}" cannot be scheduled; did you mean "${nearest(name, NAMES)}"?`);
  return { at: momentOf(machine, at, 'at_ns'), item: IMMEDIATE[name](machine, request) };
}

/**
 * @param {Machine} machine
 * @param {unknown} times
 * @returns {Float64Array}
 */
export function edgeTimesOf(machine, times) {
  if (!Array.isArray(times)) refuse('times_ns must be a list of times.');
  times.forEach((time, place) => {
    momentOf(machine, time, `times_ns[${place}]`);
    if (place && time <= times[place - 1])
      refuse(`times_ns must ascend, and times_ns[${place}] does not come after the one before it.`);
  });
  return Float64Array.from(times);
}
