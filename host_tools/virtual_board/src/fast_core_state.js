/** @file Architectural state of the Cortex-M0+: registers, flags, the two stacks, special registers, and its reset. */

/** @typedef {import('rp2040js').RP2040} RP2040 */

/** The exception number of interrupt 0. */
export const FIRST_IRQ = 16;

/** What the processor sleeps for. */
export const WAIT_NOTHING = 0;
export const WAIT_INTERRUPT = 1;
export const WAIT_EVENT = 2;

/** @param {number} value @returns {string} The value as eight hexadecimal digits. */
export function hex(value) {
  return '0x' + (value >>> 0).toString(16).padStart(8, '0');
}

/** What the processor is; exceptions, the bus and the instructions are added by the classes that extend it. */
export class CoreState {
  /** @param {RP2040} rp2040 The chip whose processor this is. */
  constructor(rp2040) {
    /** @type {RP2040} */
    this.rp2040 = rp2040;
    /** r0-r15 as rp2040js shows them; r15 is the address of the next instruction, right only outside run(). */
    this.registers = new Uint32Array(16);
    /** The same registers, signed: int32 arithmetic stays in machine integers, uint32 would not. */
    this.r = new Int32Array(this.registers.buffer);
    /** Flags as the int32 results they derive from: N and V are the sign bits of their words. */
    this.nWord = 0;
    /** Z is set when this is 0. It is apart from `nWord` because MSR can set N and Z together. */
    this.zWord = 1;
    /** C is the sign bit: the logical formula of a carry ends there, and costs no comparison. */
    this.cWord = 0;
    this.vWord = 0;
    /** Processor cycles since the last reset from outside run(), sleep not counted. */
    this.cycles = 0;
    /** How many cycles the present run() had taken when the instruction that now uses the bus began. */
    this.elapsed = 0;
    /** Cycles spent in each exception's handler, entry and exit included, by its number; 0 = in none. */
    this.exceptionCycles = new Float64Array(FIRST_IRQ + 32);
    /** Cycles charged by chargeCycles() and not yet counted. */
    this.extraCycles = 0;
    /** Set by a peripheral that needs run() to return after the present instruction. */
    this.stopRequested = false;
    /** @type {(() => void) | null} Called when firmware asks for a system reset (AIRCR.SYSRESETREQ). */
    this.onSystemReset = null;
    /** @type {string | null} Why the first HardFault since the reset happened. */
    this.faultReason = null;
    /** @type {string | null} A fault the present instruction has met and that is still to be taken. */
    this.fault = null;
    /** Address that the frame of the HardFault gets. */
    this.faultAddress = 0;
    /** True after a fault inside the HardFault or NMI handler: silicon stops there until a reset. */
    this.lockedUp = false;
    /** Address of the instruction that has left the tight loop, for its faults. */
    this.here = 0;
    this.bankedSP = 0;
    this.SPSEL = 0;
    this.nPRIV = false;
    this.handlerMode = false;
    this.PM = false;
    this.IPSR = 0;
    this.eventRegistered = false;
    this.waitingFor = WAIT_NOTHING;
    /** True when an interrupt may have become takeable since the last look. */
    this.irqCheck = false;
    this.interruptNMIMask = 0;
    /** Interrupt lines as the peripherals drive them. */
    this.interruptLines = 0;
    this.pendingInterrupts = 0;
    this.activeInterrupts = 0;
    this.enabledInterrupts = 0;
    /** Mask of the interrupts at each of the four priorities. */
    this.interruptPriorities = [-1, 0, 0, 0];
    this.pendingNMI = false;
    this.pendingPendSV = false;
    /** Always false: SVC is taken at once. rp2040js's PPB reads it. */
    this.pendingSVCall = false;
    this.pendingSystick = false;
    this.VTOR = 0;
    this.SHPR2 = 0;
    this.SHPR3 = 0;
    this.SCR = 0;
    /** rp2040js's way to let a debugger step back over a breakpoint. */
    this.breakRewind = 0;
  }

  /**
   * Resets the processor as power-on does, and loads SP and PC from address 0. The other registers become 0, LR too:
   * silicon has 0xFFFFFFFF there, but boot code that is entered without a ROM takes 0 for "nobody to return to".
   */
  reset() {
    this.registers.fill(0);
    this.nWord = this.cWord = this.vWord = this.cycles = this.elapsed = this.extraCycles = 0;
    this.zWord = 1;
    this.bankedSP = this.SPSEL = this.IPSR = 0;
    this.nPRIV = this.handlerMode = this.PM = this.eventRegistered = this.irqCheck = false;
    this.waitingFor = WAIT_NOTHING;
    this.fault = this.faultReason = null;
    this.lockedUp = this.stopRequested = false;
    this.pendingInterrupts = this.interruptLines;
    this.activeInterrupts = this.enabledInterrupts = 0;
    this.interruptPriorities = [-1, 0, 0, 0];
    this.pendingNMI = this.pendingPendSV = this.pendingSystick = false;
    this.VTOR = this.SHPR2 = this.SHPR3 = this.SCR = 0;
    this.SP = this.readWord(0);
    this.PC = this.readWord(4) & ~1;
  }

