/** The chip tests' workbench: the board as declared, a clock to turn, and the few frames that a player would send. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createChips } from '../src/chips/index.js';
import { REG } from '../src/chips/dac81416_registers.js';

const FIRMWARE = fileURLToPath(new URL('../../../firmware/src', import.meta.url));
const TO_JSON =
  'import board, json; print(json.dumps({k: v for k, v in vars(board).items() if k.isupper()}))';

/** `firmware/src/board.py`, the only declaration of the board. */
export const board = JSON.parse(
  execFileSync('python3', ['-B', '-c', TO_JSON], { cwd: FIRMWARE, encoding: 'utf8' }),
);

/** SPICONFIG values: awake; awake and streaming. */
export const AWAKE = 0x0a84;
export const STREAMING = 0x0a8c;

/**
 * @param {number} mode
 * @param {number} hz
 */
export function spi(mode, hz) {
  return { cpol: mode >> 1, cpha: mode & 1, hz };
}

/** How the firmware drives each converter; reads of the DAC go at the jack ADC's slower rate. */
export const TO_DAC = spi(1, board.DAC_SPI_HZ);
export const FROM_DAC = spi(1, board.JACK_ADC_SPI_HZ);
export const JACK = spi(board.JACK_ADC_SPI_MODE, board.JACK_ADC_SPI_HZ);

/** The index of a channel in the board's CV list. */
export const CV = Object.fromEntries(
  board.CV.map((/** @type {[string, number]} */ [name], /** @type {number} */ index) => [name, index]),
);

/**
 * A powered board, 2 ms after the switch.
 *
 * @param {import('../src/chips/index.js').ChipOptions & {powered?: boolean}} [options]
 */
export function workbench(options = {}) {
  const clock = { nanos: 0 };
  /** @type {{kind: number, index: number, value: number, nanos: number}[]} */
  const records = [];
  /** @type {string[]} */
  const misuses = [];
  const chips = createChips(board, clock, {
    seed: 7,
    onRecord: (kind, index, value) => records.push({ kind, index, value, nanos: clock.nanos }),
    misuse: (_chip, sentence) => misuses.push(sentence),
    ...options,
  });
  const { dac, jackAdc } = chips;
  chips.dac.ldac(1);
  if (options.powered ?? true) {
    chips.power.setSwitch(true);
    chips.power.hold(1);
    clock.nanos += 2_000_000;
  }

  /**
   * One frame to the DAC, in bytes; the bytes that come back.
   *
   * @param {number[]} bytes
   * @param {import('../src/chips/types.js').SpiSettings} [settings]
   */
  function dacFrame(bytes, settings = TO_DAC) {
    dac.select(true);
    const reply = bytes.map((byte) => dac.transfer(byte, 8, settings));
    clock.nanos += (bytes.length * 8e9) / settings.hz;
    dac.select(false);
    clock.nanos += 5_000;
    return reply;
  }

  const bench = {
    clock,
    chips,
    records,
    misuses,
    dacFrame,
    /**
     * @param {number} address
     * @param {number} value
     */
    dacWrite: (address, value) => dacFrame([address, value >> 8, value & 0xff]),
    /**
     * @param {number} address
     * @param {import('../src/chips/types.js').SpiSettings} [settings]
     */
    dacRead(address, settings = FROM_DAC) {
      dacFrame([0xc0 | address, 0, 0], settings);
      const [, high, low] = dacFrame([0, 0, 0], settings);
      return (high << 8) | low;
    },
    /**
     * @param {number} address
     * @param {number[]} words
     */
    dacStream: (address, words) => dacFrame([address, ...words.flatMap((word) => [word >> 8, word & 0xff])]),
    /** The board's ranges, all outputs on, all of them waiting for LDAC. */
    dacSetUp() {
      for (let quarter = 0; quarter < 4; quarter++) {
        let value = 0;
        for (let nibble = 0; nibble < 4; nibble++) value |= board.CV[quarter * 4 + nibble][1] << (4 * nibble);
        bench.dacWrite(REG.DACRANGE3 - quarter, value);
      }
      bench.dacWrite(REG.SYNCCONFIG, 0xffff);
      bench.dacWrite(REG.GENCONFIG, 0x3f00);
      bench.dacWrite(REG.SPICONFIG, AWAKE);
      bench.dacWrite(REG.DACPWDWN, 0);
    },
    /** LDAC low for a microsecond. */
    tick() {
      dac.ldac(0);
      clock.nanos += 1_000;
      dac.ldac(1);
      clock.nanos += 10_000;
    },
    /**
     * One 32-clock frame to the jack ADC: the result half.
     *
     * @param {number} command
     * @param {import('../src/chips/types.js').SpiSettings} [settings]
     */
    jackFrame(command, settings = JACK) {
      jackAdc.select(true);
      const bytes = [command >> 8, command & 0xff, 0, 0].map((byte) => jackAdc.transfer(byte, 8, settings));
      clock.nanos += 32e9 / settings.hz;
      jackAdc.select(false);
      clock.nanos += 2_000;
      return (bytes[2] << 8) | bytes[3];
    },
  };
  return bench;
}
