/** Keys, LEDs, plugs, triggers, tuning edges and the power switch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KIND } from '../src/chips/index.js';
import { PowerLatch } from '../src/chips/power_latch.js';
import { board, spi, workbench } from './chips_bench.js';

const SHIFT_SPI = spi(board.SHIFT_SPI_MODE, board.SHIFT_SPI_HZ);
const SPARE_IN_BITS = board.SHIFT_OUT_BITS - board.SHIFT_IN_BITS;

/** @param {ReturnType<typeof workbench>} bench */
function shifter({ chips }) {
  chips.latch(1);
  return {
    /** @param {number} word */
    transfer(word) {
      let reply = 0;
      for (let shift = board.SHIFT_OUT_BITS - 8; shift >= 0; shift -= 8) {
        reply = (reply << 8) | chips.shift.transfer((word >>> shift) & 0xff, 8, SHIFT_SPI);
      }
      return reply >>> SPARE_IN_BITS;
    },
    latch() {
      chips.latch(0);
      chips.latch(1);
    },
    /**
     * The word shown, and then what the inputs are.
     *
     * @param {number} word
     */
    show(word) {
      this.transfer(word);
      this.latch();
      this.latch();
      return this.transfer(word);
    },
  };
}

const driving = (/** @type {number} */ row) => 1 << (board.OUT_KEY_ROW_0 + row);
const columns = (/** @type {number} */ word) =>
  (word >>> board.IN_KEY_COLUMN_0) & ((1 << board.KEY_COLUMNS) - 1);

test('the 595s show a word at the rising edge of the latch, and not before', () => {
  const bench = workbench();
  const { transfer, latch } = shifter(bench);
  transfer(0xabcdef);
  assert.equal(bench.chips.shift.outputs, 0);
  bench.chips.latch(0);
  assert.equal(bench.chips.shift.outputs, 0);
  bench.chips.latch(1);
  assert.equal(bench.chips.shift.outputs, 0xabcdef);
  transfer(0x000001);
  latch();
  assert.equal(bench.chips.shift.outputs, 0x000001, 'bit 0 is the last one in');
});

test('the first 16 bits that come back are the 165s, bit 15 first; then zeros', () => {
  const bench = workbench();
  shifter(bench);
  for (const [jack] of board.PLUGS) bench.chips.setJack(jack, 0);
  bench.chips.setKey(0, true);
  bench.chips.shift.transfer(driving(0), board.SHIFT_OUT_BITS);
  bench.chips.latch(0);
  bench.chips.latch(1);
  bench.chips.latch(0);
  bench.chips.latch(1);
  const plugs = board.PLUGS.reduce(
    (/** @type {number} */ word, /** @type {[string, number]} */ [, bit]) => word | (1 << bit),
    0,
  );
  const reply = bench.chips.shift.transfer(0, board.SHIFT_OUT_BITS);
  assert.equal(reply >>> SPARE_IN_BITS, plugs | (1 << board.IN_KEY_COLUMN_0));
  assert.equal(reply & ((1 << SPARE_IN_BITS) - 1), 0);
});

test('a row answers two transfers after its word went out: the pipeline of one latch pin', () => {
  const bench = workbench();
  const { transfer, latch } = shifter(bench);
  bench.chips.setKey(2 * board.KEY_COLUMNS + 1, true);
  transfer(driving(2));
  latch();
  assert.equal(columns(transfer(driving(3))), 0, 'loaded while the row before was shown');
  latch();
  assert.equal(columns(transfer(driving(4))), 1 << 1, 'row 2 as shown until this latch');
  latch();
  assert.equal(columns(transfer(driving(5))), 0, 'row 3');
});

