/** Takes the arguments out of a request, or says in one sentence what is wrong with them. */
import { BoardError } from './errors.js';

/** @typedef {Record<string, any>} Request */

const ROUNDING_NANOS = 1;

/** @param {string} sentence @returns {never} */
export function refuse(sentence) {
  throw new BoardError('bad-request', sentence);
}

/** @param {Request} request @param {string} name */
export function flagOf(request, name) {
  const value = request[name];
  if (typeof value !== 'boolean') refuse(`${name} must be true or false, not ${JSON.stringify(value)}.`);
  return value;
}

/** @param {Request} request @param {string} name @param {number} low @param {number} high */
export function numberOf(request, name, low, high) {
  const value = request[name];
  if (typeof value !== 'number' || !Number.isFinite(value) || value < low || value > high) {
    const bounds = high === Infinity ? `at least ${low}` : `from ${low} to ${high}`;
    refuse(`${name} must be a number ${bounds}, not ${JSON.stringify(value)}.`);
  }
  return value;
}

/** @param {Request} request @param {string} name @param {number} low @param {number} high */
export function wholeOf(request, name, low, high) {
  const value = request[name];
  if (!Number.isInteger(value) || value < low || value > high)
    refuse(`${name} must be a whole number from ${low} to ${high}, not ${JSON.stringify(value)}.`);
  return value;
}

/** @param {Request} request @param {string} name */
export function textOf(request, name) {
  const value = request[name];
  if (typeof value !== 'string') refuse(`${name} must be text, not ${JSON.stringify(value)}.`);
  return value;
}

/** @param {Request} request @param {string} name @param {readonly string[]} words */
export function wordOf(request, name, words) {
  const value = textOf(request, name);
  if (!words.includes(value))
    refuse(`${name} cannot be "${value}"; did you mean "${nearest(value, words)}"?`);
  return value;
}

/** @param {import('./machine.js').Machine} machine @param {unknown} channel */
export function channelOf(machine, channel) {
  return wholeOf({ channel }, 'channel', 0, machine.board.PANEL_COUNT - 1);
}

/** When something is to happen: `at_ns`, or now. @param {import('./machine.js').Machine} machine @param {Request} request */
export function timeOf(machine, request) {
  return request.at_ns === undefined ? machine.clock.now : numberOf(request, 'at_ns', 0, Infinity);
}

/**
 * A moment still to come. Whoever reads `now_ns` and rounds it may be half a nanosecond early: that is now.
 * @param {import('./machine.js').Machine} machine
 * @param {unknown} value
 * @param {string} name
 */
export function momentOf(machine, value, name) {
  const { now } = machine.clock;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < now - ROUNDING_NANOS)
    refuse(`${name} must be a time from now (${now} ns) on, not ${JSON.stringify(value)}.`);
  return value;
}

/** @param {unknown} value */
export function bytesOf(value) {
  if (!Array.isArray(value) || !value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255))
    refuse('bytes must be a list of whole numbers from 0 to 255.');
  return Uint8Array.from(value);
}

/** @param {unknown} value lists of four bytes */
export function packetsOf(value) {
  if (!Array.isArray(value) || !value.every((packet) => Array.isArray(packet) && packet.length === 4))
    refuse('packets must be a list of lists of four bytes.');
  return bytesOf(value.flat());
}

/**
 * The word that begins like the wrong one, else the one that is least different.
 * @param {string} wrong
 * @param {readonly string[]} words
 */
export function nearest(wrong, words) {
  const beginning = wrong.toLowerCase();
  let best = words[0];
  for (const word of words) if (distance(wrong, word) < distance(wrong, best)) best = word;
  return words.find((word) => beginning && word.toLowerCase().startsWith(beginning)) ?? best;
}

/** Letters to insert, delete or replace. @param {string} a @param {string} b */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        next[j - 1] + 1,
        row[j] + 1,
        row[j - 1] + (a[i - 1].toLowerCase() === b[j - 1].toLowerCase() ? 0 : 1),
      );
    row = next;
  }
  return row[b.length];
}
