/** @file Registers of the NVIC and the system control block, which rp2040js's PPB models only in part. */

/** @typedef {import('./fast_core_exceptions.js').ExceptionCore} ExceptionCore */

const ACTLR = 0x008;
const ISER = 0x100;
const ICER = 0x180;
const ISPR = 0x200;
const ICPR = 0x280;
const IPR0 = 0x400;
const IPR7 = 0x41c;
const CPUID = 0xd00;
const ICSR = 0xd04;
const VTOR = 0xd08;
const AIRCR = 0xd0c;
const SCR = 0xd10;
const CCR = 0xd14;
const SHPR2 = 0xd1c;
const SHPR3 = 0xd20;
const SHCSR = 0xd24;
const MPU_TYPE = 0xd90;
const MPU_RASR = 0xda0;

const AIRCR_KEY = 0x05fa;
const AIRCR_READ_KEY = 0xfa05;
const AIRCR_SYSRESETREQ = 1 << 2;

/**
 * @param {ExceptionCore} core
 * @param {number} offset From 0xE000E000.
 * @returns {number | undefined} The register, or undefined for one that rp2040js's PPB has (SysTick).
 */
export function readSystemControl(core, offset) {
  if (offset >= IPR0 && offset <= IPR7) {
    let value = 0;
    for (let byte = 0; byte < 4; byte++) {
      const bit = 1 << (offset - IPR0 + byte);
      value |= core.interruptPriorities.findIndex((mask) => mask & bit) << (8 * byte + 6);
    }
    return value;
  }
  switch (offset) {
    case ISER:
    case ICER:
      return core.enabledInterrupts;
    case ISPR:
    case ICPR:
      return core.pendingInterrupts;
    case CPUID:
      return 0x410cc601;
    case ICSR:
      return (
        (core.pendingNMI ? 1 << 31 : 0) |
        (core.pendingPendSV ? 1 << 28 : 0) |
        (core.pendingSystick ? 1 << 26 : 0) |
        (core.pendingInterrupts ? 1 << 22 : 0) |
        (core.vectPending << 12) |
        core.IPSR
      );
    case VTOR:
      return core.VTOR;
    case AIRCR:
      return AIRCR_READ_KEY << 16;
    case SCR:
      return core.SCR;
    case CCR:
      return (1 << 9) | (1 << 3); // STKALIGN, UNALIGN_TRP: both fixed on ARMv6-M
    case SHPR2:
      return core.SHPR2;
    case SHPR3:
      return core.SHPR3;
    case ACTLR:
    case SHCSR:
      return 0;
  }
  return offset >= MPU_TYPE && offset <= MPU_RASR ? 0 : undefined;
}

/**
 * @param {ExceptionCore} core
 * @param {number} offset From 0xE000E000.
 * @param {number} value
 * @returns {boolean} False for a register that rp2040js's PPB has.
 */
export function writeSystemControl(core, offset, value) {
  if (offset >= IPR0 && offset <= IPR7) {
    for (let byte = 0; byte < 4; byte++) {
      const bit = 1 << (offset - IPR0 + byte);
      core.interruptPriorities = core.interruptPriorities.map((mask) => mask & ~bit);
      core.interruptPriorities[(value >>> (8 * byte + 6)) & 3] |= bit;
    }
    core.interruptsUpdated = true;
    return true;
  }
  switch (offset) {
    case ISER:
      core.enabledInterrupts |= value;
      core.interruptsUpdated = true;
      return true;
    case ICER:
      core.enabledInterrupts &= ~value;
      return true;
    case ISPR:
      core.pendInterrupts(value);
      return true;
    case ICPR:
      // A line that is still high stays pending, except while its handler runs.
      core.pendingInterrupts &= ~(value & ~(core.interruptLines & ~core.activeInterrupts));
      return true;
    case ICSR:
      core.pendingNMI ||= (value & (1 << 31)) !== 0;
      core.pendingPendSV = (core.pendingPendSV || (value & (1 << 28)) !== 0) && (value & (1 << 27)) === 0;
      core.pendingSystick = (core.pendingSystick || (value & (1 << 26)) !== 0) && (value & (1 << 25)) === 0;
      core.interruptsUpdated = true;
      return true;
    case VTOR:
      core.VTOR = value & ~0xff;
      return true;
    case AIRCR:
      if (value >>> 16 === AIRCR_KEY && value & AIRCR_SYSRESETREQ) {
        core.stopRequested = true;
        core.onSystemReset?.();
      }
      return true;
    case SCR:
      core.SCR = value & 0x16;
      return true;
    case SHPR2:
      core.SHPR2 = value & 0xc0000000;
      return true;
    case SHPR3:
      core.SHPR3 = value & 0xc0c00000;
      core.interruptsUpdated = true;
      return true;
    case ACTLR:
    case CPUID:
    case CCR:
    case SHCSR:
      return true;
  }
  // The MPU is not modelled: its registers read as zero, so that software finds no regions.
  return offset >= MPU_TYPE && offset <= MPU_RASR;
}
