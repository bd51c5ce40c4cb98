/**
 * The boot ROM without a ROM image: its tables and functions, by the datasheet (2.8.3) and pico-sdk's headers.
 *
 * memcpy and memset are Thumb code of our own and take the time they take; every other function is a stub of two
 * instructions, `BKPT n; BX LR`, whose meaning runs here and whose time is charged. Unused ROM is filled with
 * breakpoints that nobody handles, so a jump into it is a HardFault with a reason.
 */
import { floatFunctions } from './rom_float.js';

const ROM_BYTES = 0x4000;
const STUBS = 0x100;
/** Where a chip without the ROM's BKPT meaning ends up: any code that has no function. */
const NO_FUNCTION = 0xbeff;
/** The ROM's version: 3 is the B2 stepping that every Pico since 2021 has. */
const VERSION = 3;
/** The ROM's stack, and where it copies the second stage to run it (2.8.1.2). */
const STACK_TOP = 0x20041f00;
const BOOT2_RAM = 0x20041f00;
const BOOT2_BYTES = 256;

/**
 * Typical times of the Pico's W25Q16JV (its datasheet, AC characteristics: tSE 45 ms, tBE2 150 ms, tPP 0.4 ms).
 */
export const SECTOR_ERASE_NANOS = 45e6;
export const BLOCK_ERASE_NANOS = 150e6;
export const PAGE_PROGRAM_NANOS = 0.4e6;
export const SECTOR_BYTES = 4096;
export const BLOCK_BYTES = 65536;
export const PAGE_BYTES = 256;
/**
 * From reset to the second stage's first instruction, on the ring oscillator. Estimated, not measured: checking
 * 252 bytes by software CRC takes about 10 000 cycles at 6.5 MHz, reading them over a slow SPI as long again.
 */
export const BOOT_NANOS = 3e6;

/** @param {[string, string][]} rows machine code in hexadecimal, and what it does */
const thumb = (rows) => rows.flatMap(([code]) => code.split(' ').map((halfword) => parseInt(halfword, 16)));

/** memcpy, with `n` in r2: words in fours while both ends are aligned, else bytes. r0 survives in r12. */
const MEMCPY = thumb([
  ['4684', 'mov r12, r0'],
  ['0003 430b 079b d10e', 'r3 = (dst | src) << 30; bne bytes'],
  ['3a10 db05 b470', 'n -= 16; blt small; push {r4-r6}'],
  ['c978 c078 3a10 dafb', 'fours: ldmia r1!, {r3-r6}; stmia r0!, {r3-r6}; n -= 16; bge fours'],
  ['bc70', 'pop {r4-r6}'],
  ['320c db03', 'small: n += 12; blt tail'],
  ['c908 c008 3a04 dafb', 'words: ldmia r1!, {r3}; stmia r0!, {r3}; n -= 4; bge words'],
  ['3204', 'tail: n += 4'],
  ['3a01 db04 780b 7003 3101 3001 e7f8', 'bytes: n -= 1; blt done; a byte; b bytes'],
  ['4660 4770', 'done: mov r0, r12; bx lr'],
]);

/** memset: the byte four times in r1, bytes up to a word boundary, then words in fours, then the rest. */
const MEMSET = thumb([
  ['4684 b2c9 020b 4319 040b 4319', 'mov r12, r0; r1 *= 0x01010101'],
  ['0783 d004 3a01 db17 7001 3001 e7f8', 'a byte at a time until r0 is aligned'],
  ['3a10 db07 b430 000b 000c 000d', 'n -= 16; blt small; push {r4, r5}; r3 = r4 = r5 = r1'],
  ['c03a 3a10 dafc bc30', 'fours: stmia r0!, {r1, r3-r5}; n -= 16; bge fours; pop {r4, r5}'],
  ['320c db02', 'small: n += 12; blt tail'],
  ['c002 3a04 dafc', 'words: stmia r0!, {r1}; n -= 4; bge words'],
  ['3204', 'tail: n += 4'],
  ['3a01 db02 7001 3001 e7fa', 'bytes: n -= 1; blt done; a byte; b bytes'],
  ['4660 4770', 'done: mov r0, r12; bx lr'],
]);

