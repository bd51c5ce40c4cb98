/**
 * The Pico's 2 MB of flash: what an image puts there, what survives in a file, and what a power cut leaves.
 *
 * Copying an image onto a Pico writes the image's own bytes and nothing else, so that is what happens here to the
 * file's contents; the one exception is the file-system area, which an image may bring for a new board only.
 */
import fs from 'node:fs';
import path from 'node:path';
import { BLOCK_BYTES, BLOCK_ERASE_NANOS, PAGE_BYTES, PAGE_PROGRAM_NANOS } from './boot_rom.js';
import { SECTOR_BYTES, SECTOR_ERASE_NANOS } from './boot_rom.js';
import { BoardError } from './errors.js';
import { FLASH_BYTES, parseImage } from './uf2.js';

/** Where MicroPython's file system begins on a Pico (its RPI_PICO board: the last 1408 kB). */
export const FILE_SYSTEM_OFFSET = 0xa0000;

/** @typedef {{kind: 'erase' | 'program', offset: number, bytes: number, data?: Uint8Array}} FlashJob */

/** An erase or program, cut into what the part does in one go. */
class RunningJob {
  /**
   * @param {Flash} flash
   * @param {FlashJob} job
   * @param {number} nanos now
   */
  constructor(flash, job, nanos) {
    this.flash = flash;
    this.job = job;
    this.done = 0;
    this.stepStart = nanos;
    this.end = nanos;
    for (let at = 0; at < job.bytes; at += this.stepBytes(at)) this.end += this.stepNanos(at);
  }

  /** The ROM erases 64 kB blocks where it can (flash_range_erase's block size). @param {number} at */
  stepBytes(at) {
    const { kind, offset, bytes } = this.job;
    if (kind === 'program') return PAGE_BYTES;
    return (offset + at) % BLOCK_BYTES === 0 && bytes - at >= BLOCK_BYTES ? BLOCK_BYTES : SECTOR_BYTES;
  }

  /** @param {number} at */
  stepNanos(at) {
    if (this.job.kind === 'program') return PAGE_PROGRAM_NANOS;
    return this.stepBytes(at) === BLOCK_BYTES ? BLOCK_ERASE_NANOS : SECTOR_ERASE_NANOS;
  }

  /**
   * Does what has been done by `nanos`; the step in flight is left half done if the power goes now.
   * @param {number} nanos
   * @param {(() => number) | null} cut a random source if the supply is gone, null otherwise
   */
  advance(nanos, cut) {
    const { bytes } = this.job;
    while (this.done < bytes) {
      const duration = this.stepNanos(this.done);
      const length = Math.min(this.stepBytes(this.done), bytes - this.done);
      const part = (nanos - this.stepStart) / duration;
      if (part < 1 && !cut) return;
      this.apply(this.done, length, part < 1 ? Math.max(0, part) : 1, cut);
      this.done += length;
      this.stepStart += duration;
      if (part < 1) return;
    }
  }

  /**
   * @param {number} at
   * @param {number} length
   * @param {number} part of the step that took place; below 1 each bit that should change may have
   * @param {(() => number) | null} random
   */
  apply(at, length, part, random) {
    const { bytes } = this.flash;
    const { offset, data } = this.job;
    this.flash.dirty = true;
    for (let i = 0; i < length; i++) {
      const place = (offset + at + i) % bytes.length;
      const old = bytes[place];
      const full = data ? old & data[at + i] : 0xff;
      let mask = 0xff;
      if (part < 1 && random) {
        mask = 0;
        for (let bit = 0; bit < 8; bit++) if (random() < part) mask |= 1 << bit;
      }
      bytes[place] = (old & ~mask) | (full & mask);
    }
  }
}

export class Flash {
  /**
   * @param {string | null} file where it survives, or null
   */
  constructor(file) {
    this.file = file;
    /** @type {Uint8Array} */
    this.bytes = new Uint8Array(FLASH_BYTES).fill(0xff);
    this.dirty = false;
    this.fromFile = false;
    /** @type {RunningJob | null} */
    this.running = null;
    if (!file || !fs.existsSync(file)) return;
    const saved = fs.readFileSync(file);
    if (saved.length !== FLASH_BYTES)
      throw new BoardError(
        'bad-image',
        `${file} has ${saved.length} bytes, but a flash file has ${FLASH_BYTES}.`,
      );
    this.bytes.set(saved);
    this.fromFile = true;
  }

  /** @param {string} image a UF2 or raw file */
  load(image) {
    let file;
    try {
      file = fs.readFileSync(image);
    } catch {
      throw new BoardError('bad-image', `The firmware image ${image} cannot be read.`);
    }
    for (const { offset, data } of parseImage(file, path.basename(image))) {
      const limit = this.fromFile ? FILE_SYSTEM_OFFSET : FLASH_BYTES;
      if (offset < limit) this.bytes.set(data.subarray(0, limit - offset), offset);
    }
    this.dirty = true;
  }

  /**
   * Moves the contents into a chip's memory map, where they live from now on.
   * @param {Uint8Array} memory
   */
  moveTo(memory) {
    memory.set(this.bytes);
    this.bytes = memory.subarray(0, FLASH_BYTES);
  }

  /**
   * Starts an erase or program. @returns {number} when it ends
   * @param {FlashJob} job
   * @param {number} nanos
   */
  start(job, nanos) {
    this.running = new RunningJob(this, job, nanos);
    return this.running.end;
  }

  /** The job that runs has had its time. @param {number} nanos */
  finish(nanos) {
    this.running?.advance(nanos, null);
    this.running = null;
  }

  /**
   * The supply is gone: what runs is torn.
   * @param {number} nanos
   * @param {() => number} random 0 up to 1
   */
  cut(nanos, random) {
    this.running?.advance(nanos, random);
    this.running = null;
  }

  /** Writes the file, at once or not at all. */
  save() {
    if (!this.file || !this.dirty) return;
    const temporary = `${this.file}.new`;
    fs.writeFileSync(temporary, this.bytes);
    fs.renameSync(temporary, this.file);
    this.dirty = false;
  }
}
