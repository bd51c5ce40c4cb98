/** @file Exceptions of the Cortex-M0+: what is pending and how urgent, entry and exit, faults, sleep. */
import { CoreState, FIRST_IRQ, WAIT_EVENT, WAIT_INTERRUPT, WAIT_NOTHING, hex } from './fast_core_state.js';

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

/** One more than the lowest configurable priority: the level of code that no exception has interrupted. */
const THREAD_PRIORITY = 4;

const SCR_SLEEPONEXIT = 1 << 1;
const SCR_SEVONPEND = 1 << 4;

/** Adds the exception model to the processor's state. */
export class ExceptionCore extends CoreState {
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
}
