/** @file Architectural state of the Cortex-M0+ beside its instructions: exceptions, NVIC, sleep, special registers. */

/** @typedef {import('rp2040js').RP2040} RP2040 */

/**
 * Cycles from taking an exception to its first instruction: the worst-case interrupt latency with zero wait states
 * (Cortex-M0+ technical reference manual r0p1, 3.6.1).
 */
export const EXCEPTION_ENTRY_CYCLES = 15;
/**
 * Cycles of the BX or POP that ends a handler, with the unstacking. Arm publishes no number for the M0+: a POP of nine
 * words with PC takes 12, and the unstacking moves eight words and the status besides.
 */
export const EXCEPTION_EXIT_CYCLES = 13;

const EXC_NMI = 2;
const EXC_HARDFAULT = 3;
const EXC_SVCALL = 11;
const EXC_PENDSV = 14;
const EXC_SYSTICK = 15;
const FIRST_IRQ = 16;

/** One more than the lowest configurable priority: the level of code that no exception has interrupted. */
const THREAD_PRIORITY = 4;

const SCR_SLEEPONEXIT = 1 << 1;
const SCR_SEVONPEND = 1 << 4;

/** What the processor sleeps for. */
const WAIT_NOTHING = 0;
const WAIT_INTERRUPT = 1;
const WAIT_EVENT = 2;

/** @param {number} value @returns {string} The value as eight hexadecimal digits. */
export function hex(value) {
  return '0x' + (value >>> 0).toString(16).padStart(8, '0');
}

/** The state and the exception model; FastCore adds the bus and the instructions. */
export class ExceptionCore {
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

  /** True while the processor sleeps or is locked up: only time passes. */
  get waiting() {
    return this.waitingFor !== WAIT_NOTHING || this.lockedUp;
  }
  set waiting(value) {
    this.waitingFor = value ? WAIT_INTERRUPT : WAIT_NOTHING;
  }

  /** rp2040js's PPB sets this after it has changed what is pending. */
  get interruptsUpdated() {
    return this.irqCheck;
  }
  set interruptsUpdated(value) {
    this.irqCheck = value;
    if (value) {
      this.wakeIfDue();
    }
  }

  /** Ends the sleep if what is pending now ends it. */
  wakeIfDue() {
    // WFI ends even when PRIMASK keeps the interrupt from being taken; WFE only when it will be taken.
    if (this.waitingFor !== WAIT_NOTHING && this.nextException(this.waitingFor === WAIT_INTERRUPT)) {
      this.waitingFor = WAIT_NOTHING;
    }
  }

  /** WFI: sleeps until an interrupt is pending that PRIMASK alone would keep back. */
  waitForInterrupt() {
    this.waitingFor = WAIT_INTERRUPT;
    this.irqCheck = true;
    this.wakeIfDue();
  }

  /** WFE: uses up a registered event, or sleeps until one comes. */
  waitForEvent() {
    if (this.eventRegistered) {
      this.eventRegistered = false;
    } else {
      this.waitingFor = WAIT_EVENT;
      this.irqCheck = true;
      this.wakeIfDue();
    }
  }

  /** Registers an event, as SEV does here and on the other core. */
  sendEvent() {
    if (this.waitingFor === WAIT_EVENT) {
      this.waitingFor = WAIT_NOTHING;
    } else {
      this.eventRegistered = true;
    }
  }

  /**
   * Adds cycles to the instruction that is being executed, for work that happens outside the emulated processor.
   * @param {number} cycles
   */
  chargeCycles(cycles) {
    this.extraCycles += cycles;
  }

  /**
   * Drives an interrupt line, as rp2040js's peripherals do.
   * @param {number} irq 0-31
   * @param {boolean} value
   */
  setInterrupt(irq, value) {
    const bit = 1 << irq;
    if (!value) {
      this.interruptLines &= ~bit;
      return;
    }
    if (this.interruptLines & bit) {
      return;
    }
    this.interruptLines |= bit;
    if (this.interruptNMIMask & bit) {
      this.pendingNMI = true;
      this.interruptsUpdated = true;
    }
    this.pendInterrupts(bit);
  }

