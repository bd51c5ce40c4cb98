/**
 * The whole board with time running: the chip's lives, the supply, the chips around it, the cables, and the loop
 * that executes, sleeps and stops.
 */
import { Chip, afterPowerOn } from './chip.js';
import { Random } from './chips/random.js';
import { createChips } from './chips/index.js';
import { Alarm, Clock } from './clock.js';
import { ConsoleWatch } from './console_watch.js';
import { DinLine } from './din_line.js';
import { BoardError } from './errors.js';
import { ChipTime, Pins } from './pins.js';
import { KIND, Recorder } from './recorder.js';
import { FUNCTION } from './rp2040_numbers.js';
import { Schedule } from './schedule.js';
import { UsbHost } from './usb_host.js';
import { REASON_TIMER } from './watchdog.js';

/** Values of RESET records, and their names in `state`. */
const CAUSE = Object.freeze({ POWER_ON: 1, WATCHDOG: 2, SOFTWARE: 3 });
export const CAUSE_NAMES = Object.freeze(['none', 'power-on', 'watchdog', 'software']);
/** After a traceback's first line the rest of it still has to come through USB. */
const TRACEBACK_NANOS = 50e6;

/**
 * @typedef {object} MachineOptions
 * @property {any} board the declaration
 * @property {import('./flash.js').Flash} flash
 * @property {number} [seed] of every noise
 * @property {boolean} [usb] is the cable in from the start?
 * @property {number} [xipMissCycles]
 * @property {import('./chips/index.js').ChipOptions} [chips]
 * @property {import('./usb_host.js').UsbHostOptions} [usbHost]
 */

export class Machine {
  /** @param {MachineOptions} options */
  constructor({ board, flash, seed = 1, usb = true, xipMissCycles = 0, chips = {}, usbHost = {} }) {
    this.board = board;
    this.flash = flash;
    this.clock = new Clock();
    this.recorder = new Recorder(this.clock);
    const random = new Random(seed + 0x5eed);
    this.random = () => random.uniform();
    this.xipMissCycles = xipMissCycles;
    const id = seed >>> 0;
    this.uniqueId = Uint8Array.of(0xe6, 0x60, 0x58, 0x38, id >>> 24, id >>> 16, id >>> 8, id);
    const time = new ChipTime(this.clock);
    const record = (/** @type {number} */ kind, /** @type {number} */ index, /** @type {number} */ value) =>
      this.recorder.record(kind, index, value);
    this.chips = createChips(board, time, { seed, onRecord: record, ...chips });
    this.pins = new Pins(board, this.chips, time, this.clock, this.recorder);
    this.console = new ConsoleWatch();
    /** Told of what the firmware prints, as it comes. @type {(bytes: Uint8Array) => void} */
    this.onConsole = () => {};
    /** Told when the USB device has gone. */
    this.onHangUp = () => {};
    /** What firmware used and nobody modelled, each once. @type {string[]} */
    this.gaps = [];
    /** @type {(sentence: string) => void} */
    this.onGap = () => {};
    /** Whether a traceback is somebody's business: not while a person is at the terminal. */
    this.minds = () => true;
    this.usb = new UsbHost(
      this.clock,
      {
        onConsole: (bytes) => {
          if (this.console.add(bytes)) {
            if (this.minds()) this.stopBy(this.clock.nanos + TRACEBACK_NANOS);
            else this.console.traceback = -1; // whoever is at the terminal has seen it
          }
          this.onConsole(bytes);
        },
        onMidiIn: (packet) => record(KIND.USB_MIDI_IN, 0, packet),
        onMidiOut: (packet) => record(KIND.USB_MIDI_OUT, 0, packet),
        onDetach: () => this.onHangUp(),
      },
      usbHost,
    );
    this.usb.cable = usb;
    /** What hands are to do at given times. @type {Schedule<() => void>} */
    this.actions = new Schedule(this.clock, (deed) => deed());
    /** @type {Schedule<Uint8Array>} */
    this.usbMidi = new Schedule(this.clock, (packets) => this.usb.sendMidi(packets));
    this.din = new DinLine(this.clock, board.DIN_MIDI_BAUD, (byte, errors, bit) => {
      if (!errors) record(KIND.DIN_IN, 0, byte);
      if (this.chip && this.pins.hasFunction(board.PIN_DIN_MIDI_IN, FUNCTION.UART))
        this.chip.rp2040.uart[0].receive(byte, errors, bit);
    });
    /** @type {Chip | null} */
    this.chip = null;
    this.holdAlarm = new Alarm(this.clock, () => this.chips.power.check());
    this.chips.power.onChange = () => this.interrupt();
    /** What the loop has to see to before it goes on. */
    this.resetAsked = 0;
    this.stopAt = Infinity;
    this.stopAsked = false;
    /** @type {BoardError | null} why nothing executes any more */
    this.crash = null;
    this.bootsel = false;
    this.resetCause = 0;
    this.cycles = 0;
    this.sleepNanos = 0;
    this.wallNanos = 0n;
  }

  /** Ends the stretch in flight: the loop has something to see to. */
  interrupt() {
    if (this.chip) this.chip.core.stopRequested = true;
  }

  /** `run` returns at once. */
  stop() {
    this.stopAsked = true;
    this.interrupt();
  }

  /** @param {number} nanos */
  stopBy(nanos) {
    this.stopAt = Math.min(this.stopAt, nanos);
    this.interrupt();
  }

  // --- Supply and resets ---

  /** @param {boolean} on VOLUME's switch */
  setSwitch(on) {
    this.chips.power.setSwitch(on);
    this.seeToSupply();
  }

