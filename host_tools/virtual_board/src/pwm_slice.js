/** One of the eight PWM slices: a counter, two compare levels, one alarm for whatever happens next (datasheet 4.5.2). */

export const CSR = 0x00;
const DIV = 0x04;
const CTR = 0x08;
const CC = 0x0c;
const TOP = 0x10;
export const SLICE_SIZE = 0x14;

export const CSR_EN = 1;
const CSR_PH_CORRECT = 2;
const CSR_A_INV = 4;
const CSR_B_INV = 8;
const CSR_PH_RET = 1 << 6;
const CSR_PH_ADV = 1 << 7;
/** DIVMODE: 0 free-running, 1 while B is high, 2 on B's rising edge, 3 on its falling edge. */
const FREE_RUNNING = 0;
const GATED = 1;
const RISING = 2;

export class Slice {
  // Registers; CC and TOP as they act now and as they will from the next period on.
  csr = 0;
  div = 1 << 4;
  cc = 0;
  nextCc = 0;
  top = 0xffff;
  nextTop = 0xffff;
  running = false;
  /** When the counter was 0, while running; else the counter stands at `held`. */
  start = 0;
  held = 0;
  /** Edges of the B pin that have not yet made up a tick, in sixteenths. */
  edgesCounted = 0;
  /** Nanoseconds. */
  tick = 8;

  /**
   * @param {import('./pwm.js').Pwm} pwm
   * @param {any} clock
   * @param {number} index
   */
  constructor(pwm, clock, index) {
    this.pwm = pwm;
    this.clock = clock;
    this.index = index;
    this.alarm = clock.createAlarm(() => this.event());
    this.pinsA = index < 7 ? [2 * index, 16 + 2 * index] : [2 * index];
    this.pinsB = this.pinsA.map((pin) => pin + 1);
    this.timer = { frequency: 0 }; // rp2040js writes it when clk_sys changes; `clockChanged` does the work
    this.reset();
  }

  reset() {
    this.alarm.cancel();
    this.csr = 0;
    this.div = 1 << 4;
    this.cc = this.nextCc = 0;
    this.top = this.nextTop = 0xffff;
    this.running = false;
    this.start = this.held = this.edgesCounted = 0;
    this.tick = this.tickNanos();
    this.showOutputs(false);
  }

  get mode() {
    return (this.csr >>> 4) & 3;
  }

  get period() {
    return this.csr & CSR_PH_CORRECT ? 2 * Math.max(1, this.top) : this.top + 1;
  }

  tickNanos() {
    const whole = this.div >>> 4 || 256;
    return ((whole + (this.div & 15) / 16) * 1e9) / this.pwm.clockHz;
  }

  /** Ticks since the period began. */
  position() {
    if (!this.running) return this.held;
    // A tick that is due at this very instant has happened: the tolerance is far below one cycle.
    return Math.floor((this.clock.nanos - this.start) / this.tick + 1e-6) % this.period;
  }

  get counter() {
    const position = this.position();
    return this.csr & CSR_PH_CORRECT && position > this.top ? 2 * this.top - position : position;
  }

  /** @param {number} position ticks since the period began */
  moveTo(position) {
    this.held = ((position % this.period) + this.period) % this.period;
    this.start = this.clock.nanos - this.held * this.tick;
    this.showOutputs(true);
    this.scheduleNext();
  }

  updateRunning() {
    const position = this.position();
    const gate = this.pinsB.some((pin) => this.pwm.inputs & (1 << pin));
    this.running = !!(this.csr & CSR_EN) && (this.mode === FREE_RUNNING || (this.mode === GATED && gate));
    this.moveTo(position);
  }

  /** Registers that act at once or, if the slice runs, at the wrap (datasheet 4.5.2.4). */
  takeBuffered() {
    this.cc = this.nextCc;
    this.top = this.nextTop;
  }

  /** @param {number} offset */
  read(offset) {
    switch (offset) {
      case CSR:
        return this.csr;
      case DIV:
        return this.div;
      case CTR:
        return this.counter;
      case CC:
        return this.nextCc;
      default:
        return this.nextTop;
    }
  }

  /**
   * @param {number} offset
   * @param {number} value
   */
  write(offset, value) {
    switch (offset) {
      case CSR:
        this.csr = value & 0x3f;
        this.pwm.setDirection(this.pinsB, this.mode === FREE_RUNNING);
        if (value & CSR_EN) {
          if (value & CSR_PH_ADV) this.moveTo(this.position() + 1);
          if (value & CSR_PH_RET) this.moveTo(this.position() - 1);
        }
        this.updateRunning();
        break;
      case DIV: {
        const position = this.position();
        this.div = value & 0xfff;
        this.tick = this.tickNanos();
        this.moveTo(position);
        break;
      }
      case CTR:
        this.moveTo(value & 0xffff);
        break;
      case CC:
        this.nextCc = value >>> 0;
        break;
      case TOP:
        this.nextTop = value & 0xffff;
    }
    if (offset === CC || offset === TOP) {
      if (this.running) return;
      this.takeBuffered();
      this.moveTo(this.held);
    }
  }

  /** Rotates or gates the slice by its B pin. @param {boolean} level */
  inputChanged(level) {
    if (!(this.csr & CSR_EN)) return;
    if (this.mode === GATED) return this.updateRunning();
    if (this.mode === FREE_RUNNING || level !== (this.mode === RISING)) return;
    this.edgesCounted += 16;
    if (this.edgesCounted < this.div) return;
    this.edgesCounted -= this.div;
    if (this.held + 1 >= this.period) this.wrapped();
    this.moveTo(this.held + 1);
  }

  clockChanged() {
    const position = this.position();
    this.tick = this.tickNanos();
    this.moveTo(position);
  }

  /** @param {boolean} onlyIfChanged */
  showOutputs(onlyIfChanged) {
    const { counter } = this;
    this.pwm.setOutput(this.pinsA, counter < (this.cc & 0xffff) !== !!(this.csr & CSR_A_INV), onlyIfChanged);
    if (this.mode === FREE_RUNNING)
      this.pwm.setOutput(this.pinsB, counter < this.cc >>> 16 !== !!(this.csr & CSR_B_INV), onlyIfChanged);
  }

  /** The next instant at which an output or the counter's wrap does something. */
  scheduleNext() {
    if (!this.running) return this.alarm.cancel();
    const { period } = this;
    const position = (this.clock.nanos - this.start) / this.tick + 1e-6;
    let next = period;
    for (let channel = 0; channel < 2; channel++) {
      const level = channel ? this.cc >>> 16 : this.cc & 0xffff;
      if (level > position && level < next) next = level;
      const back = period + 1 - level; // phase-correct: where the counter comes back below the level
      if (this.csr & CSR_PH_CORRECT && level && back > position && back < next) next = back;
    }
    this.alarm.scheduleAt(this.start + next * this.tick);
  }

  event() {
    const end = this.start + this.period * this.tick;
    if (this.clock.nanos >= end - this.tick / 2) {
      this.start = end;
      this.wrapped();
    }
    this.showOutputs(true);
    this.scheduleNext();
  }

  wrapped() {
    this.takeBuffered();
    this.pwm.raise(this.index);
  }
}
