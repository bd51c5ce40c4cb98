/** The least that a peripheral needs around it: time, DMA, interrupt lines that can be looked at. */
import { Clock } from '../src/clock.js';
import { Dma } from '../src/dma.js';
import { GpioBank } from '../src/gpio.js';

export function fakeChip() {
  const clock = new Clock();
  /** @type {any} */
  const rp2040 = {
    clock,
    clkSys: 125e6,
    clkPeri: 125e6,
    sram: new Uint8Array(0x42000),
    /** @type {Map<number, boolean>} */
    lines: new Map(),
    /** @type {string[]} */
    warnings: [],
    /** @type {any[]} */
    pio: [],
    sio: { gpioOutputEnable: 0, gpioValue: 0 },
    /** @type {Map<number, any>} by address over 16384 */
    peripherals: new Map(),
    setInterrupt: (/** @type {number} */ irq, /** @type {boolean} */ on) => rp2040.lines.set(irq, on),
    addClockListener: () => {},
    findPeripheral: (/** @type {number} */ address) => rp2040.peripherals.get(address >>> 14),
    readUint8: (/** @type {number} */ address) => rp2040.sram[address - 0x20000000],
    writeUint8: (/** @type {number} */ address, /** @type {number} */ value) =>
      void (rp2040.sram[address - 0x20000000] = value),
    logger: { warn: (/** @type {string} */ _, /** @type {string} */ text) => rp2040.warnings.push(text) },
  };
  rp2040.dma = new Dma(rp2040);
  /** @type {[number, number, boolean][]} time, pin, level */
  const edges = [];
  rp2040.bank = new GpioBank(rp2040, (pin, level) => edges.push([clock.nanos, pin, level]));
  rp2040.gpio = rp2040.bank.pads;
  return { clock, rp2040, edges };
}
