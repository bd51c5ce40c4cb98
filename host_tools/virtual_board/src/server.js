/** The board as a process: one JSON request a line on standard input, one JSON answer a line on standard output. */
import fs from 'node:fs';
import readline from 'node:readline';
import { parseArgs } from 'node:util';
import { nearest } from './arguments.js';
import { COMMANDS } from './commands.js';
import { BoardError } from './errors.js';
import { Flash } from './flash.js';
import { Machine } from './machine.js';
import { SerialPort } from './serial_port.js';
import { XIP_MISS_CYCLES_ESTIMATE } from './xip_cache.js';

/** Simulated time between two looks at the wall clock, and how long standard input may wait. */
const SLICE_NANOS = 2e6;
const WALL_SLICE_NANOS = 30_000_000n;

const HELP = `usage: node src/server.js --board board.json --firmware IMAGE [options]
  --flash FILE        keep the 2 MB of flash in this file
  --serial-port N     TCP port of the console (0, the default, takes any free one)
  --no-usb            start with the USB cable pulled
  --seed N            of all noise (default 1)
  --xip-miss-cycles N what a missed line of the flash cache costs (default ${XIP_MISS_CYCLES_ESTIMATE}; 0 = no cache model)
  --chips JSON        parts that differ from the data sheets' first reading (src/chips/types.js, ChipOptions)
  --usb-host JSON     a USB host that differs from a computer (src/usb_host.js, UsbHostOptions)
  --strict            the first misuse of a chip fails the command that is running
`;

class Server {
  /**
   * @param {Machine} machine
   * @param {SerialPort} serial
   * @param {boolean} strict
   */
  constructor(machine, serial, strict) {
    this.machine = machine;
    this.serial = serial;
    this.strict = strict;
    this.misuseTold = 0;
    this.free = false;
    this.speed = 0;
    machine.minds = () => !this.free && !serial.attached;
    machine.onConsole = (bytes) => serial.write(bytes);
    machine.onHangUp = () => serial.hangUp();
    machine.onGap = (sentence) => process.stderr.write(`not modelled: ${sentence}\n`);
  }

  /** Lets time pass; what comes in from outside meanwhile is served. @param {number} target */
  async runUntil(target) {
    const { machine } = this;
    if (this.free) throw new BoardError('bad-request', 'The board runs freely; stop it with free_run first.');
    let looked = process.hrtime.bigint();
    while (machine.clock.now < target) {
      machine.run(Math.min(target, machine.clock.now + SLICE_NANOS));
      if (machine.stopAsked || machine.crash || machine.clock.now >= machine.stopAt) break;
      const now = process.hrtime.bigint();
      if (now - looked < WALL_SLICE_NANOS) continue;
      await new Promise((resolve) => setImmediate(resolve));
      looked = process.hrtime.bigint();
    }
    machine.complain();
    const { misuses } = machine.chips;
    if (this.strict && misuses.length > this.misuseTold) {
      const { chip, sentence } = misuses[this.misuseTold];
      this.misuseTold = misuses.length;
      throw new BoardError('chip-misuse', `${chip}: ${sentence}.`);
    }
  }

  /**
   * @param {boolean} on
   * @param {number} speed times real time; 0 = as fast as it goes
   */
  freeRun(on, speed) {
    const wasFree = this.free;
    this.free = on;
    this.speed = speed;
    this.paceWall = process.hrtime.bigint();
    this.paceSimulated = this.machine.clock.now;
    if (on && !wasFree) this.freeSlice();
  }

  paceWall = 0n;
  paceSimulated = 0;

  freeSlice() {
    if (!this.free) return;
    const { machine } = this;
    machine.run(machine.clock.now + SLICE_NANOS);
    machine.stopAt = Infinity;
    if (machine.crash) {
      process.stderr.write(`${machine.crash.message}\n`);
      this.free = false;
      return;
    }
    let wait = 0;
    if (this.speed > 0) {
      const wall = Number(process.hrtime.bigint() - this.paceWall);
      wait = ((machine.clock.now - this.paceSimulated) / this.speed - wall) / 1e6;
    }
    if (wait > 1) setTimeout(() => this.freeSlice(), wait);
    else setImmediate(() => this.freeSlice());
  }

  /** @param {string} line @returns {Promise<Record<string, unknown>>} */
  async answer(line) {
    let id = null;
    try {
      const request = parse(line);
      id = request.id ?? null;
      const name = String(request.do);
      const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : null;
      if (!command)
        throw new BoardError(
          'bad-request',
          `There is no request "${name}"; did you mean "${nearest(name, Object.keys(COMMANDS))}"?`,
        );
      const result = (await command(this.machine, request, this)) ?? {};
      return { id, ok: true, now_ns: this.machine.clock.now, ...result };
    } catch (error) {
      return { id, ok: false, now_ns: this.machine.clock.now, error: describe(error, this.machine) };
    }
  }
}

/** @param {string} line @returns {Record<string, any>} */
function parse(line) {
  try {
    const request = JSON.parse(line);
    if (request && typeof request === 'object') return request;
  } catch {
    // said below
  }
  throw new BoardError('bad-request', 'A request must be one JSON object on one line.');
}

/**
 * @param {unknown} error
 * @param {Machine} [machine]
 */
function describe(error, machine) {
  const console = machine?.console.lastLines ?? '';
  if (error instanceof BoardError) return { kind: error.kind, message: error.message, console };
  if (error instanceof RangeError) return { kind: 'bad-request', message: `${error.message}.`, console };
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${error instanceof Error ? error.stack : text}\n`);
  return { kind: 'emulator-crash', message: `The virtual board itself failed: ${text}.`, console };
}

/** @param {Record<string, unknown>} object */
function say(object) {
  fs.writeSync(1, `${JSON.stringify(object)}\n`);
}

async function main() {
  const { values } = parseArgs({
    options: {
      board: { type: 'string' },
      firmware: { type: 'string' },
      flash: { type: 'string' },
      'serial-port': { type: 'string', default: '0' },
      'no-usb': { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      'xip-miss-cycles': { type: 'string', default: String(XIP_MISS_CYCLES_ESTIMATE) },
      chips: { type: 'string', default: '{}' },
      'usb-host': { type: 'string', default: '{}' },
      strict: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || !values.board || !values.firmware) {
    process.stderr.write(HELP);
    process.exit(values.help ? 0 : 2);
  }
  let machine;
  try {
    const board = JSON.parse(fs.readFileSync(values.board, 'utf8'));
    const flash = new Flash(values.flash ?? null);
    flash.load(values.firmware);
    machine = new Machine({
      board,
      flash,
      seed: Number(values.seed),
      usb: !values['no-usb'],
      xipMissCycles: Number(values['xip-miss-cycles']),
      chips: JSON.parse(values.chips),
      usbHost: JSON.parse(values['usb-host']),
    });
  } catch (error) {
    say({ ready: false, error: describe(error) });
    process.exit(1);
  }
  const { usb } = machine;
  const serial = new SerialPort((bytes) => usb.type(bytes));
  const server = new Server(machine, serial, values.strict);
  say({ ready: true, serial_port: await serial.listen(Number(values['serial-port'])), pid: process.pid });
  // Requests are answered in order, one at a time, even if the next is already there.
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (!line.trim()) continue;
    const answer = await server.answer(line);
    say(answer);
    if (answer.ok && JSON.parse(line).do === 'quit') break;
  }
  machine.flash.save();
  server.free = false;
  serial.close();
  process.exit(0);
}

await main();
