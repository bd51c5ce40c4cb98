/** Reads firmware images: UF2 (microsoft/uf2) for the RP2040, or the raw bytes from flash offset 0. */
import { hasBoot2 } from './boot_rom.js';
import { BoardError } from './errors.js';

const BLOCK = 512;
const MAGIC_0 = 0x0a324655;
const MAGIC_1 = 0x9e5d5157;
const MAGIC_END = 0x0ab16f30;
const FLAG_NOT_MAIN_FLASH = 0x1;
const FLAG_FAMILY = 0x2000;
export const FAMILY_RP2040 = 0xe48bff56;
const MAX_PAYLOAD = 476;
const FLASH_BASE = 0x10000000;
export const FLASH_BYTES = 2 * 1024 * 1024;

/** @typedef {{offset: number, data: Uint8Array}} Segment bytes at a place in the flash */

/** @param {string} sentence @returns {never} */
function bad(sentence) {
  throw new BoardError('bad-image', sentence);
}

/**
 * @param {Uint8Array} file
 * @param {string} name for the sentence that says what is wrong
 * @returns {Segment[]} in order, without overlaps
 */
export function parseImage(file, name) {
  if (!file.length) bad(`${name} is empty.`);
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const isUf2 = file.length >= 4 && view.getUint32(0, true) === MAGIC_0;
  const segments = isUf2 ? parseUf2(file, view, name) : parseRaw(file, name);
  const start = new Uint8Array(256).fill(0xff);
  for (const { offset, data } of segments)
    if (offset < 256) start.set(data.subarray(0, 256 - offset), offset);
  if (!hasBoot2(start))
    bad(`${name} has no valid second boot stage at the start of the flash, so no Pico would run it.`);
  return segments;
}

/**
 * @param {Uint8Array} file
 * @param {string} name
 */
function parseRaw(file, name) {
  if (file.length > FLASH_BYTES) bad(`${name} has ${file.length} bytes, more than the Pico's flash of 2 MB.`);
  return [{ offset: 0, data: file }];
}

/**
 * @param {Uint8Array} file
 * @param {DataView} view
 * @param {string} name
 */
function parseUf2(file, view, name) {
  if (file.length % BLOCK)
    bad(`${name} is cut short: a UF2 file is a multiple of 512 bytes, not ${file.length}.`);
  /** @type {Segment[]} */
  const segments = [];
  let expected = 0;
  let total = 0;
  for (let at = 0; at < file.length; at += BLOCK) {
    const word = (/** @type {number} */ i) => view.getUint32(at + 4 * i, true);
    const number = at / BLOCK;
    if (word(0) !== MAGIC_0 || word(1) !== MAGIC_1 || view.getUint32(at + 508, true) !== MAGIC_END)
      bad(`Block ${number} of ${name} is damaged: its magic numbers are not those of a UF2 block.`);
    const [flags, address, size, index, count, family] = [2, 3, 4, 5, 6, 7].map(word);
    if (!(flags & FLAG_FAMILY) || family !== FAMILY_RP2040) {
      const which = flags & FLAG_FAMILY ? `family ${family.toString(16)}` : 'no family';
      bad(`Block ${number} of ${name} is for another chip: it names ${which}, the RP2040 is e48bff56.`);
    }
    if (index === 0 && expected === total) [expected, total] = [0, count]; // files may be strung together
    if (index !== expected || count !== total)
      bad(
        `${name} is incomplete: block ${number} says it is ${index} of ${count}, expected ${expected} of ${total}.`,
      );
    expected++;
    if (flags & FLAG_NOT_MAIN_FLASH) continue;
    const offset = address - FLASH_BASE;
    if (size === 0 || size > MAX_PAYLOAD) bad(`Block ${number} of ${name} claims ${size} bytes of payload.`);
    if (offset < 0 || offset + size > FLASH_BYTES)
      bad(`Block ${number} of ${name} lies at ${address.toString(16)}, outside the Pico's flash.`);
    segments.push({ offset, data: file.subarray(at + 32, at + 32 + size) });
  }
  if (expected !== total) bad(`${name} is incomplete: it ends after block ${expected} of ${total}.`);
  segments.sort((a, b) => a.offset - b.offset);
  for (let i = 1; i < segments.length; i++) {
    const before = segments[i - 1];
    if (before.offset + before.data.length > segments[i].offset)
      bad(
        `${name} writes ${(FLASH_BASE + segments[i].offset).toString(16)} twice: two of its blocks overlap.`,
      );
  }
  return segments;
}