test('each of the 37 keys lights its own column in its own row, and no other', () => {
  const bench = workbench();
  const shift = shifter(bench);
  for (let key = 0; key < board.KEY_COUNT; key++) {
    bench.chips.setKey(key, true);
    for (let row = 0; row < board.KEY_ROWS; row++) {
      const expected = row === Math.floor(key / board.KEY_COLUMNS) ? 1 << key % board.KEY_COLUMNS : 0;
      assert.equal(columns(shift.show(driving(row))), expected, `key ${key}, row ${row}`);
    }
    bench.chips.setKey(key, false);
  }
  assert.throws(() => bench.chips.setKey(board.KEY_COUNT, true), RangeError);
});

test('chords have no ghosts: three corners of a rectangle do not make the fourth', () => {
  const bench = workbench();
  const shift = shifter(bench);
  const corner = (/** @type {number} */ row, /** @type {number} */ column) =>
    row * board.KEY_COLUMNS + column;
  for (const key of [corner(1, 0), corner(1, 3), corner(4, 0)]) bench.chips.setKey(key, true);
  assert.equal(columns(shift.show(driving(1))), 0b01001);
  assert.equal(columns(shift.show(driving(4))), 0b00001);
  assert.equal(columns(shift.show(driving(0))), 0);
  assert.equal(columns(shift.show(driving(1) | driving(4))), 0b01001, 'two rows driven show both');
  for (let key = 0; key < board.KEY_COUNT; key++) bench.chips.setKey(key, true);
  const last = board.KEY_COUNT % board.KEY_COLUMNS;
  assert.equal(columns(shift.show(driving(board.KEY_ROWS - 1))), (1 << last) - 1, 'the last row is short');
});

test('only a change of LEDs, waves or tune source is recorded; the key rows are masked out', () => {
  const bench = workbench();
  const shift = shifter(bench);
  const [, standby] = board.LEDS[0];
  bench.records.length = 0;
  for (let row = 0; row < board.KEY_ROWS; row++) shift.show((1 << standby) | driving(row));
  const shown = bench.records.filter(({ kind }) => kind === KIND.SHIFT_OUT);
  assert.deepEqual(
    shown.map(({ value }) => value),
    [1 << standby],
  );
  assert.deepEqual(bench.chips.leds, ['STANDBY ON']);
  shift.show(2 << board.OUT_TUNE_MUX);
  assert.equal(board.TUNE_SOURCES[bench.chips.tuneSource], 'HPF');
  assert.deepEqual(bench.chips.leds, []);
});

test('clocking the shift registers with the latch low, too fast or in a wrong mode is misuse', () => {
  const { chips, misuses } = workbench();
  chips.latch(0);
  chips.shift.transfer(0, 8, SHIFT_SPI);
  chips.latch(1);
  chips.shift.transfer(0, 8, spi(0, 31_250_000));
  chips.shift.transfer(0, 8, spi(1, board.SHIFT_SPI_HZ));
  assert.deepEqual(misuses, [
    'clocked while the latch pin was low: the 74HC165 do not shift',
    'the shift clock is faster than 20 MHz',
    'the shift registers want SPI mode 0',
  ]);
});

test('a plug closes its own switch, whatever the voltage, and pulling it opens it', () => {
  const bench = workbench();
  const shift = shifter(bench);
  for (const [jack, bit] of board.PLUGS) {
    bench.chips.setJack(jack, 0);
    assert.equal(shift.show(0), 1 << bit, jack);
    bench.chips.setJack(jack, null);
    assert.equal(shift.show(0), 0, jack);
  }
  assert.throws(() => bench.chips.setJack('HEADPHONES', 1), RangeError);
});

test('a trigger jack is triggered below 1.3 V; open or unplugged it is not', () => {
  const { chips } = workbench();
  for (const jack of ['TRIG IN', 'EG1 TRIG IN']) {
    assert.equal(chips.triggerPinLevel(jack), 1);
    chips.setJack(jack, 0);
    assert.equal(chips.triggerPinLevel(jack), 0);
    chips.setJack(jack, board.S_TRIG_THRESHOLD_VOLTS - 0.01);
    assert.equal(chips.triggerPinLevel(jack), 0);
    chips.setJack(jack, board.S_TRIG_THRESHOLD_VOLTS + 0.01);
    assert.equal(chips.triggerPinLevel(jack), 1);
    chips.setJack(jack, null);
    assert.equal(chips.triggerPinLevel(jack), 1);
  }
});