  get SP() {
    return this.registers[13];
  }
  set SP(value) {
    this.registers[13] = value & ~3;
  }
  get LR() {
    return this.registers[14];
  }
  set LR(value) {
    this.registers[14] = value;
  }
  get PC() {
    return this.registers[15];
  }
  set PC(value) {
    this.registers[15] = value & ~1;
  }
  get N() {
    return this.nWord < 0;
  }
  set N(value) {
    this.nWord = value ? -1 : 0;
  }
  get Z() {
    return this.zWord === 0;
  }
  set Z(value) {
    this.zWord = value ? 0 : 1;
  }
  get C() {
    return this.cWord < 0;
  }
  set C(value) {
    this.cWord = value ? -1 : 0;
  }
  get V() {
    return this.vWord < 0;
  }
  set V(value) {
    this.vWord = value ? -1 : 0;
  }
  get APSR() {
    return (
      ((this.nWord < 0 ? 0x80000000 : 0) |
        (this.zWord === 0 ? 0x40000000 : 0) |
        (this.cWord < 0 ? 0x20000000 : 0) |
        (this.vWord < 0 ? 0x10000000 : 0)) >>>
      0
    );
  }
  set APSR(value) {
    this.nWord = value | 0;
    this.zWord = value & 0x40000000 ? 0 : 1;
    this.cWord = value << 2;
    this.vWord = value << 3;
  }
  get xPSR() {
    return (this.APSR | this.IPSR | (1 << 24)) >>> 0;
  }
  set xPSR(value) {
    this.APSR = value;
    this.IPSR = value & 0x3f;
  }
  /** 0 = thread mode, 1 = handler mode, as in rp2040js. */
  get currentMode() {
    return this.handlerMode ? 1 : 0;
  }
  get SPmain() {
    return this.SPSEL ? this.bankedSP : this.SP;
  }
  set SPmain(value) {
    if (this.SPSEL) {
      this.bankedSP = (value & ~3) >>> 0;
    } else {
      this.SP = value;
    }
  }
  get SPprocess() {
    return this.SPSEL ? this.SP : this.bankedSP;
  }
  set SPprocess(value) {
    if (this.SPSEL) {
      this.SP = value;
    } else {
      this.bankedSP = (value & ~3) >>> 0;
    }
  }

  /** @param {number} stack 0 = main, 1 = process. */
  switchStack(stack) {
    if (this.SPSEL !== stack) {
      const other = this.SP;
      this.SP = this.bankedSP;
      this.bankedSP = other;
      this.SPSEL = stack;
    }
  }

  /**
   * Adds cycles to the instruction that is being executed, for work that happens outside the emulated processor.
   * @param {number} cycles
   */
  chargeCycles(cycles) {
    this.extraCycles += cycles;
  }

  /** @param {number} sysm Register number of MRS. @returns {number} */
  readSpecialRegister(sysm) {
    switch (sysm) {
      case 0:
      case 2:
        return this.APSR; // EPSR reads as zero
      case 1:
      case 3:
        return this.APSR | this.IPSR;
      case 5:
      case 7:
        return this.IPSR;
      case 8:
        return this.SPmain;
      case 9:
        return this.SPprocess;
      case 16:
        return this.PM ? 1 : 0;
      case 20:
        return (this.SPSEL ? 2 : 0) | (this.nPRIV ? 1 : 0);
    }
    return 0;
  }

  /** @param {number} sysm Register number of MSR. @param {number} value */
  writeSpecialRegister(sysm, value) {
    switch (sysm) {
      case 0:
      case 1:
      case 2:
      case 3:
        this.APSR = value; // IPSR and EPSR ignore writes
        break;
      case 8:
        this.SPmain = value;
        break;
      case 9:
        this.SPprocess = value;
        break;
      case 16:
        this.PM = (value & 1) !== 0;
        this.irqCheck = true;
        break;
      case 20:
        this.nPRIV = (value & 1) !== 0;
        if (!this.handlerMode) {
          this.switchStack(value & 2 ? 1 : 0);
        }
        break;
    }
  }

  /**
   * A word without its cost, for frames and vectors; the bus below the core supplies it.
   * @abstract
   * @param {number} _address
   * @returns {number}
   */
  readWord(_address) {
    throw new Error('readWord is the bus');
  }

  /**
   * @abstract
   * @param {number} _address
   * @param {number} _value
   */
  writeWord(_address, _value) {
    throw new Error('writeWord is the bus');
  }
}
