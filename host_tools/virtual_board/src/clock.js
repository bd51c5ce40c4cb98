/**
 * Simulated time: nanoseconds since the board process started, and the alarms that wait for it.
 *
 * It replaces rp2040js's own clock for two reasons. Time must be right in the middle of a stretch of
 * instructions (a peripheral that is written then asks "when is now?"), and an alarm set in the middle of such
 * a stretch must be able to end it. The list is sorted; boards have about twenty alarms at a time, most of them
 * near the front, so a linked list beats a heap.
 */

/**
 * What the clock needs to know of a processor: how far into the stretch it is, and how to end the stretch.
 * @typedef {{elapsed: number, stopRequested: boolean}} RunningCore
 */

export class Alarm {
  /**
   * @param {Clock} clock
   * @param {() => void} callback
   */
  constructor(clock, callback) {
    this.clock = clock;
    this.callback = callback;
    this.nanos = 0;
    this.scheduled = false;
    /** @type {Alarm | null} */
    this.next = null;
    /** @type {Alarm | null} */
    this.previous = null;
  }

  /** @param {number} deltaNanos from now */
  schedule(deltaNanos) {
    this.clock.link(this, this.clock.nanos + deltaNanos);
  }

  /** @param {number} nanos absolute */
  scheduleAt(nanos) {
    this.clock.link(this, nanos);
  }

  cancel() {
    if (this.scheduled) this.clock.unlink(this);
  }
}

const NEVER = Infinity;

export class Clock {
  constructor() {
    /** Time at the last point where no instruction was in flight. */
    this.now = 0;
    this.nanosPerCycle = 8;
    /** @type {Alarm | null} */
    this.first = null;
    /** @type {RunningCore | null} the processor that is executing a stretch right now */
    this.running = null;
  }

  get nanos() {
    const core = this.running;
    return core ? this.now + core.elapsed * this.nanosPerCycle : this.now;
  }

  get micros() {
    return this.nanos / 1000;
  }

  get nextAlarmNanos() {
    return this.first ? this.first.nanos : NEVER;
  }

  /** @param {() => void} callback */
  createAlarm(callback) {
    return new Alarm(this, callback);
  }

  /**
   * The processor's clock has changed, perhaps in the middle of a stretch: what has passed has passed.
   * @param {number} hz
   */
  setCycle(hz) {
    const nanosPerCycle = 1e9 / hz;
    if (this.running) {
      this.now += this.running.elapsed * (this.nanosPerCycle - nanosPerCycle);
      this.running.stopRequested = true;
    }
    this.nanosPerCycle = nanosPerCycle;
    this.now = this.nextCycle;
  }

  /** When the processor's next cycle begins: it steps in whole cycles since 0, whatever woke it in between. */
  get nextCycle() {
    return Math.ceil(this.now / this.nanosPerCycle - 1e-6) * this.nanosPerCycle;
  }

  /** @param {RunningCore} core */
  beginStretch(core) {
    this.running = core;
  }

  /** @param {number} cycles how long the stretch took, read-only-memory calls included */
  endStretch(cycles) {
    this.running = null;
    this.advanceTo(this.now + cycles * this.nanosPerCycle);
  }

  /**
   * Moves time on and calls every alarm on the way, each at its own time.
   * @param {number} target
   */
  advanceTo(target) {
    for (let alarm = this.first; alarm && alarm.nanos <= target; alarm = this.first) {
      this.unlink(alarm);
      if (alarm.nanos > this.now) this.now = alarm.nanos;
      alarm.callback();
    }
    if (target > this.now) this.now = target;
  }

  /**
   * @param {Alarm} alarm
   * @param {number} nanos
   */
  link(alarm, nanos) {
    if (alarm.scheduled) this.unlink(alarm);
    alarm.nanos = nanos;
    alarm.scheduled = true;
    let after = this.first;
    if (!after || nanos < after.nanos) {
      alarm.previous = null;
      alarm.next = after;
      if (after) after.previous = alarm;
      this.first = alarm;
      // The stretch in flight was measured to end at the old first alarm: it has to stop and be measured anew.
      if (this.running) this.running.stopRequested = true;
      return;
    }
    while (after.next && after.next.nanos <= nanos) after = after.next;
    alarm.previous = after;
    alarm.next = after.next;
    if (after.next) after.next.previous = alarm;
    after.next = alarm;
  }

  /** @param {Alarm} alarm */
  unlink(alarm) {
    if (alarm.previous) alarm.previous.next = alarm.next;
    else this.first = alarm.next;
    if (alarm.next) alarm.next.previous = alarm.previous;
    alarm.next = alarm.previous = null;
    alarm.scheduled = false;
  }
}

/** The same time, with alarms that die together: one for each life of the chip, ended by its reset. */
export class ClockOfOneLife {
  /** @param {Clock} clock */
  constructor(clock) {
    this.clock = clock;
    /** @type {Alarm[]} */
    this.alarms = [];
  }

  get nanos() {
    return this.clock.nanos;
  }

  get micros() {
    return this.clock.nanos / 1000;
  }

  /** @param {() => void} callback */
  createAlarm(callback) {
    const alarm = new Alarm(this.clock, callback);
    this.alarms.push(alarm);
    return alarm;
  }

  end() {
    for (const alarm of this.alarms) {
      alarm.cancel();
      alarm.callback = () => {};
    }
  }
}