/** CRC-32 of the second stage: polynomial 04C11DB7, not reflected, no final inversion (2.8.1.3.1). */
export function boot2Checksum(/** @type {Uint8Array} */ stage) {
  let crc = 0xffffffff;
  for (let i = 0; i < BOOT2_BYTES - 4; i++) {
    crc ^= stage[i] << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}

/** @param {Uint8Array} flash */
export function hasBoot2(flash) {
  return (
    new DataView(flash.buffer, flash.byteOffset).getUint32(BOOT2_BYTES - 4, true) === boot2Checksum(flash)
  );
}

/**
 * @typedef {object} RomHost what the ROM asks of the machine around it
 * @property {(nanos: number) => void} idle lets time pass with the processor at rest
 * @property {(job: import('./flash.js').FlashJob) => void} flashJob an erase or program that takes its time
 * @property {() => void} bootsel the chip now waits for a UF2 on USB
 */

/**
 * Fills the ROM and takes over the chip's breakpoints. To be called with the final processor in place.
 * @param {any} rp2040
 * @param {RomHost} host
 */
export function installBootRom(rp2040, host) {
  const { core } = rp2040;
  /** @type {Uint32Array} */
  const r = core.registers;
  const rom = new DataView(new ArrayBuffer(ROM_BYTES));
  for (let i = 0; i < ROM_BYTES; i += 2) rom.setUint16(i, NO_FUNCTION, true);
  /** @type {(() => void)[]} */
  const meanings = [];
  let end = STUBS;

  /** @param {() => void} meaning @returns {number} the stub's address, Thumb bit set */
  const stub = (meaning) => {
    const address = end;
    rom.setUint16(end, 0xbe00 | meanings.length, true);
    rom.setUint16(end + 2, 0x4770, true);
    end += 4;
    meanings.push(meaning);
    return address | 1;
  };
  /** @param {number[]} halfwords @returns {number} */
  const code = (halfwords) => {
    const address = end;
    for (const halfword of halfwords) {
      rom.setUint16(end, halfword, true);
      end += 2;
    }
    end = (end + 3) & ~3;
    return address | 1;
  };
  /** @param {number} cycles @param {() => void} meaning */
  const timed = (cycles, meaning) =>
    stub(() => {
      meaning();
      core.chargeCycles(cycles);
    });

  const memcpy = code(MEMCPY);
  const memset = code(MEMSET);
  const nothing = timed(20, () => {});
  const functions = {
    P3: timed(15, () => {
      let count = 0;
      for (let bits = r[0]; bits; bits &= bits - 1) count++;
      r[0] = count;
    }),
    R3: timed(20, () => {
      let reversed = 0;
      for (let i = 0; i < 32; i++) reversed = (reversed << 1) | ((r[0] >>> i) & 1);
      r[0] = reversed;
    }),
    L3: timed(12, () => void (r[0] = Math.clz32(r[0]))),
    T3: timed(12, () => void (r[0] = r[0] ? 31 - Math.clz32(r[0] & -r[0]) : 32)),
    MC: memcpy,
    C4: memcpy,
    MS: memset,
    S4: memset,
    IF: nothing,
    EX: nothing,
    CX: nothing,
    FC: timed(20, () => core.flushXip()),
    RE: stub(() => host.flashJob({ kind: 'erase', offset: r[0], bytes: r[1] })),
    RP: stub(() => {
      const data = new Uint8Array(r[2]);
      for (let i = 0; i < data.length; i++) data[i] = rp2040.readUint8(r[1] + i);
      host.flashJob({ kind: 'program', offset: r[0], bytes: data.length, data });
    }),
    UB: stub(() => host.bootsel()),
  };
  const lookup = timed(30, () => {
    let entry = r[0];
    while (rom.getUint16(entry, true) && rom.getUint16(entry, true) !== (r[1] & 0xffff)) entry += 4;
    r[0] = rom.getUint16(entry, true) && rom.getUint16(entry + 2, true);
  });
  const start = stub(() => boot(rp2040, host));

  /** A table of code and pointer, ended by a zero. @param {[string, number][]} entries */
  const table = (entries) => {
    const address = end;
    for (const [name, pointer] of entries) {
      rom.setUint16(end, name.charCodeAt(0) | (name.charCodeAt(1) << 8), true);
      rom.setUint16(end + 2, pointer, true);
      end += 4;
    }
    rom.setUint32(end, 0, true);
    end += 4;
    return address;
  };
  /** A table of addresses, with its length two bytes before it, as the SDK asserts. @param {number[]} pointers */
  const pointers = (pointers) => {
    rom.setUint8(end + 2, pointers.length);
    const address = end + 4;
    pointers.forEach((pointer, i) => rom.setUint32(address + 4 * i, pointer, true));
    end = address + 4 * pointers.length;
    return address;
  };
  const floats = (/** @type {'single' | 'double'} */ format) =>
    pointers(floatFunctions(core, format).map(({ cycles, run }) => timed(cycles, run)));

  const single = floats('single');
  const double = floats('double');
  const functionTable = table(Object.entries(functions));
  const dataTable = table([
    ['SF', single],
    ['SD', double],
  ]);
  rom.setUint32(0x00, STACK_TOP, true);
  rom.setUint32(0x04, start, true);
  rom.setUint32(0x10, 0x0001754d | (VERSION << 24), true); // 'M', 'u', 1, version
  rom.setUint16(0x14, functionTable, true);
  rom.setUint16(0x16, dataTable, true);
  rom.setUint16(0x18, lookup, true);
  rp2040.bootrom.set(new Uint32Array(rom.buffer));

  rp2040.onBreak = (/** @type {number} */ code) => {
    if (core.PC >= ROM_BYTES || !meanings[code]) return false;
    meanings[code]();
    return true;
  };
  core.reset();
}

/**
 * What the ROM does after reset (2.8.1): a vector left by watchdog_reboot, else the flash's second stage.
 * @param {any} rp2040
 * @param {RomHost} host
 */
function boot(rp2040, host) {
  const { core } = rp2040;
  const scratch = rp2040.watchdog.scratch;
  host.idle(BOOT_NANOS);
  core.LR = 0;
  if (scratch[4] === 0xb007c0d3 && (scratch[5] ^ -0xb007c0d3) >>> 0 === scratch[7]) {
    scratch[4] = 0; // so that it works only once
    core.SP = scratch[6];
    core.PC = scratch[7] & ~1;
    return;
  }
  if (!hasBoot2(rp2040.flash)) return host.bootsel();
  rp2040.sram.set(rp2040.flash.subarray(0, BOOT2_BYTES), BOOT2_RAM - 0x20000000);
  core.SP = STACK_TOP;
  core.PC = BOOT2_RAM;
}
