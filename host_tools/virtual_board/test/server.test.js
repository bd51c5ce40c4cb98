import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { IMAGE, boardDeclaration, skip } from './bench.js';

const SERVER = fileURLToPath(new URL('../src/server.js', import.meta.url));

/** @typedef {import('node:test').TestContext} TestContext */

/** A folder that goes with the test, with the board's declaration in it. @param {TestContext} t */
function folderOf(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'board-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  fs.writeFileSync(path.join(folder, 'board.json'), JSON.stringify(boardDeclaration()));
  return folder;
}

/**
 * A server, its greeting, and a way to ask it.
 * @param {TestContext} t
 * @param {string} folder
 * @param {string[]} more arguments
 */
async function start(t, folder, more) {
  const child = spawn(process.execPath, [SERVER, '--board', path.join(folder, 'board.json'), ...more], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  t.after(() => child.kill());
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value ?? 'null');
  const say = (/** @type {string} */ line) => child.stdin.write(`${line}\n`);
  const greeting = await next();
  let id = 0;
  /** @param {string} request @param {Record<string, unknown>} [given] */
  const ask = async (request, given = {}) => {
    say(JSON.stringify({ id: ++id, do: request, ...given }));
    const answer = await next();
    assert.equal(answer.id, id);
    return answer;
  };
  return { child, greeting, next, say, ask };
}

test('a bad image is refused before anything runs', async (t) => {
  const folder = folderOf(t);
  fs.writeFileSync(path.join(folder, 'bad.uf2'), 'not an image');
  const { child, greeting } = await start(t, folder, ['--firmware', path.join(folder, 'bad.uf2')]);
  assert.equal(greeting.ready, false);
  assert.equal(greeting.error.kind, 'bad-image');
  assert.match(greeting.error.message, /second boot stage/);
  if (child.exitCode === null) await once(child, 'exit');
  assert.equal(child.exitCode, 1);
});

