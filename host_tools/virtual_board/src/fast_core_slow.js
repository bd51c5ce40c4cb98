/** @file The instructions that FastCore's tight loop leaves: system ones, and any that touch more than plain memory. */
import { BusCore } from './fast_core_bus.js';
import { EXCEPTION_EXIT_CYCLES } from './fast_core_exceptions.js';
import { hex } from './fast_core_state.js';

/** What bits 11-9 of a load or store with a register offset say: size and kind; bit 0 of `kind` = load, 1 = signed. */
const REGISTER_FORMS = [
  { size: 4, load: false, signed: false }, // STR
  { size: 2, load: false, signed: false }, // STRH
  { size: 1, load: false, signed: false }, // STRB
  { size: 1, load: true, signed: true }, // LDRSB
  { size: 4, load: true, signed: false }, // LDR
  { size: 2, load: true, signed: false }, // LDRH
  { size: 1, load: true, signed: false }, // LDRB
  { size: 2, load: true, signed: true }, // LDRSH
];

/** Adds the complete but slower execution of single instructions. */
export class SlowCore extends BusCore {
  /**
   * Executes one instruction that the fast path left. r15 is its address before and the next one's after.
   * @param {number} op
   * @returns {number} Cycles.
   */
  executeSlow(op) {
    // r15 moves on first, because an access may reset the processor, and then it is not to be moved any more.
    this.here = this.r[15];
    this.r[15] += 2;
    switch (op >>> 11) {
      case 0x08:
        return this.branchRegister(op);
      case 0x09:
        return this.transfer((op >> 8) & 7, ((this.here + 4) & ~3) + ((op & 0xff) << 2), 4, true, false);
      case 0x0a:
      case 0x0b: {
        const { size, load, signed } = REGISTER_FORMS[(op >> 9) & 7];
        return this.transfer(op & 7, this.r[(op >> 3) & 7] + this.r[(op >> 6) & 7], size, load, signed);
      }
      case 0x0c:
      case 0x0d:
        return this.transferImmediate(op, 4);
      case 0x0e:
      case 0x0f:
        return this.transferImmediate(op, 1);
      case 0x10:
      case 0x11:
        return this.transferImmediate(op, 2);
      case 0x12:
      case 0x13:
        return this.transfer((op >> 8) & 7, this.r[13] + ((op & 0xff) << 2), 4, (op & 0x800) !== 0, false);
      case 0x16:
      case 0x17:
        return this.miscellaneous(op);
      case 0x18:
        return this.storeMultiple(op & 0xff, this.r[(op >> 8) & 7], (op >> 8) & 7);
      case 0x19:
        return this.loadMultiple(op & 0xff, (op >> 8) & 7);
      case 0x1b:
        if (op >>> 8 === 0xdf) {
          return this.supervisorCall();
        }
        break;
      case 0x1e:
        return this.wide(op);
    }
    return this.undefinedInstruction(op);
  }

  /** @param {number} op @returns {number} */
  undefinedInstruction(op) {
    this.raise(`undefined instruction ${hex(op)}`, this.here);
    return 1;
  }

  /** @param {number} op @param {number} size @returns {number} */
  transferImmediate(op, size) {
    return this.transfer(
      op & 7,
      this.r[(op >> 3) & 7] + ((op >> 6) & 0x1f) * size,
      size,
      (op & 0x800) !== 0,
      false,
    );
  }

  /**
   * One load or store.
   * @param {number} rt
   * @param {number} address
   * @param {number} size
   * @param {boolean} load
   * @param {boolean} signed
   * @returns {number} Cycles.
   */
  transfer(rt, address, size, load, signed) {
    const { r } = this;
    if (load) {
      const value = this.read(address | 0, size);
      if (this.fault === null) {
        r[rt] = !signed ? value : size === 1 ? (value << 24) >> 24 : (value << 16) >> 16;
      }
    } else {
      this.write(address | 0, size, r[rt]);
    }
    return 1 + this.accessCycles;
  }

  /**
   * STM and, with LR as a ninth register, PUSH.
   * @param {number} list Bit 8 = LR.
   * @param {number} from Lowest address.
   * @param {number} base Register written back.
   * @returns {number} Cycles.
   */
  storeMultiple(list, from, base) {
    const { r } = this;
    let address = from;
    let cycles = 1;
    for (let n = 0; n <= 8 && this.fault === null; n++) {
      if (list & (1 << n)) {
        this.write(address | 0, 4, r[n === 8 ? 14 : n]);
        address += 4;
        cycles += Math.max(1, this.accessCycles);
      }
    }
    if (this.fault === null) {
      r[base] = base === 13 ? from : address;
    }
    return cycles;
  }

  /**
   * LDM and, with base 13 and PC as a ninth register, POP. The base is written back unless it is loaded.
   * @param {number} list Bit 8 = PC.
   * @param {number} base
   * @returns {number} Cycles.
   */
  loadMultiple(list, base) {
    const { r } = this;
    const loaded = [];
    let address = r[base];
    let cycles = 1;
    for (let n = 0; n <= 8; n++) {
      if (list & (1 << n)) {
        loaded.push(this.read(address | 0, 4));
        address += 4;
        cycles += Math.max(1, this.accessCycles);
      }
    }
    if (this.fault !== null) {
      return cycles;
    }
    r[base] = address;
    for (let n = 0, next = 0; n < 8; n++) {
      if (list & (1 << n)) {
        r[n] = loaded[next++];
      }
    }
    return list & 0x100 ? cycles + this.branchExchange(loaded[loaded.length - 1], 2) : cycles;
  }