  /** @param {number} mask Interrupts that become pending. */
  pendInterrupts(mask) {
    const fresh = mask & ~this.pendingInterrupts;
    if (fresh) {
      this.pendingInterrupts |= fresh;
      if (this.SCR & SCR_SEVONPEND) {
        this.sendEvent();
      }
      this.interruptsUpdated = true;
    }
  }

  get pendSVPriority() {
    return (this.SHPR3 >>> 22) & 3;
  }
  get svCallPriority() {
    return this.SHPR2 >>> 30;
  }
  get systickPriority() {
    return this.SHPR3 >>> 30;
  }

  /** @param {number} n Exception number. @returns {number} Its priority; lower is more urgent. */
  exceptionPriority(n) {
    switch (n) {
      case EXC_NMI:
        return -2;
      case EXC_HARDFAULT:
        return -1;
      case EXC_SVCALL:
        return this.svCallPriority;
      case EXC_PENDSV:
        return this.pendSVPriority;
      case EXC_SYSTICK:
        return this.systickPriority;
    }
    if (n >= FIRST_IRQ) {
      const bit = 1 << (n - FIRST_IRQ);
      return this.interruptPriorities.findIndex((mask) => mask & bit);
    }
    return THREAD_PRIORITY;
  }

  /** @param {boolean} ignorePrimask @returns {number} Level that an exception must be more urgent than. */
  executionPriority(ignorePrimask) {
    // Nested exceptions are ever more urgent, so the innermost active one decides.
    const active = this.exceptionPriority(this.IPSR);
    return this.PM && !ignorePrimask ? Math.min(active, 0) : active;
  }

  /** @param {boolean} ignorePrimask @returns {number} The exception to be taken now, or 0. */
  nextException(ignorePrimask) {
    const level = this.executionPriority(ignorePrimask);
    if (this.pendingNMI && level > -2) {
      return EXC_NMI;
    }
    return this.mostUrgent(level);
  }

  /** @param {number} level @returns {number} The pending, enabled exception that is more urgent than `level`, or 0. */
  mostUrgent(level) {
    const irqs = this.pendingInterrupts & this.enabledInterrupts;
    if (!irqs && !this.pendingPendSV && !this.pendingSystick) {
      return 0;
    }
    for (let priority = 0; priority < level; priority++) {
      // Of equals, the lowest exception number goes first.
      if (this.pendingPendSV && this.pendSVPriority === priority) {
        return EXC_PENDSV;
      }
      if (this.pendingSystick && this.systickPriority === priority) {
        return EXC_SYSTICK;
      }
      const atLevel = irqs & this.interruptPriorities[priority];
      if (atLevel) {
        return FIRST_IRQ + 31 - Math.clz32(atLevel & -atLevel);
      }
    }
    return 0;
  }

  /** The exception that ICSR.VECTPENDING shows: PRIMASK does not hide it. */
  get vectPending() {
    return this.pendingNMI ? EXC_NMI : this.mostUrgent(THREAD_PRIORITY);
  }

  /** Takes the most urgent interrupt, if one is to be taken. @returns {number} Cycles. */
  takeInterrupt() {
    this.irqCheck = false;
    const n = this.nextException(false);
    if (!n) {
      return 0;
    }
    if (n === EXC_NMI) {
      this.pendingNMI = false;
    } else if (n === EXC_PENDSV) {
      this.pendingPendSV = false;
    } else if (n === EXC_SYSTICK) {
      this.pendingSystick = false;
    } else {
      this.pendingInterrupts &= ~(1 << (n - FIRST_IRQ));
    }
    this.exceptionEntry(n);
    return EXCEPTION_ENTRY_CYCLES;
  }

  /** SVC: entered at once, or a HardFault where its priority does not allow that. @returns {number} Cycles. */
  supervisorCall() {
    if (this.svCallPriority >= this.executionPriority(false)) {
      this.raise('SVC where its priority does not preempt', this.here);
      return 1;
    }
    this.exceptionEntry(EXC_SVCALL);
    return EXCEPTION_ENTRY_CYCLES;
  }

  /**
   * Notes a fault of the present instruction; the run loop takes it.
   * @param {string} reason
   * @param {number} address Where the HardFault's frame says it happened.
   */
  raise(reason, address) {
    if (this.fault === null) {
      this.fault = reason;
      this.faultAddress = address;
    }
  }