test('parts and hosts that cannot be are refused before anything runs', { skip }, async (t) => {
  const folder = folderOf(t);
  for (const [option, json, sentence] of /** @type {const} */ ([
    ['--usb-host', '{"refuseComposit": true}', /^A USB host can be told .*, not {"refuseComposit":true}\.$/],
    ['--chips', '{"mux": {"missing": [3]}}', /^There is no multiplexer 3 to be missing\.$/],
    ['--chips', '{"dac": {"stuckHigh": -1}}', /^The DAC's stuck bits are a mask of 16 bits, not -1\.$/],
  ])) {
    const { greeting } = await start(t, folder, ['--firmware', IMAGE, option, json]);
    assert.equal(greeting.ready, false);
    assert.equal(greeting.error.kind, 'bad-request');
    assert.match(greeting.error.message, sentence);
  }
});

test(
  'a schedule of five thousand requests on one line, a sleeping computer, a picky host',
  { skip },
  async (t) => {
    const { ask } = await start(t, folderOf(t), [
      '--firmware',
      IMAGE,
      '--usb-host',
      '{"refuseComposite": true}',
    ]);
    const hands = Array.from({ length: 5000 }, (_, i) => [
      2e6 + 1000 * i,
      { do: 'knob', channel: i % 48, fraction: 0.5 },
    ]);
    const requests = [[1e6, { do: 'power', on: true }], ...hands];
    const { error } = await ask('schedule', { requests: [...requests, [0, { do: 'usb', connected: 1 }]] });
    assert.equal(error.message, 'requests[5001]: connected must be true or false, not 1.');
    assert.ok((await ask('schedule', { requests })).ok);
    assert.ok((await ask('edge_times', { pin: 'tune', times_ns: hands.map(([at]) => at) })).ok);
    const on = await ask('advance_until', { kind: 'POWER', limit_ns: 1e9 });
    assert.deepEqual([on.t_ns, on.value], [1e6, 1]);
    await ask('usb_suspend', { on: true });
    await ask('advance', { ns: 400e6 });
    assert.equal((await ask('state')).usb, 'attached');
    await ask('usb_suspend', { on: false });
    await ask('advance', { ns: 300e6 });
    assert.equal((await ask('state')).usb, 'refused');
  },
);

test('requests: what they answer, and what they say when they are wrong', { skip }, async (t) => {
  const { greeting, ask, next, say } = await start(t, folderOf(t), ['--firmware', IMAGE]);
  assert.equal(greeting.ready, true);
  say('nonsense');
  assert.equal((await next()).error.kind, 'bad-request');
  const { error } = await ask('advanse');
  assert.deepEqual(
    [error.kind, error.message],
    ['bad-request', 'There is no request "advanse"; did you mean "advance"?'],
  );
  assert.match((await ask('advance')).error.message, /^ns must be a number at least 0/);
  assert.match((await ask('jack', { name: 'TRIG', volts: 0 })).error.message, /did you mean "TRIG IN"/);
  assert.match(
    (await ask('knob', { channel: 48, fraction: 0 })).error.message,
    /^channel must be .* 0 to 47/,
  );
  assert.match((await ask('power', { on: 1 })).error.message, /^on must be true or false/);
  assert.match(
    (await ask('advance_until', { kind: 'NOISE', limit_ns: 1 })).error.message,
    /no timeline record of kind/,
  );

  assert.ok((await ask('power', { on: true })).ok);
  const late = await ask('advance_until', { kind: 'DIN_IN', limit_ns: 5e6 });
  assert.equal(late.t_ns, null);
  assert.ok(late.now_ns >= 5e6 && late.now_ns < 5.1e6);
  await ask('din', { bytes: [0xfe], at_ns: 6e6 });
  const byte = await ask('advance_until', { kind: 6, index: 0, limit_ns: 5e6 });
  assert.deepEqual([byte.t_ns, byte.value], [6.32e6, 0xfe]);
  assert.ok(byte.now_ns >= 6.32e6 && byte.now_ns < 6.4e6);
  const { state, ...rest } = await ask('state').then((answer) => ({ state: answer, ...answer }));
  assert.deepEqual([state.power, state.usb, rest.reset_cause], [true, 'detached', 'power-on']);
  assert.equal(state.dac.length, 16);
  const stats = await ask('stats');
  assert.equal(stats.simulated_ns, byte.now_ns);
  assert.ok(stats.cycles > 0);
});

test('the timeline is written as 16-byte records', { skip }, async (t) => {
  const folder = folderOf(t);
  const { ask } = await start(t, folder, ['--firmware', IMAGE]);
  await ask('power', { on: true });
  await ask('din_many', {
    messages: [
      [2e6, [1, 2]],
      [1e6, [3]],
    ],
  });
  await ask('advance', { ns: 10e6 });
  const file = path.join(folder, 'timeline');
  assert.equal((await ask('timeline', { path: file, clear: true })).count, 5);
  const bytes = fs.readFileSync(file);
  const records = Array.from({ length: bytes.length / 16 }, (_, i) => [
    bytes.readDoubleLE(16 * i),
    bytes.readUInt16LE(16 * i + 8),
    bytes.readUInt16LE(16 * i + 10),
    bytes.readInt32LE(16 * i + 12),
  ]);
  assert.deepEqual(records, [
    [0, 10, 0, 1],
    [0, 11, 0, 1],
    [1.32e6, 6, 0, 3],
    [2.32e6, 6, 0, 1],
    [2.64e6, 6, 0, 2],
  ]);
  assert.equal((await ask('timeline', { path: file })).count, 0);
});

test(
  'a terminal on the TCP port while the board runs freely; the flash file outlives the process',
  { skip },
  async (t) => {
    const folder = folderOf(t);
    const flash = path.join(folder, 'flash.bin');
    const { child, greeting, ask } = await start(t, folder, ['--firmware', IMAGE, '--flash', flash]);
    await ask('power', { on: true });
    await ask('advance', { ns: 300e6 });
    const socket = net.connect(greeting.serial_port, '127.0.0.1');
    let heard = '';
    socket.on('data', (data) => (heard += data));
    await once(socket, 'connect');
    await ask('free_run', { on: true, speed: 20 });
    assert.match((await ask('advance', { ns: 1 })).error.message, /runs freely/);
    socket.write('\r\x03f = open("kept", "w"); f.write("yes"); f.close()\rprint(6*7)\r1/0\r');
    for (let i = 0; i < 200 && !heard.includes('ZeroDivisionError'); i++)
      await new Promise((r) => setTimeout(r, 20));
    assert.match(heard, /42\r\n/);
    assert.ok((await ask('free_run', { on: false })).ok);
    assert.ok(
      (await ask('advance', { ns: 1e6 })).ok,
      'a traceback is the business of whoever is at the terminal',
    );
    const closed = once(socket, 'close');
    await ask('usb', { connected: false });
    await closed;
    await ask('quit');
    if (child.exitCode === null) await once(child, 'exit');
    assert.equal(fs.statSync(flash).size, 2 * 1024 * 1024);

    const again = await start(t, folder, ['--firmware', IMAGE, '--flash', flash]);
    await again.ask('power', { on: true });
    await again.ask('advance', { ns: 300e6 });
    await again.ask('terminal', { text: '\r\x03print(open("kept").read())\r' });
    await again.ask('advance', { ns: 50e6 });
    assert.match((await again.ask('state')).console, /\r\nyes\r\n/);
  },
);

test('a firmware crash is an error with its reason, until the power is cycled', { skip }, async (t) => {
  const { ask } = await start(t, folderOf(t), ['--firmware', IMAGE]);
  await ask('power', { on: true });
  await ask('advance', { ns: 300e6 });
  await ask('terminal', { text: '\r\x03import machine; machine.mem32[0x30000000]\r' });
  for (let i = 0; i < 2; i++) {
    const { error } = await ask('advance', { ns: 100e6 });
    assert.equal(error.kind, 'firmware-crash');
    assert.match(error.message, /read from nowhere/);
    assert.match(error.console, /mem32/);
  }
  await ask('power', { on: false });
  await ask('power', { on: true });
  assert.ok((await ask('advance', { ns: 10e6 })).ok);
});
