/** The wires that both converters hang on, where only one may be selected. */
import { CHIP } from './reports.js';

/**
 * A chip's select has gone low.
 *
 * @param {import('./types.js').SharedBus} bus
 * @param {number} chipBit
 * @param {import('./reports.js').Reports} reports
 */
export function takeBus(bus, chipBit, reports) {
  bus.selected |= chipBit;
  if (bus.selected !== chipBit) reports.misuse(CHIP.BUS, 'both converters are selected at once');
}
