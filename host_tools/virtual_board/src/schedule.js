/**
 * Things that are to happen at given times, thousands of them, behind a single alarm.
 *
 * A whole MIDI file is scheduled in one go; one alarm for each message would make the clock's list, which is
 * searched from the front, the slowest thing on the board.
 */
import { Alarm } from './clock.js';

/** @template T */
export class Schedule {
  /**
   * @param {import('./clock.js').Clock} clock
   * @param {(item: T) => void} due
   */
  constructor(clock, due) {
    this.clock = clock;
    this.due = due;
    /** Soonest first; what has been is cut off now and then. @type {{at: number, item: T}[]} */
    this.items = [];
    this.next = 0;
    this.alarm = new Alarm(clock, () => this.fire());
  }

  /** @param {{at: number, item: T}[]} added in any order; of equal times, the first given comes first */
  add(added) {
    const ordered = [...added].sort((a, b) => a.at - b.at);
    const waiting = this.items.slice(this.next);
    this.next = 0;
    if (!ordered.length) this.items = waiting;
    else if (!waiting.length || waiting[waiting.length - 1].at <= ordered[0].at)
      this.items = waiting.concat(ordered);
    else this.items = waiting.concat(ordered).sort((a, b) => a.at - b.at);
    this.arm();
  }

  clear() {
    this.items = [];
    this.next = 0;
    this.alarm.cancel();
  }

  get pending() {
    return this.items.length - this.next;
  }

  arm() {
    if (this.next < this.items.length) this.alarm.scheduleAt(this.items[this.next].at);
    else this.clear();
  }

  fire() {
    const { nanos } = this.clock;
    while (this.next < this.items.length && this.items[this.next].at <= nanos)
      this.due(this.items[this.next++].item);
    this.arm();
  }
}