  /** Enters the HardFault handler for the noted fault, or locks up. @returns {number} Cycles. */
  takeFault() {
    const reason = `${this.fault} (PC ${hex(this.faultAddress)}, LR ${hex(this.r[14])})`;
    this.fault = null;
    this.faultReason ??= reason;
    this.r[15] = this.faultAddress & ~1;
    if (this.executionPriority(true) < 0) {
      this.lockedUp = true;
      return 1;
    }
    this.exceptionEntry(EXC_HARDFAULT);
    return EXCEPTION_ENTRY_CYCLES;
  }

  /**
   * Stacks the frame and goes to a handler. The frame's return address is r15.
   * @param {number} n Exception number.
   */
  exceptionEntry(n) {
    const { r } = this;
    const process = this.SPSEL && !this.handlerMode;
    const sp = process ? this.SPprocess : this.SPmain;
    const frame = (sp - 0x20) & ~4;
    if (process) {
      this.SPprocess = frame;
    } else {
      this.SPmain = frame;
    }
    const psr = this.xPSR | (sp & 4 ? 1 << 9 : 0);
    [r[0], r[1], r[2], r[3], r[12], r[14], r[15] & ~1, psr].forEach((word, index) => {
      this.writeWord(frame + 4 * index, word);
    });
    this.r[14] = this.handlerMode ? 0xfffffff1 : process ? 0xfffffffd : 0xfffffff9;
    this.handlerMode = true;
    this.IPSR = n;
    this.switchStack(0);
    this.waitingFor = WAIT_NOTHING;
    this.eventRegistered = true;
    if (n >= FIRST_IRQ) {
      this.activeInterrupts |= 1 << (n - FIRST_IRQ);
    }
    const vector = this.readWord(this.VTOR + 4 * n);
    r[15] = vector & ~1;
    if (this.fault !== null) {
      // The stack or the vector table is not there: the HardFault that follows on silicon meets the same and locks up.
      this.faultReason ??= `${this.fault} on exception entry ${n} (SP ${hex(sp)}, VTOR ${hex(this.VTOR)})`;
      this.fault = null;
      this.lockedUp = true;
    } else if (!(vector & 1)) {
      this.raise(`vector ${n} without the Thumb bit`, vector);
    }
  }

  /**
   * Unstacks a frame: what BX or POP does in handler mode with a value of 0xFxxxxxxx.
   * @param {number} excReturn
   */
  exceptionReturn(excReturn) {
    const kind = excReturn & 0xf;
    if (kind !== 0x1 && kind !== 0x9 && kind !== 0xd) {
      this.raise(`EXC_RETURN ${hex(excReturn)}`, excReturn);
      return;
    }
    if (this.IPSR >= FIRST_IRQ) {
      // A line that is still high makes its interrupt pending again, now that the handler is over.
      const bit = 1 << (this.IPSR - FIRST_IRQ);
      this.activeInterrupts &= ~bit;
      this.pendInterrupts(bit & this.interruptLines);
    }
    this.handlerMode = kind === 0x1;
    this.switchStack(kind === 0xd ? 1 : 0);
    const { r } = this;
    const frame = r[13];
    const words = [0, 4, 8, 12, 16, 20, 24, 28].map((offset) => this.readWord(frame + offset));
    [r[0], r[1], r[2], r[3], r[12], r[14], r[15]] = words;
    const psr = words[7];
    r[13] = (frame + 0x20) | (psr & (1 << 9) ? 4 : 0);
    this.APSR = psr;
    this.IPSR = this.handlerMode ? psr & 0x3f : 0;
    this.eventRegistered = true;
    this.irqCheck = true;
    if (this.fault !== null) {
      this.faultReason ??= `${this.fault} on exception return (SP ${hex(frame)})`;
      this.fault = null;
      this.lockedUp = true;
    } else if (!(psr & (1 << 24))) {
      this.raise('exception return without the Thumb bit', r[15]);
    } else if (!this.handlerMode && this.SCR & SCR_SLEEPONEXIT) {
      this.waitForInterrupt();
    }
    r[15] &= ~1;
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
