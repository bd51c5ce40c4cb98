/** A board that runs stock MicroPython, for tests: boots it, types into its raw REPL, returns what it prints. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Flash } from '../src/flash.js';
import { Machine } from '../src/machine.js';

/** The image that these tests run, from the environment; tests that need it are skipped without. */
export const IMAGE = process.env.MS20_TEST_IMAGE ?? '';
export const skip = IMAGE ? false : 'MS20_TEST_IMAGE names no MicroPython image';

const TO_JSON = `
import json, runpy, sys
names = runpy.run_path(sys.argv[1])
print(json.dumps({k: v for k, v in names.items() if k[0].isupper() and k == k.upper()}))
`;

/** The board declaration, as Python hands it to the server. @returns {any} */
export function boardDeclaration() {
  const source = fileURLToPath(new URL('../../../firmware/src/board.py', import.meta.url));
  return JSON.parse(execFileSync('python3', ['-c', TO_JSON, source], { encoding: 'utf8' }));
}

/**
 * @param {Partial<import('../src/machine.js').MachineOptions>} [options]
 * @returns {Machine} just switched on
 */
export function switchOnStock(options = {}) {
  const flash = new Flash(null);
  flash.load(IMAGE);
  const machine = new Machine({ board: boardDeclaration(), flash, ...options });
  machine.setSwitch(true);
  return machine;
}

/**
 * @param {Partial<import('../src/machine.js').MachineOptions>} [options]
 * @returns {Machine} switched on, at its prompt
 */
export function bootStock(options = {}) {
  const machine = switchOnStock(options);
  runUntil(machine, () => machine.console.text.endsWith('>>> '), 1e9);
  machine.chips.power.hold(true); // stock MicroPython knows nothing of POWER HOLD
  return machine;
}

/**
 * @param {Machine} machine
 * @param {() => boolean} done
 * @param {number} limit simulated nanoseconds
 */
export function runUntil(machine, done, limit) {
  const end = machine.clock.now + limit;
  while (!done()) {
    if (machine.clock.now >= end)
      throw new Error(`not done in time; the console says:\n${machine.console.lastLines}`);
    machine.run(machine.clock.now + 1e6);
    if (machine.crash) throw machine.crash;
  }
}

/**
 * Runs Python on the board and returns what it prints.
 * @param {Machine} machine
 * @param {string} code
 * @param {number} [limit] simulated nanoseconds
 */
export function exec(machine, code, limit = 60e9) {
  const begin = machine.console.text.length;
  machine.usb.type(Buffer.from('\r\x03\x01'));
  runUntil(machine, () => machine.console.text.slice(begin).includes('exit\r\n>'), 1e9);
  const start = machine.console.text.length;
  machine.usb.type(Buffer.from(`${code}\x04`));
  const ends = () => machine.console.text.slice(start).split('\x04').length - 1;
  runUntil(machine, () => ends() >= 2, limit);
  const [output, error] = machine.console.text.slice(start).split('\x04');
  if (error) throw new Error(error);
  return output.replace(/^OK/, '').replaceAll('\r\n', '\n');
}
