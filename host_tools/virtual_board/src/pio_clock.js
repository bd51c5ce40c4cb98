/**
 * Gives rp2040js's PIO blocks the simulated clock; on their own they run as fast as the host computer allows.
 *
 * Once a microsecond each enabled state machine does the cycles that were due, its divider and delays counted, so
 * rates are right and edges are up to a microsecond early. Nothing on this board uses PIO; a firmware that needs
 * exact PIO edges needs a better model than this.
 */

const BURST_NANOS = 1000;

/**
 * @param {any} pio
 * @param {any} rp2040
 */
export function clockPio(pio, rp2040) {
  /** What each machine may still do, in its own cycles. @type {number[]} */
  const budgets = [0, 0, 0, 0];
  const alarm = rp2040.clock.createAlarm(() => {
    const cycles = (BURST_NANOS * rp2040.clkSys) / 1e9;
    pio.machines.forEach((/** @type {any} */ machine, /** @type {number} */ i) => {
      if (!machine.enabled) return;
      budgets[i] += cycles / ((machine.clockDivInt || 65536) + machine.clockDivFrac / 256);
      while (budgets[i] >= 1) {
        const before = machine.cycles;
        machine.step();
        pio.checkChangedPins();
        // A machine that waits uses up its time.
        budgets[i] = machine.waiting ? 0 : budgets[i] - Math.max(1, machine.cycles - before);
      }
    });
    if (!pio.stopped) alarm.schedule(BURST_NANOS);
  });
  pio.run = () => alarm.schedule(BURST_NANOS);
}