test('tuning edges come at twice the frequency, without drift over a minute of 261.63 Hz', () => {
  const { chips, clock } = workbench();
  assert.equal(chips.tune.nextEdgeNanos, Infinity);
  const start = clock.nanos;
  chips.setEdges('tune', 261.63);
  let edges = 0;
  let rises = 0;
  while (chips.tune.nextEdgeNanos <= start + 60e9) {
    clock.nanos = chips.tune.nextEdgeNanos + (edges % 7) * 100;
    edges += 1;
    rises += chips.tune.fire();
  }
  assert.ok(Math.abs(edges - 60 * 261.63 * 2) <= 1);
  assert.ok(Math.abs(rises - 60 * 261.63) <= 1);
  assert.equal(chips.fv.nextEdgeNanos, Infinity, 'the other comparator stands still');
});

test('retuning keeps the phase, stopping keeps the level', () => {
  const { chips, clock } = workbench();
  chips.setEdges('f_v', 1000);
  assert.equal(chips.fv.nextEdgeNanos, clock.nanos + 500_000);
  clock.nanos += 250_000;
  chips.setEdges('f_v', 500);
  assert.equal(chips.fv.nextEdgeNanos, clock.nanos + 500_000, 'half a half wave was left');
  clock.nanos = chips.fv.nextEdgeNanos;
  assert.equal(chips.fv.fire(), 1);
  chips.setEdges('f_v', 0);
  assert.equal(chips.fv.nextEdgeNanos, Infinity);
  assert.equal(chips.fv.level, 1);
  assert.throws(() => chips.setEdges('tune', -1), RangeError);
});

test('VOLUME switches on and, at once, off', () => {
  const { chips, records } = workbench({ powered: false });
  /** @type {boolean[]} */
  const told = [];
  chips.power.onChange = (on) => told.push(on);
  assert.equal(chips.power.on, false);
  chips.power.setSwitch(true);
  chips.power.hold(1);
  assert.equal(chips.power.on, true);
  chips.power.setSwitch(false);
  assert.equal(chips.power.on, false);
  assert.deepEqual(told, [true, false]);
  assert.deepEqual(
    records.filter(({ kind }) => kind === KIND.POWER).map(({ value }) => value),
    [1, 0],
  );
});

test('auto-off: POWER HOLD dropped stays off until the switch has gone off and on', () => {
  const { chips } = workbench({ powered: false });
  chips.power.setSwitch(true);
  chips.power.hold(1);
  chips.power.hold(0);
  assert.equal(chips.power.on, false);
  chips.power.hold(1);
  assert.equal(chips.power.on, false, 'a dead chip holds nothing');
  chips.power.setSwitch(true);
  assert.equal(chips.power.on, false, 'the switch has not moved');
  chips.power.setSwitch(false);
  chips.power.setSwitch(true);
  assert.equal(chips.power.on, true);
});

test('the latch rides out a boot and a watchdog reset, but not a chip that never comes', () => {
  const clock = { nanos: 0 };
  const latch = new PowerLatch(clock);
  latch.setSwitch(true);
  latch.hold(0);
  assert.equal(latch.on, true, 'low before the firmware has ever held it');
  clock.nanos = 900e6;
  latch.check();
  latch.hold(1);
  assert.equal(latch.dropNanos, Infinity);
  latch.hold(null);
  clock.nanos += 900e6;
  latch.check();
  assert.equal(latch.on, true);
  latch.hold(1);
  latch.hold(null);
  clock.nanos = latch.dropNanos;
  latch.check();
  assert.equal(latch.on, false);
});