  /** @param {boolean} connected */
  setUsbCable(connected) {
    this.pins.setUsbPower(connected && this.chip !== null);
    this.usb.plug(connected);
  }

  seeToSupply() {
    const { power } = this.chips;
    if (power.on && !this.chip) this.boot(CAUSE.POWER_ON, afterPowerOn(this.random));
    else if (!power.on && this.chip) {
      this.flash.cut(this.clock.nanos, this.random);
      this.endLife();
      this.flash.save();
      this.crash = null;
      this.bootsel = false;
      this.pins.attach(null);
    }
    if (power.dropNanos !== Infinity) this.holdAlarm.scheduleAt(power.dropNanos);
    else this.holdAlarm.cancel();
  }

  endLife() {
    this.usb.attachTo(null);
    this.chip?.end();
    this.chip = null;
    this.resetAsked = 0;
  }

  /** @param {number} reason of the watchdog */
  reset(reason) {
    if (!this.chip) return;
    const kept = this.chip.keep(reason);
    this.flash.finish(Infinity); // the flash chip has its own supply and goes on
    this.endLife();
    this.boot(reason === REASON_TIMER ? CAUSE.WATCHDOG : CAUSE.SOFTWARE, kept);
  }

  /**
   * @param {number} cause
   * @param {import('./chip.js').Kept} kept
   */
  boot(cause, kept) {
    this.resetCause = cause;
    this.recorder.record(KIND.RESET, 0, cause);
    this.chip = new Chip(
      {
        clock: this.clock,
        flash: this.flash,
        random: this.random,
        uniqueId: this.uniqueId,
        xipMissCycles: this.xipMissCycles,
        onLevel: (pin, level, driven) => {
          this.pins.onLevel(pin, level, driven);
          if (pin === this.board.PIN_POWER_HOLD) this.interrupt();
        },
        onPull: (pin, down, up) => this.pins.onPull(pin, down, up),
        onWatchdog: (reason) => {
          this.resetAsked = reason;
          this.interrupt();
        },
        onBootsel: () => {
          this.bootsel = true;
          this.chip?.rp2040.usbCtrl.reset();
        },
        onGap: (sentence) => {
          if (this.gaps.includes(sentence)) return;
          this.gaps.push(sentence);
          this.onGap(sentence);
        },
      },
      kept,
    );
    this.pins.usbPower = this.usb.cable;
    this.pins.attach(this.chip);
    this.usb.attachTo(this.chip.rp2040.usbCtrl);
  }

  // --- Running ---

  /**
   * Lets time pass until `target`, or until something asks to stop.
   * @param {number} target
   */
  run(target) {
    const began = process.hrtime.bigint();
    this.stopAsked = false;
    try {
      while (this.clock.now < target && !this.stopAsked && this.clock.now < this.stopAt) {
        this.step(Math.min(target, this.stopAt));
      }
    } catch (error) {
      this.clock.running = null;
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof Error) process.stderr.write(`${error.stack}\n`);
      this.crash = new BoardError('emulator-crash', `The virtual board itself failed: ${reason}.`);
    } finally {
      this.wallNanos += process.hrtime.bigint() - began;
    }
  }

  /** One stretch of execution or rest. @param {number} target */
  step(target) {
    const { clock, chip } = this;
    const limit = Math.min(target, clock.nextAlarmNanos);
    if (!chip || this.crash) {
      clock.advanceTo(limit);
    } else if (chip.restsUntil > clock.now || chip.core.waiting) {
      const before = clock.now;
      const resting = chip.restsUntil > clock.now;
      clock.advanceTo(resting ? Math.min(limit, chip.restsUntil) : limit);
      // While the flash is busy the ROM polls it: the processor is awake, only its instructions are left out.
      if (resting) this.cycles += (clock.now - before) / clock.nanosPerCycle;
      else this.sleepNanos += clock.now - before;
      if (this.flash.running && clock.now >= chip.restsUntil) this.flash.finish(clock.now);
    } else if (clock.nextCycle > clock.now) {
      clock.advanceTo(clock.nextCycle);
    } else {
      const cycles = Math.max(1, Math.ceil((limit - clock.now) / clock.nanosPerCycle - 1e-6));
      clock.beginStretch(chip.core);
      const taken = chip.core.run(cycles);
      this.cycles += taken;
      clock.endStretch(taken);
      // A scheduled hand on the switch may have ended this chip's life within the stretch.
      if (chip === this.chip && chip.core.faultReason !== null) this.crashed(chip.core.faultReason);
    }
    if (this.chips.power.on !== (this.chip !== null) || this.holdAlarmStale()) this.seeToSupply();
    if (this.resetAsked) this.reset(this.resetAsked);
  }

  holdAlarmStale() {
    const { dropNanos } = this.chips.power;
    return this.holdAlarm.scheduled ? this.holdAlarm.nanos !== dropNanos : dropNanos !== Infinity;
  }

  /** @param {string} reason */
  crashed(reason) {
    const at = (this.clock.now / 1e6).toFixed(3);
    this.crash = new BoardError('firmware-crash', `The firmware crashed at ${at} ms: ${reason}.`);
    this.stop();
  }

  /** What a command that let time pass has to report. Throws it; a traceback only once. */
  complain() {
    this.stopAt = Infinity;
    if (this.crash) throw this.crash;
    if (this.console.traceback < 0) return;
    const exception = this.console.takeException();
    if (this.minds())
      throw new BoardError(
        'firmware-crash',
        `The firmware raised an exception that nobody caught: ${exception}.`,
      );
  }
}
