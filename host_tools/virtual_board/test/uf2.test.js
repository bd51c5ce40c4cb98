import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { boot2Checksum } from '../src/boot_rom.js';
import { BoardError } from '../src/errors.js';
import { FILE_SYSTEM_OFFSET, Flash } from '../src/flash.js';
import { FAMILY_RP2040, FLASH_BYTES, parseImage } from '../src/uf2.js';

const BASE = 0x10000000;

/** Bytes that begin with a second stage whose checksum is right. @param {number} length */
function firmware(length) {
  const bytes = new Uint8Array(length).map((_, i) => i * 7);
  new DataView(bytes.buffer).setUint32(252, boot2Checksum(bytes), true);
  return bytes;
}

/**
 * @param {[number, Uint8Array][]} pieces offset in flash and up to 256 bytes each
 * @param {(view: DataView, block: number) => void} [spoil]
 */
function uf2(pieces, spoil = () => {}) {
  const file = new Uint8Array(512 * pieces.length);
  pieces.forEach(([offset, data], block) => {
    const view = new DataView(file.buffer, 512 * block, 512);
    const words = [
      0x0a324655,
      0x9e5d5157,
      0x2000,
      BASE + offset,
      data.length,
      block,
      pieces.length,
      FAMILY_RP2040,
    ];
    words.forEach((word, i) => view.setUint32(4 * i, word, true));
    file.set(data, 512 * block + 32);
    view.setUint32(508, 0x0ab16f30, true);
    spoil(view, block);
  });
  return file;
}

/** @param {Uint8Array} bytes @param {number} [offset] @returns {[number, Uint8Array][]} */
const pages = (bytes, offset = 0) =>
  Array.from({ length: Math.ceil(bytes.length / 256) }, (_, i) => [
    offset + 256 * i,
    bytes.subarray(256 * i, 256 * i + 256),
  ]);

/** @param {Uint8Array} file @param {RegExp} sentence */
function refused(file, sentence) {
  assert.throws(
    () => parseImage(file, 'it'),
    (error) => error instanceof BoardError && error.kind === 'bad-image' && sentence.test(error.message),
  );
}

test('a UF2 and the same bytes raw give the same flash', () => {
  const bytes = firmware(1024);
  const [raw] = parseImage(bytes, 'raw');
  const blocks = parseImage(uf2(pages(bytes)), 'uf2');
  assert.deepEqual(Buffer.concat(blocks.map(({ data }) => data)), Buffer.from(raw.data));
  assert.deepEqual(
    blocks.map(({ offset }) => offset),
    [0, 256, 512, 768],
  );
});

test('damaged, foreign and incomplete images are refused with a sentence', () => {
  const good = pages(firmware(1024));
  refused(new Uint8Array(0), /is empty/);
  refused(uf2(good).subarray(0, 700), /cut short/);
  refused(
    uf2(good, (v, b) => b === 2 && v.setUint32(4, 1, true)),
    /Block 2 of it is damaged/,
  );
  refused(
    uf2(good, (v, b) => b === 1 && v.setUint32(508, 1, true)),
    /damaged/,
  );
  refused(
    uf2(good, (v) => v.setUint32(28, 0xe48bff59, true)),
    /another chip: it names family e48bff59/,
  );
  refused(
    uf2(good, (v) => v.setUint32(8, 0, true)),
    /no family/,
  );
  refused(uf2(good).subarray(0, 1536), /ends after block 3 of 4/);
  refused(
    uf2(good, (v, b) => b === 2 && v.setUint32(20, 3, true)),
    /block 2 says it is 3 of 4, expected 2 of 4/,
  );
  refused(
    uf2(good, (v, b) => b === 3 && v.setUint32(12, BASE + 3 * 1024 * 1024, true)),
    /outside the Pico's flash/,
  );
  refused(
    uf2(good, (v, b) => b === 3 && v.setUint32(12, BASE + 256, true)),
    /twice/,
  );
  refused(
    uf2(good, (v) => v.setUint32(16, 500, true)),
    /500 bytes of payload/,
  );
  refused(uf2(pages(new Uint8Array(512))), /second boot stage/);
  refused(new Uint8Array(FLASH_BYTES + 1), /more than the Pico's flash/);
});

test('two UF2 files strung together are one image', () => {
  const first = uf2(pages(firmware(512)));
  const second = uf2(pages(new Uint8Array(256).fill(9), FILE_SYSTEM_OFFSET));
  assert.equal(parseImage(Buffer.concat([first, second]), 'both').length, 3);
});

test('the flash file keeps the file system, the image brings the code', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flash-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'flash.bin');
  const image = path.join(folder, 'image.uf2');
  const put = (/** @type {number} */ filler) =>
    fs.writeFileSync(
      image,
      uf2([...pages(firmware(512)), ...pages(new Uint8Array(256).fill(filler), FILE_SYSTEM_OFFSET)]),
    );
  put(1);
  const fresh = new Flash(file);
  fresh.load(image);
  assert.equal(fresh.bytes[FILE_SYSTEM_OFFSET], 1, 'a new board gets the file system of its image');
  fresh.bytes[FILE_SYSTEM_OFFSET] = 5;
  fresh.save();
  put(2);
  const again = new Flash(file);
  again.load(image);
  assert.equal(again.bytes[FILE_SYSTEM_OFFSET], 5, 'a board that has one keeps it');
  assert.equal(again.bytes[1], 7);
  fs.writeFileSync(file, 'short');
  assert.throws(() => new Flash(file), /5 bytes/);
});

test('an erase and a program take the part its time, and a power cut tears what is in flight', () => {
  const flash = new Flash(null);
  flash.bytes.fill(0);
  assert.equal(flash.start({ kind: 'erase', offset: 4096, bytes: 8192 }, 1000), 1000 + 90e6);
  flash.cut(1000 + 60e6, () => 0.5);
  assert.ok(
    flash.bytes.subarray(4096, 8192).every((byte) => byte === 0xff),
    'the first sector is done',
  );
  assert.ok(
    flash.bytes.subarray(8192, 12288).every((byte) => byte === 0),
    'one third into the second: not a bit yet',
  );
  flash.start({ kind: 'erase', offset: 8192, bytes: 4096 }, 0);
  let n = 0;
  flash.cut(22.5e6, () => (n++ % 4) / 4);
  assert.ok(
    flash.bytes.subarray(8192, 12288).every((byte) => byte === 0b00110011),
    'half the bits at half time',
  );
  const data = new Uint8Array(512).fill(0x0f);
  assert.equal(flash.start({ kind: 'program', offset: 4096, bytes: 512, data }, 0), 0.8e6);
  flash.finish(0.8e6);
  assert.ok(flash.bytes.subarray(4096, 4608).every((byte) => byte === 0x0f));
  flash.start({ kind: 'erase', offset: 0x10000, bytes: 0x11000 }, 0);
  assert.equal(flash.running?.end, 150e6 + 45e6, 'whole blocks of 64 kB are erased in one go');
});
