/** @file A firmware image on both cores, with rp2040js's own peripherals: the console says the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConsoleLogger, LogLevel, Simulator, USBCDC } from 'rp2040js';
import { installBootRom } from '../src/boot_rom.js';
import { installFastCore } from '../src/fast_core.js';
import { Flash } from '../src/flash.js';
import { IMAGE, skip } from './bench.js';

const NANOS_PER_CYCLE = 8;
/** The longest stretch without a look at the alarms, for the core that cannot be stopped in between. */
const STRETCH = 400;

/** Python that hashes, divides, allocates, computes floats, and runs native and viper code. */
const LINES = [
  'import sys, gc',
  'print(sys.implementation.name, 2**100 // 7**20, 1/3, [x*x for x in range(12)])',
  'd = {str(i): i for i in range(300)}; print(sum(d.values()), len(repr(d)))',
  String.raw`exec("@micropython.viper\ndef f(n: int) -> int:\n a = 1\n for i in range(n):\n  a = (a * 1103515 + i) >> 1\n return a")`,
  'print(f(1000)); gc.collect(); print(b"".join(bytes([i]) for i in range(9)))',
];

/**
 * @param {boolean} fast
 * @returns {string} What the console says during boot and to LINES.
 */
function consoleOf(fast) {
  const simulator = new Simulator();
  const { clock } = simulator;
  /** @type {any} */
  const chip = simulator.rp2040;
  chip.logger = new ConsoleLogger(LogLevel.Error, false);
  if (fast) {
    installFastCore(chip);
  } else {
    Object.assign(chip.core, { chargeCycles() {}, flushXip() {} });
  }
  const { core } = chip;
  const flash = new Flash(null);
  flash.load(IMAGE);
  chip.watchdog = { scratch: new Uint32Array(8) };
  installBootRom(chip, {
    idle() {},
    bootsel: () => assert.fail('no second boot stage'),
    flashJob({ kind, offset, bytes, data }) {
      for (let i = 0; i < bytes; i++) {
        chip.flash[offset + i] = kind === 'erase' ? 0xff : chip.flash[offset + i] & (data?.[i] ?? 0xff);
      }
    },
  });
  flash.moveTo(chip.flash);
  const cdc = new USBCDC(chip.usbCtrl);
  let text = '';
  cdc.onSerialData = (bytes) => {
    text += Buffer.from(bytes).toString('latin1');
  };
  cdc.onDeviceConnected = () => cdc.sendSerialByte(13);

  const runUntil = (/** @type {() => boolean} */ done) => {
    const end = clock.nanos + 3e9;
    while (!done()) {
      assert.ok(clock.nanos < end && (!fast || core.faultReason === null), `${core.faultReason} ${text}`);
      const toAlarm = clock.nanosToNextAlarm / NANOS_PER_CYCLE;
      if (core.waiting) {
        clock.tick((toAlarm > 0 ? toAlarm : 1) * NANOS_PER_CYCLE);
        continue;
      }
      const limit = Math.max(1, Math.min(toAlarm || STRETCH, STRETCH));
      let cycles = fast ? core.run(limit) : 0;
      while (!fast && cycles < limit && !core.waiting) {
        cycles += core.executeInstruction();
      }
      clock.tick(cycles * NANOS_PER_CYCLE);
    }
  };
  runUntil(() => text.endsWith('>>> '));
  for (const line of LINES) {
    const from = text.length;
    for (const byte of Buffer.from(`${line}\r`)) {
      cdc.sendSerialByte(byte);
    }
    runUntil(() => text.slice(from).endsWith('\n>>> '));
  }
  assert.match(text, /\\x07\\x08'\r\n>>> $/);
  return text;
}

test('a firmware image boots and computes the same on both cores', { skip }, () => {
  assert.equal(consoleOf(true), consoleOf(false));
});
