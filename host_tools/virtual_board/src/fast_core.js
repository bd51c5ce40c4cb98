/** @file A fast Cortex-M0+ for rp2040js: the same chip and peripherals, the instructions in one tight loop. */
import { makeFastLoop } from './fast_core_loop.js';
import { SlowCore } from './fast_core_slow.js';
import { warmUp } from './fast_core_warmup.js';

/** @typedef {import('rp2040js').RP2040} RP2040 */

/** The longest stretch for the tight loop, whose cycle count is an int32. */
const LONGEST_STRETCH = 1 << 30;

/** Drop-in replacement of rp2040js's CortexM0Core. */
export class FastCore extends SlowCore {
  /** @param {RP2040} rp2040 @param {number} xipMissCycles */
  constructor(rp2040, xipMissCycles) {
    super(rp2040, xipMissCycles);
    this.runFast = makeFastLoop(this);
  }

  /** rp2040js's single step. @returns {number} Cycles of one instruction, or of entering one exception. */
  executeInstruction() {
    return this.run(1);
  }

  /**
   * Executes until at least `maxCycles` have passed, the processor sleeps or is locked up, or `stopRequested` is set.
   * Exact to the instruction: it stops after the first one that reaches `maxCycles`.
   * @param {number} maxCycles
   * @returns {number} Cycles taken.
   */
  run(maxCycles) {
    this.stopRequested = false;
    if (this.lockedUp) {
      return 0;
    }
    const start = this.cycles;
    let cycles = 0;
    for (;;) {
      // An exception can have another one to follow at once: a fault in the first place an interrupt goes to.
      while ((this.fault !== null || this.irqCheck) && !this.lockedUp) {
        const entry = this.fault !== null ? this.takeFault() : this.takeInterrupt();
        cycles += entry;
        this.exceptionCycles[this.IPSR] += entry;
      }
      if (cycles >= maxCycles || this.stopRequested || this.waiting) {
        break;
      }
      this.elapsed = cycles;
      // The loop is left at the end of every exception, so a turn of it belongs to one handler, or to none.
      const handler = this.IPSR;
      const taken = this.runFast(Math.min(Math.ceil(maxCycles - cycles), LONGEST_STRETCH)) + this.extraCycles;
      cycles += taken;
      this.exceptionCycles[handler] += taken;
      this.extraCycles = 0;
    }
    this.elapsed = 0;
    // Not +=: rp2040js's SIO adds 8 cycles to the count at each division, which the processor does not spend.
    this.cycles = start + cycles;
    return cycles;
  }
}

/** True once V8 has seen the loop's cases; cores of the same process share what it has learnt. */
let warm = false;

/**
 * Puts a FastCore in the place of the chip's processor. To be called before a boot ROM is installed: it also replaces
 * `rp2040.onBreak`, whose default swallows breakpoints, by one that makes a BKPT nobody handles a HardFault. And before
 * anyone keeps `flash`, `sram` or `bootrom`: the chip gets others, views of one buffer, with the same contents.
 * @param {RP2040} rp2040
 * @param {object} [options]
 * @param {number} [options.xipMissCycles] Cost of a missed line of the XIP cache; 0, the default, turns it off.
 * @param {FastCore} [options.previous] The core of a chip that is no longer used, to be taken over with its memories
 *   and their contents: a power cycle then costs no new loop, and the first loop of a process is the fastest.
 * @returns {FastCore}
 */
export function installFastCore(rp2040, { xipMissCycles = 0, previous } = {}) {
  const core = previous ?? new FastCore(rp2040, xipMissCycles);
  if (!previous) {
    if (!warm) {
      warmUp(core);
      warm = true;
    }
    core.flash8.set(rp2040.flash);
    core.sram8.set(rp2040.sram);
    core.rom8.set(new Uint8Array(rp2040.bootrom.buffer));
  } else if (previous.xip.missCycles !== xipMissCycles) {
    throw new Error('the XIP cache of a core that is taken over cannot change');
  }
  rp2040.onBreak = /** @type {any} */ (() => false);
  core.attach(rp2040);
  return core;
}
