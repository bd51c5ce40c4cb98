/** @file The tight loop of FastCore: instructions that stay in plain memory, in one switch that the JIT keeps in machine integers. */
import {
  FLASH_BASE as FLASH,
  ROM_AT as ROM_OFFSET,
  SRAM_AT as SRAM_OFFSET,
  SRAM_BASE as SRAM,
} from './fast_core_bus.js';
import {
  FLASH_BYTES as FLASH_SIZE,
  ROM_BYTES as ROM_SIZE,
  SRAM_BYTES as SRAM_SIZE,
} from './fast_core_bus.js';
import { CASE_OF_OPCODE } from './fast_core_decode.js';
import { XIP_LINE_BITS as LINE_BITS, XIP_SET_MASK as SET_MASK } from './xip_cache.js';

/**
 * Makes the loop of one processor. All it uses are constants of a closure that is made once: V8 then compiles the
 * addresses and lengths of the typed arrays into the code, and the loop runs half as fast again as with fields.
 * @param {import('./fast_core_slow.js').SlowCore} core
 * @returns {(stop: number) => number} See FastCore.run().
 */
export function makeFastLoop(core) {
  const { r, heap16, heap32, sram8, sram16, sram32, flash8, flash16, flash32, xip } = core;
  const { recent, counts } = xip;
  const xipOn = xip.missCycles ? 1 : 0;
  const decode = CASE_OF_OPCODE;
  const FLASH_BASE = FLASH;
  const FLASH_BYTES = FLASH_SIZE;
  const SRAM_BASE = SRAM;
  const SRAM_BYTES = SRAM_SIZE;
  const SRAM_HALVES = SRAM_SIZE / 2;
  const SRAM_WORDS = SRAM_SIZE / 4;
  const SRAM_AT = SRAM_OFFSET;
  const ROM_BYTES = ROM_SIZE;
  const ROM_AT = ROM_OFFSET;
  const XIP_LINE_BITS = LINE_BITS;
  const XIP_SET_MASK = SET_MASK;

  /**
   * Executes for `stop` cycles, or up to and with the first instruction that needs more than plain memory.
   * @param {number} stop
   * @returns {number} Cycles taken.
   */
  return function runFast(stop) {
    let cycles = 0;
    const limit = stop | 0;
    let origin = 0; // where the code region starts in the heap
    let bytes = FLASH_BYTES;
    let cached = 0;
    const pc = r[15];
    if (pc >>> 24 === 0x10) {
      cached = xipOn;
    } else if ((pc - SRAM_BASE) >>> 0 < SRAM_BYTES) {
      origin = SRAM_AT;
      bytes = SRAM_BYTES;
    } else if (pc >>> 0 < ROM_BYTES) {
      origin = ROM_AT;
      bytes = ROM_BYTES;
    } else if (pc >>> 26 !== FLASH_BASE >>> 26) {
      core.raise('fetch from nowhere', pc);
      return 1;
    }
    // What to add to an offset in the heap to get the address; the flash appears at four.
    const base = (origin === 0 ? pc & 0xff000000 : origin === SRAM_AT ? SRAM_BASE - SRAM_AT : -ROM_AT) | 0;
    const firstLine = origin >> XIP_LINE_BITS;
    const lines = bytes >> XIP_LINE_BITS;
    let line = -1;
    let ip = (r[15] - base) >> 1;
    let n = core.nWord;
    let z = core.zWord;
    let c = core.cWord;
    let v = core.vWord;
    let op = 0;

    while (cycles < limit) {
      if (ip >> 2 !== line) {
        line = ip >> 2;
        if ((line - firstLine) >>> 0 >= lines) {
          // Past the region's end: the next call finds the other region, or none.
          r[15] = base + (ip << 1);
          core.nWord = n;
          core.zWord = z;
          core.cWord = c;
          core.vWord = v;
          return cycles;
        }
        if (cached) {
          if (recent[line & XIP_SET_MASK] === line) {
            counts[0] += 1;
          } else {
            cycles = (cycles + xip.touch(line)) | 0;
          }
        }
      }
      op = heap16[ip];
      ip = (ip + 1) | 0;
      cycles = (cycles + 1) | 0;
      // A case that `continue`s is done; one that `break`s leaves its instruction, not begun, to what follows the switch.
      switch (decode[op]) {
        case 1: {
          // LSLS Rd, Rm, #1..31
          const a = r[(op >> 3) & 7];
          const shift = (op >> 6) & 31;
          c = a << (shift - 1);
          r[op & 7] = n = z = a << shift;
          continue;
        }
        case 2: // MOVS Rd, Rm
          r[op & 7] = n = z = r[(op >> 3) & 7];
          continue;
        case 3: {
          // LSRS Rd, Rm, #1..31
          const a = r[(op >> 3) & 7];
          const shift = (op >> 6) & 31;
          c = a << (32 - shift);
          r[op & 7] = n = z = (a >>> shift) | 0;
          continue;
        }
        case 4: // LSRS Rd, Rm, #32
          c = r[(op >> 3) & 7];
          r[op & 7] = n = z = 0;
          continue;
        case 5: {
          // ASRS Rd, Rm, #1..31
          const a = r[(op >> 3) & 7];
          const shift = (op >> 6) & 31;
          c = a << (32 - shift);
          r[op & 7] = n = z = a >> shift;
          continue;
        }
        case 6: // ASRS Rd, Rm, #32
          c = r[(op >> 3) & 7];
          r[op & 7] = n = z = c >> 31;
          continue;
        case 7: {
          // ADDS Rd, Rn, Rm
          const a = r[(op >> 3) & 7];
          const b = r[(op >> 6) & 7];
          const sum = (a + b) | 0;
          c = (a & b) | ((a | b) & ~sum);
          v = (a ^ sum) & (b ^ sum);
          r[op & 7] = n = z = sum;
          continue;
        }
        case 8: {
          // SUBS Rd, Rn, Rm
          const a = r[(op >> 3) & 7];
          const b = r[(op >> 6) & 7];
          const rest = (a - b) | 0;
          c = (a & ~b) | ((a | ~b) & ~rest);
          v = (a ^ b) & (a ^ rest);
          r[op & 7] = n = z = rest;
          continue;
        }
        case 9: {
          // ADDS Rd, Rn, #imm3
          const a = r[(op >> 3) & 7];
          const sum = (a + ((op >> 6) & 7)) | 0;
          c = a & ~sum; // of a carry out of the sign bit, with a small positive addend
          v = ~a & sum;
          r[op & 7] = n = z = sum;
          continue;
        }
        case 10: {
          // SUBS Rd, Rn, #imm3
          const a = r[(op >> 3) & 7];
          const rest = (a - ((op >> 6) & 7)) | 0;
          c = a | ~rest;
          v = a & ~rest;
          r[op & 7] = n = z = rest;
          continue;
        }
        case 11: // MOVS Rd, #imm8
          r[(op >> 8) & 7] = n = z = op & 255;
          continue;
        case 12: {
          // CMP Rn, #imm8
          const a = r[(op >> 8) & 7];
          n = z = (a - (op & 255)) | 0;
          c = a | ~n;
          v = a & ~n;
          continue;
        }
        case 13: {
          // ADDS Rdn, #imm8
          const a = r[(op >> 8) & 7];
          const sum = (a + (op & 255)) | 0;
          c = a & ~sum;
          v = ~a & sum;
          r[(op >> 8) & 7] = n = z = sum;
          continue;
        }
        case 14: {
          // SUBS Rdn, #imm8
          const a = r[(op >> 8) & 7];
          const rest = (a - (op & 255)) | 0;
          c = a | ~rest;
          v = a & ~rest;
          r[(op >> 8) & 7] = n = z = rest;
          continue;
        }
        case 15: // ANDS Rdn, Rm
          r[op & 7] = n = z = r[op & 7] & r[(op >> 3) & 7];
          continue;
        case 16: // EORS Rdn, Rm
          r[op & 7] = n = z = r[op & 7] ^ r[(op >> 3) & 7];
          continue;
        case 17: {
          // LSLS Rdn, Rs
          const shift = r[(op >> 3) & 7] & 255;
          const a = r[op & 7];
          n = z = shift < 32 ? a << shift : 0;
          if (shift !== 0) {
            c = shift <= 32 ? a << (shift - 1) : 0;
          }
          r[op & 7] = n;
          continue;
        }
        case 18: {
          // LSRS Rdn, Rs
          const shift = r[(op >> 3) & 7] & 255;
          const a = r[op & 7];
          n = z = shift < 32 ? (a >>> shift) | 0 : 0;
          if (shift !== 0) {
            c = shift <= 32 ? a << (32 - shift) : 0;
          }
          r[op & 7] = n;
          continue;
        }
        case 19: {
          // ASRS Rdn, Rs
          const shift = r[(op >> 3) & 7] & 255;
          const a = r[op & 7];
          n = z = shift < 32 ? a >> shift : a >> 31;
          if (shift !== 0) {
            c = shift < 32 ? a << (32 - shift) : a;
          }
          r[op & 7] = n;
          continue;
        }
        case 20: {
          // ADCS Rdn, Rm
          const a = r[op & 7];
          const b = r[(op >> 3) & 7];
          const sum = (((a + b) | 0) + (c >>> 31)) | 0;
          c = (a & b) | ((a | b) & ~sum);
          v = (a ^ sum) & (b ^ sum);
          r[op & 7] = n = z = sum;
          continue;
        }
        case 21: {
          // SBCS Rdn, Rm
          const a = r[op & 7];
          const b = ~r[(op >> 3) & 7];
          const rest = (((a + b) | 0) + (c >>> 31)) | 0;
          c = (a & b) | ((a | b) & ~rest);
          v = (a ^ rest) & (b ^ rest);
          r[op & 7] = n = z = rest;
          continue;
        }
        case 22: {
          // RORS Rdn, Rs
          const shift = r[(op >> 3) & 7];
          const a = r[op & 7];
          n = z = (a >>> (shift & 31)) | (a << (-shift & 31));
          if ((shift & 255) !== 0) {
            c = n;
          }
          r[op & 7] = n;
          continue;
        }
        case 23: // TST Rn, Rm
          n = z = r[op & 7] & r[(op >> 3) & 7];
          continue;
        case 24: {
          // RSBS Rd, Rn, #0
          const b = r[(op >> 3) & 7];
          const rest = -b | 0;
          c = ~(b | rest); // carry only of 0 - 0
          v = b & rest;
          r[op & 7] = n = z = rest;
          continue;
        }
        case 25: {
          // CMP Rn, Rm
          const a = r[op & 7];
          const b = r[(op >> 3) & 7];
          n = z = (a - b) | 0;
          c = (a & ~b) | ((a | ~b) & ~n);
          v = (a ^ b) & (a ^ n);
          continue;
        }
        case 26: {
          // CMN Rn, Rm
          const a = r[op & 7];
          const b = r[(op >> 3) & 7];
          n = z = (a + b) | 0;
          c = (a & b) | ((a | b) & ~n);
          v = (a ^ n) & (b ^ n);
          continue;
        }
        case 27: // ORRS Rdn, Rm
          r[op & 7] = n = z = r[op & 7] | r[(op >> 3) & 7];
          continue;
        case 28: // MULS Rdn, Rm
          r[op & 7] = n = z = Math.imul(r[op & 7], r[(op >> 3) & 7]);
          continue;
        case 29: // BICS Rdn, Rm
          r[op & 7] = n = z = r[op & 7] & ~r[(op >> 3) & 7];
          continue;
        case 30: // MVNS Rd, Rm
          r[op & 7] = n = z = ~r[(op >> 3) & 7];
          continue;
        case 31: {
          // ADD Rdn, Rm (any)
          r[15] = base + (ip << 1) + 2;
          const rd = ((op >> 4) & 8) | (op & 7);
          const sum = (r[rd] + r[(op >> 3) & 15]) | 0;
          r[rd] = rd === 13 ? sum & ~3 : sum;
          continue;
        }
        case 33: {
          // CMP Rn, Rm (any)
          r[15] = base + (ip << 1) + 2;
          const a = r[((op >> 4) & 8) | (op & 7)];
          const b = r[(op >> 3) & 15];
          n = z = (a - b) | 0;
          c = (a & ~b) | ((a | ~b) & ~n);
          v = (a ^ b) & (a ^ n);
          continue;
        }
        case 34: {
          // MOV Rd, Rm (any)
          r[15] = base + (ip << 1) + 2;
          const rd = ((op >> 4) & 8) | (op & 7);
          const value = r[(op >> 3) & 15];
          r[rd] = rd === 13 ? value & ~3 : value;
          continue;
        }
        case 32: {
          // ADD PC, Rm
          r[15] = base + (ip << 1) + 2;
          ip = (r[15] + r[(op >> 3) & 15] - base) >> 1;
          cycles = (cycles + 1) | 0;
          continue;
        }
        case 35: {
          // MOV PC, Rm
          const target = (r[(op >> 3) & 15] - base) | 0;
          if ((target - origin) >>> 0 < bytes && (op & 0x78) !== 0x78) {
            ip = target >> 1;
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 36: {
          // BX Rm
          const target = (r[(op >> 3) & 15] - base) | 0;
          if ((target - origin) >>> 0 < bytes && target & 1) {
            ip = target >> 1;
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 37: {
          // BLX Rm
          const target = (r[(op >> 3) & 15] - base) | 0;
          if ((target - origin) >>> 0 < bytes && target & 1) {
            r[14] = (base + (ip << 1)) | 1;
            ip = target >> 1;
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 38: {
          // LDR Rt, [PC, #imm8]
          const word = ((ip + 1) >> 1) + (op & 255);
          if ((word >> 1) - firstLine < lines) {
            if (cached && word >> 1 !== line) {
              cycles = (cycles + xip.touch(word >> 1)) | 0;
            }
            r[(op >> 8) & 7] = heap32[word];
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 39: {
          // STR Rt, [Rn, Rm]
          const offset = (r[(op >> 3) & 7] + r[(op >> 6) & 7] - SRAM_BASE) | 0;
          const word = (offset >>> 2) | (offset << 30);
          if (word >>> 0 < SRAM_WORDS) {
            sram32[word] = r[op & 7];
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 40: {
          // STRH Rt, [Rn, Rm]
          const offset = (r[(op >> 3) & 7] + r[(op >> 6) & 7] - SRAM_BASE) | 0;
          const half = (offset >>> 1) | (offset << 31);
          if (half >>> 0 < SRAM_HALVES) {
            sram16[half] = r[op & 7];
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 41: {
          // STRB Rt, [Rn, Rm]
          const offset = (r[(op >> 3) & 7] + r[(op >> 6) & 7] - SRAM_BASE) | 0;
          if (offset >>> 0 < SRAM_BYTES) {
            sram8[offset] = r[op & 7];
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 42: {
          // LDRSB Rt, [Rn, Rm]
          const offset = (r[(op >> 3) & 7] + r[(op >> 6) & 7] - SRAM_BASE) | 0;
          if (offset >>> 0 < SRAM_BYTES) {
            r[op & 7] = (sram8[offset] << 24) >> 24;
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 43: {
          // LDR Rt, [Rn, Rm]
          const offset = (r[(op >> 3) & 7] + r[(op >> 6) & 7] - SRAM_BASE) | 0;
          const word = (offset >>> 2) | (offset << 30);
          if (word >>> 0 < SRAM_WORDS) {
            r[op & 7] = sram32[word];
            cycles = (cycles + 1) | 0;
            continue;
          }
          const inFlash = (offset + (SRAM_BASE - FLASH_BASE)) | 0;
          if (inFlash >>> 0 < FLASH_BYTES && !(inFlash & 3)) {
            if (xipOn) {
              cycles = (cycles + xip.touch(inFlash >> XIP_LINE_BITS)) | 0;
            }
            r[op & 7] = flash32[inFlash >> 2];
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 44: {
          // LDRH Rt, [Rn, Rm]
          const offset = (r[(op >> 3) & 7] + r[(op >> 6) & 7] - SRAM_BASE) | 0;
          const half = (offset >>> 1) | (offset << 31);
          if (half >>> 0 < SRAM_HALVES) {
            r[op & 7] = sram16[half];
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 45: {
          // LDRB Rt, [Rn, Rm]
          const offset = (r[(op >> 3) & 7] + r[(op >> 6) & 7] - SRAM_BASE) | 0;
          if (offset >>> 0 < SRAM_BYTES) {
            r[op & 7] = sram8[offset];
            cycles = (cycles + 1) | 0;
            continue;
          }
          const inFlash = (offset + (SRAM_BASE - FLASH_BASE)) | 0;
          if (inFlash >>> 0 < FLASH_BYTES) {
            if (xipOn) {
              cycles = (cycles + xip.touch(inFlash >> XIP_LINE_BITS)) | 0;
            }
            r[op & 7] = flash8[inFlash];
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 46: {
          // LDRSH Rt, [Rn, Rm]
          const offset = (r[(op >> 3) & 7] + r[(op >> 6) & 7] - SRAM_BASE) | 0;
          const half = (offset >>> 1) | (offset << 31);
          if (half >>> 0 < SRAM_HALVES) {
            r[op & 7] = (sram16[half] << 16) >> 16;
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 47: {
          // STR Rt, [Rn, #imm5]
          const offset = (r[(op >> 3) & 7] + ((op >> 4) & 0x7c) - SRAM_BASE) | 0;
          const word = (offset >>> 2) | (offset << 30);
          if (word >>> 0 < SRAM_WORDS) {
            sram32[word] = r[op & 7];
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 48: {
          // LDR Rt, [Rn, #imm5]
          const offset = (r[(op >> 3) & 7] + ((op >> 4) & 0x7c) - SRAM_BASE) | 0;
          const word = (offset >>> 2) | (offset << 30);
          if (word >>> 0 < SRAM_WORDS) {
            r[op & 7] = sram32[word];
            cycles = (cycles + 1) | 0;
            continue;
          }
          const inFlash = (offset + (SRAM_BASE - FLASH_BASE)) | 0;
          if (inFlash >>> 0 < FLASH_BYTES && !(inFlash & 3)) {
            if (xipOn) {
              cycles = (cycles + xip.touch(inFlash >> XIP_LINE_BITS)) | 0;
            }
            r[op & 7] = flash32[inFlash >> 2];
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 49: {
          // STRB Rt, [Rn, #imm5]
          const offset = (r[(op >> 3) & 7] + ((op >> 6) & 31) - SRAM_BASE) | 0;
          if (offset >>> 0 < SRAM_BYTES) {
            sram8[offset] = r[op & 7];
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 50: {
          // LDRB Rt, [Rn, #imm5]
          const offset = (r[(op >> 3) & 7] + ((op >> 6) & 31) - SRAM_BASE) | 0;
          if (offset >>> 0 < SRAM_BYTES) {
            r[op & 7] = sram8[offset];
            cycles = (cycles + 1) | 0;
            continue;
          }
          const inFlash = (offset + (SRAM_BASE - FLASH_BASE)) | 0;
          if (inFlash >>> 0 < FLASH_BYTES) {
            if (xipOn) {
              cycles = (cycles + xip.touch(inFlash >> XIP_LINE_BITS)) | 0;
            }
            r[op & 7] = flash8[inFlash];
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 51: {
          // STRH Rt, [Rn, #imm5]
          const offset = (r[(op >> 3) & 7] + ((op >> 5) & 0x3e) - SRAM_BASE) | 0;
          const half = (offset >>> 1) | (offset << 31);
          if (half >>> 0 < SRAM_HALVES) {
            sram16[half] = r[op & 7];
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 52: {
          // LDRH Rt, [Rn, #imm5]
          const offset = (r[(op >> 3) & 7] + ((op >> 5) & 0x3e) - SRAM_BASE) | 0;
          const half = (offset >>> 1) | (offset << 31);
          if (half >>> 0 < SRAM_HALVES) {
            r[op & 7] = sram16[half];
            cycles = (cycles + 1) | 0;
            continue;
          }
          const inFlash = (offset + (SRAM_BASE - FLASH_BASE)) | 0;
          if (inFlash >>> 0 < FLASH_BYTES && !(inFlash & 1)) {
            if (xipOn) {
              cycles = (cycles + xip.touch(inFlash >> XIP_LINE_BITS)) | 0;
            }
            r[op & 7] = flash16[inFlash >> 1];
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 53: {
          // STR Rt, [SP, #imm8]
          const word = ((r[13] - SRAM_BASE) >>> 2) + (op & 255);
          if (word < SRAM_WORDS) {
            sram32[word] = r[(op >> 8) & 7];
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 54: {
          // LDR Rt, [SP, #imm8]
          const word = ((r[13] - SRAM_BASE) >>> 2) + (op & 255);
          if (word < SRAM_WORDS) {
            r[(op >> 8) & 7] = sram32[word];
            cycles = (cycles + 1) | 0;
            continue;
          }
          break;
        }
        case 55: // ADR Rd, label
          r[(op >> 8) & 7] = base + ((((ip + 1) >> 1) + (op & 255)) << 2);
          continue;
        case 56: // ADD Rd, SP, #imm8
          r[(op >> 8) & 7] = r[13] + ((op & 255) << 2);
          continue;
        case 57: // ADD SP, #imm7
          r[13] += (op & 127) << 2;
          continue;
        case 58: // SUB SP, #imm7
          r[13] -= (op & 127) << 2;
          continue;
        case 59: // SXTH Rd, Rm
          r[op & 7] = (r[(op >> 3) & 7] << 16) >> 16;
          continue;
        case 60: // SXTB Rd, Rm
          r[op & 7] = (r[(op >> 3) & 7] << 24) >> 24;
          continue;
        case 61: // UXTH Rd, Rm
          r[op & 7] = r[(op >> 3) & 7] & 0xffff;
          continue;
        case 62: // UXTB Rd, Rm
          r[op & 7] = r[(op >> 3) & 7] & 0xff;
          continue;
        case 63: {
          // PUSH {list}; downwards, so that the count need not be known first
          const top = (r[13] - SRAM_BASE) >>> 2;
          if (top <= SRAM_WORDS && top >= 9) {
            let word = top;
            if (op & 0x100) {
              sram32[--word] = r[14];
            }
            for (let list = op & 255; list !== 0; ) {
              const reg = 31 - Math.clz32(list);
              sram32[--word] = r[reg];
              list ^= 1 << reg;
            }
            r[13] -= (top - word) << 2;
            cycles = (cycles + top - word) | 0;
            continue;
          }
          break;
        }
        case 64: {
          // POP {list}
          const from = (r[13] - SRAM_BASE) >>> 2;
          if (from < SRAM_WORDS - 8) {
            let word = from;
            for (let list = op & 255; list !== 0; list &= list - 1) {
              r[31 - Math.clz32(list & -list)] = sram32[word++];
            }
            r[13] += (word - from) << 2;
            cycles = (cycles + word - from) | 0;
            continue;
          }
          break;
        }
        case 65: {
          // POP {list, PC}: 3 + N cycles, N counting PC
          const from = (r[13] - SRAM_BASE) >>> 2;
          if (from < SRAM_WORDS - 9) {
            let count = 0;
            for (let list = op & 255; list !== 0; list &= list - 1) {
              count++;
            }
            const target = (sram32[from + count] - base) | 0;
            if ((target - origin) >>> 0 < bytes && target & 1) {
              let word = from;
              for (let list = op & 255; list !== 0; list &= list - 1) {
                r[31 - Math.clz32(list & -list)] = sram32[word++];
              }
              r[13] += (count + 1) << 2;
              cycles = (cycles + count + 3) | 0;
              ip = target >> 1;
              continue;
            }
          }
          break;
        }
        case 66: {
          // REV Rd, Rm
          const a = r[(op >> 3) & 7];
          r[op & 7] = (a << 24) | ((a << 8) & 0xff0000) | ((a >>> 8) & 0xff00) | (a >>> 24);
          continue;
        }
        case 67: {
          // REV16 Rd, Rm
          const a = r[(op >> 3) & 7];
          r[op & 7] = ((a << 8) & 0xff00ff00) | ((a >>> 8) & 0xff00ff);
          continue;
        }
        case 68: {
          // REVSH Rd, Rm
          const a = r[(op >> 3) & 7];
          r[op & 7] = ((a << 24) >> 16) | ((a >> 8) & 255);
          continue;
        }
        case 69: // NOP
          continue;
        case 70: {
          // STM Rn!, {list}
          const offset = (r[(op >> 8) & 7] - SRAM_BASE) | 0;
          const from = (offset >>> 2) | (offset << 30);
          if (from >>> 0 < SRAM_WORDS - 8) {
            let word = from;
            for (let list = op & 255; list !== 0; list &= list - 1) {
              sram32[word++] = r[31 - Math.clz32(list & -list)];
            }
            r[(op >> 8) & 7] += (word - from) << 2;
            cycles = (cycles + word - from) | 0;
            continue;
          }
          break;
        }
        case 71: {
          // LDM Rn!, {list}; a base that is loaded keeps what was loaded
          const offset = (r[(op >> 8) & 7] - SRAM_BASE) | 0;
          const from = (offset >>> 2) | (offset << 30);
          if (from >>> 0 < SRAM_WORDS - 8) {
            let word = from;
            for (let list = op & 255; list !== 0; list &= list - 1) {
              r[31 - Math.clz32(list & -list)] = sram32[word++];
            }
            if (!(op & (1 << ((op >> 8) & 7)))) {
              r[(op >> 8) & 7] += (word - from) << 2;
            }
            cycles = (cycles + word - from) | 0;
            continue;
          }
          break;
        }
        case 72: // BEQ
          if (z === 0) {
            ip = (ip + ((op << 24) >> 24) + 1) | 0;
            cycles = (cycles + 1) | 0;
          }
          continue;
        case 73: // BNE
          if (z !== 0) {
            ip = (ip + ((op << 24) >> 24) + 1) | 0;
            cycles = (cycles + 1) | 0;
          }
          continue;
        case 74: // BCS
          if (c < 0) {
            ip = (ip + ((op << 24) >> 24) + 1) | 0;
            cycles = (cycles + 1) | 0;
          }
          continue;
        case 75: // BCC
          if (c >= 0) {
            ip = (ip + ((op << 24) >> 24) + 1) | 0;
            cycles = (cycles + 1) | 0;
          }
          continue;
        case 76: // BMI
          if (n < 0) {
            ip = (ip + ((op << 24) >> 24) + 1) | 0;
            cycles = (cycles + 1) | 0;
          }
          continue;
        case 77: // BPL
          if (n >= 0) {
            ip = (ip + ((op << 24) >> 24) + 1) | 0;
            cycles = (cycles + 1) | 0;
          }
          continue;
        case 78: // BVS
          if (v < 0) {
            ip = (ip + ((op << 24) >> 24) + 1) | 0;
            cycles = (cycles + 1) | 0;
          }
          continue;
        case 79: // BVC
          if (v >= 0) {
            ip = (ip + ((op << 24) >> 24) + 1) | 0;
            cycles = (cycles + 1) | 0;
          }
          continue;
        case 80: // BHI
          if (c < 0 && z !== 0) {
            ip = (ip + ((op << 24) >> 24) + 1) | 0;
            cycles = (cycles + 1) | 0;
          }
          continue;
        case 81: // BLS
          if (c >= 0 || z === 0) {
            ip = (ip + ((op << 24) >> 24) + 1) | 0;
            cycles = (cycles + 1) | 0;
          }
          continue;
        case 82: // BGE
          if ((n ^ v) >= 0) {
            ip = (ip + ((op << 24) >> 24) + 1) | 0;
            cycles = (cycles + 1) | 0;
          }
          continue;
        case 83: // BLT
          if ((n ^ v) < 0) {
            ip = (ip + ((op << 24) >> 24) + 1) | 0;
            cycles = (cycles + 1) | 0;
          }
          continue;
        case 84: // BGT
          if (z !== 0 && (n ^ v) >= 0) {
            ip = (ip + ((op << 24) >> 24) + 1) | 0;
            cycles = (cycles + 1) | 0;
          }
          continue;
        case 85: // BLE
          if (z === 0 || (n ^ v) < 0) {
            ip = (ip + ((op << 24) >> 24) + 1) | 0;
            cycles = (cycles + 1) | 0;
          }
          continue;
        case 86: // B
          ip = (ip + ((op << 21) >> 21) + 1) | 0;
          cycles = (cycles + 1) | 0;
          continue;
        case 87: {
          // BL, unless it is another 32-bit instruction or its second half lies in another region
          if (!(ip & 3) && (ip >> 2) - firstLine >= lines) {
            break;
          }
          const second = heap16[ip];
          if ((second & 0xd000) === 0xd000) {
            if (cached && !(ip & 3)) {
              line = ip >> 2;
              cycles = (cycles + xip.touch(line)) | 0;
            }
            const s = (op << 21) >> 31;
            const i1 = ~((second >> 13) ^ s) & 1;
            const i2 = ~((second >> 11) ^ s) & 1;
            r[14] = (base + (ip << 1) + 2) | 1;
            ip =
              (ip + 1 + ((s << 23) | (i1 << 22) | (i2 << 21) | ((op & 0x3ff) << 11) | (second & 0x7ff))) | 0;
            cycles = (cycles + 2) | 0;
            continue;
          }
          break;
        }
      }
      // Left by the switch: now every part of the state is where peripherals, faults and breakpoints see it.
      core.nWord = n;
      core.zWord = z;
      core.cWord = c;
      core.vWord = v;
      r[15] = base + ((ip - 1) << 1);
      core.elapsed += cycles - 1;
      return core.executeSlow(op) + cycles - 1;
    }

    core.nWord = n;
    core.zWord = z;
    core.cWord = c;
    core.vWord = v;
    r[15] = base + (ip << 1);
    return cycles;
  };
}