  /**
   * Where BX, BLX and POP go: anywhere with the Thumb bit set, or out of an exception.
   * @param {number} target
   * @param {number} refill Cycles of an ordinary branch beyond the instruction's first.
   * @returns {number} Cycles beyond the instruction's first.
   */
  branchExchange(target, refill) {
    if (this.handlerMode && target >>> 28 === 0xf) {
      this.exceptionReturn(target);
      return EXCEPTION_EXIT_CYCLES - 1;
    }
    this.r[15] = target & ~1;
    if (!(target & 1)) {
      this.raise('branch to an address without the Thumb bit', target);
    }
    return refill;
  }

  /** ADD PC, MOV PC, BX and BLX. @param {number} op @returns {number} */
  branchRegister(op) {
    const { r, here } = this;
    const rm = (op >> 3) & 15;
    const target = rm === 15 ? here + 4 : r[rm];
    switch (op >>> 8) {
      case 0x44:
        r[15] = (here + 4 + target) & ~1;
        return 2;
      case 0x46:
        r[15] = target & ~1;
        return 2;
      default:
        if (op & 0x80) {
          r[14] = (here + 2) | 1;
          r[15] = target & ~1;
          if (!(target & 1)) {
            this.raise('branch to an address without the Thumb bit', target);
          }
          return 2;
        }
        return 1 + this.branchExchange(target, 1);
    }
  }

  /** The 0xB... group: PUSH, POP, CPS, BKPT, hints. @param {number} op @returns {number} */
  miscellaneous(op) {
    const { r } = this;
    switch (op >>> 8) {
      case 0xb4:
      case 0xb5: {
        const list = op & 0x1ff;
        let count = 0;
        for (let bits = list; bits; bits &= bits - 1) {
          count++;
        }
        return this.storeMultiple(list, r[13] - 4 * count, 13);
      }
      case 0xb6:
        if (op === 0xb662 || op === 0xb672) {
          this.PM = op === 0xb672;
          this.irqCheck = true;
          return 1;
        }
        break;
      case 0xbc:
      case 0xbd:
        return this.loadMultiple(op & 0x1ff, 13);
      case 0xbe:
        return this.breakpoint(op & 0xff);
      case 0xbf:
        if ((op & 0xf) === 0) {
          return this.hint((op >> 4) & 15);
        }
        break;
    }
    return this.undefinedInstruction(op);
  }

  /** @param {number} kind @returns {number} */
  hint(kind) {
    switch (kind) {
      case 2:
        this.waitForEvent();
        return 2;
      case 3:
        this.waitForInterrupt();
        return 2;
      case 4:
        this.sendEvent();
        return 1;
    }
    return 1; // NOP, YIELD, and hints of later architectures
  }

  /**
   * BKPT: the ROM's functions and debuggers live on it. A handler that returns false, or none, leaves a HardFault.
   * @param {number} code
   * @returns {number}
   */
  breakpoint(code) {
    this.breakRewind = 2;
    const onBreak = /** @type {((code: number) => unknown) | undefined} */ (this.rp2040.onBreak);
    if (onBreak === undefined || onBreak.call(this.rp2040, code) === false) {
      this.raise(`BKPT ${code} that nobody handles`, this.here);
    }
    return 1;
  }

  /** The 32-bit instructions of ARMv6-M but BL: MSR, MRS and the barriers. @param {number} op @returns {number} */
  wide(op) {
    const { r, here } = this;
    const second = this.read((here + 2) | 0, 2);
    if (this.fault !== null) {
      return 1;
    }
    // A fetch costs nothing of its own, but its miss in the XIP cache does.
    const cycles = 2 + this.accessCycles;
    if ((second & 0xd000) === 0xd000) {
      // A BL that leaves the region it is in, or whose halves lie in two.
      const s = (op << 21) >> 31;
      const i1 = ~((second >> 13) ^ s) & 1;
      const i2 = ~((second >> 11) ^ s) & 1;
      r[14] = (here + 4) | 1;
      r[15] =
        here + 4 + ((s << 24) | (i1 << 23) | (i2 << 22) | ((op & 0x3ff) << 12) | ((second & 0x7ff) << 1));
      return cycles;
    }
    if ((op & 0xfff0) === 0xf380 && second >>> 8 === 0x88) {
      this.writeSpecialRegister(second & 0xff, r[op & 15]);
    } else if (op === 0xf3ef && second >>> 12 === 8) {
      r[(second >> 8) & 15] = this.readSpecialRegister(second & 0xff);
    } else if (op !== 0xf3bf || (second & 0xff80) !== 0x8f00 || ![4, 5, 6].includes((second >> 4) & 15)) {
      return this.undefinedInstruction((op << 16) | second);
    }
    r[15] = here + 4;
    return cycles;
  }
}
