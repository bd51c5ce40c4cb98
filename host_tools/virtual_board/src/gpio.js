/**
 * The 30 GPIO pads of the RP2040 (datasheet 2.19), in place of rp2040js's; their registers are in io_bank0.js.
 *
 * A pad has one level. Whoever drives it decides: the chip's own output if enabled, else the board, else the
 * pull resistors, else it stays as it was. That level is what the input buffer sees, so an output appears at its
 * own input (rp2040js lacks this; a GPIO interrupt on a PWM pin needs it). Levels are kept as bit masks, since
 * the firmware touches pins tens of thousands of times a second.
 */
import { FUNCTION, IRQ } from './rp2040_numbers.js';

const EDGE_HIGH = 8;
const EDGE_LOW = 4;
const LEVEL_HIGH = 2;
const LEVEL_LOW = 1;

const PAD_PULL_DOWN = 1 << 2;
const PAD_PULL_UP = 1 << 3;
const PAD_PULLS = PAD_PULL_DOWN | PAD_PULL_UP;
const PAD_INPUT_ENABLE = 1 << 6;
const PAD_OUTPUT_DISABLE = 1 << 7;
/** Reset value of a pad: 4 mA, pull-down, Schmitt trigger, input enabled (datasheet 2.19.6.3). */
const PAD_RESET = 0b01010110;

/** @type {(value: boolean, override: number) => boolean} CTRL's override fields: normal, invert, low, high */
const overridden = (value, override) =>
  override === 0 ? value : override === 1 ? !value : override === 2 ? false : true;

/** One pad. The names that rp2040js's SIO, PADS and PIO use (`ctrl`, `padValue`, `inputValue`...) stay. */
export class Pad {
  /**
   * @param {GpioBank} bank
   * @param {number} index
   */
  constructor(bank, index) {
    this.bank = bank;
    this.index = index;
    this.mask = 1 << index;
    /** @type {number} */
    this.ctrl = FUNCTION.NONE;
    /** The register of PADS_BANK0. */
    this.padBits = PAD_RESET;
    this.irqEnableMask = 0;
    this.irqForceMask = 0;
    this.edges = 0;
    /** Is the chip driving this pad? */
    this.driven = false;
    /** The pad's level. */
    this.level = false;
    /** What the board drives here: null leaves it to the pulls. @type {boolean | null} */
    this.external = null;
    /** Level after input enable and override, as every reader inside the chip sees it. */
    this.input = false;
  }

  get functionSelect() {
    return this.ctrl & 31;
  }

  get padValue() {
    return this.padBits;
  }

  /** @param {number} value PADS or a reset has set; the caller then asks for updates */
  set padValue(value) {
    const pulled = this.padBits & PAD_PULLS;
    this.padBits = value;
    if ((value & PAD_PULLS) !== pulled) this.bank.onPull(this.index, this.pullDown, this.pullUp);
  }

  get pullDown() {
    return (this.padBits & PAD_PULL_DOWN) !== 0;
  }

  get pullUp() {
    return (this.padBits & PAD_PULL_UP) !== 0;
  }

  get inputEnable() {
    return (this.padBits & PAD_INPUT_ENABLE) !== 0;
  }

  get inputValue() {
    return this.input;
  }

  get irqStatus() {
    return this.edges | (this.input ? LEVEL_HIGH : LEVEL_LOW);
  }

  get interrupting() {
    const raised = ((this.irqStatus & this.irqEnableMask) | this.irqForceMask) !== 0;
    return overridden(raised, (this.ctrl >>> 28) & 3);
  }

  /** STATUS register (datasheet 2.19.6.1). */
  get status() {
    const { rawEnable, rawValue } = this.fromPeripheral();
    const raised = ((this.irqStatus & this.irqEnableMask) | this.irqForceMask) !== 0;
    return (
      (rawValue ? 1 << 8 : 0) |
      (overridden(rawValue, (this.ctrl >>> 8) & 3) ? 1 << 9 : 0) |
      (rawEnable ? 1 << 12 : 0) |
      (overridden(rawEnable, (this.ctrl >>> 12) & 3) ? 1 << 13 : 0) |
      (this.level ? 1 << 17 : 0) |
      (this.input ? 1 << 19 : 0) |
      (raised ? 1 << 24 : 0) |
      (this.interrupting ? 1 << 26 : 0)
    );
  }

  /** What the selected peripheral asks of the pad. SPI, UART and I2C move whole words, so their pads rest. */
  fromPeripheral() {
    const { rp2040 } = this.bank;
    const { mask } = this;
    switch (this.ctrl & 31) {
      case FUNCTION.SIO:
        return {
          rawEnable: (rp2040.sio.gpioOutputEnable & mask) !== 0,
          rawValue: (rp2040.sio.gpioValue & mask) !== 0,
        };
      case FUNCTION.PWM:
        return {
          rawEnable: (rp2040.pwm.gpioDirection & mask) !== 0,
          rawValue: (rp2040.pwm.gpioValue & mask) !== 0,
        };
      case FUNCTION.PIO0:
      case FUNCTION.PIO1: {
        const pio = rp2040.pio[(this.ctrl & 31) - FUNCTION.PIO0];
        return { rawEnable: (pio.pinDirections & mask) !== 0, rawValue: (pio.pinValues & mask) !== 0 };
      }
      default:
        return { rawEnable: false, rawValue: false };
    }
  }

  /** Called by everything that could have changed the pad: SIO, PWM, PIO, CTRL, PADS, the board. */
  checkForUpdates() {
    const { rp2040 } = this.bank;
    const { mask, ctrl } = this;
    let enable = false;
    let value = false;
    switch (ctrl & 31) {
      case FUNCTION.SIO: // the two that matter thousands of times a second avoid the object above
        enable = (rp2040.sio.gpioOutputEnable & mask) !== 0;
        value = (rp2040.sio.gpioValue & mask) !== 0;
        break;
      case FUNCTION.PWM:
        enable = (rp2040.pwm.gpioDirection & mask) !== 0;
        value = (rp2040.pwm.gpioValue & mask) !== 0;
        break;
      case FUNCTION.PIO0:
      case FUNCTION.PIO1:
        ({ rawEnable: enable, rawValue: value } = this.fromPeripheral());
    }
    if (ctrl & 0x3300) {
      value = overridden(value, (ctrl >>> 8) & 3);
      enable = overridden(enable, (ctrl >>> 12) & 3);
    }
    const driven = enable && !(this.padBits & PAD_OUTPUT_DISABLE);
    let { level } = this;
    if (driven) level = value;
    else if (this.external !== null) level = this.external;
    else {
      const pulls = this.padBits & PAD_PULLS;
      if (pulls === PAD_PULL_UP) level = true;
      else if (pulls === PAD_PULL_DOWN) level = false; // both at once: bus keeper, the level stays (2.19.4.1)
    }
    const changed = level !== this.level || driven !== this.driven;
    this.level = level;
    this.driven = driven;
    this.refreshInput();
    if (changed) this.bank.onLevel(this.index, level, driven);
  }

  refreshInput() {
    let input = this.level && (this.padBits & PAD_INPUT_ENABLE) !== 0;
    if (this.ctrl & 0x30000) input = overridden(input, (this.ctrl >>> 16) & 3);
    if (input === this.input) return;
    this.input = input;
    this.edges |= input ? EDGE_HIGH : EDGE_LOW;
    this.bank.inputChanged(this);
  }

  /** @param {boolean | null} level what the board puts on the pad, or null to let go */
  drive(level) {
    this.external = level;
    this.checkForUpdates();
  }

  reset() {
    this.ctrl = FUNCTION.NONE;
    this.padValue = PAD_RESET;
    this.irqEnableMask = this.irqForceMask = this.edges = 0;
    this.checkForUpdates();
  }
}

export class GpioBank {
  /**
   * @param {any} rp2040
   * @param {(pin: number, level: boolean, driven: boolean) => void} onLevel called when a pad's level changed, or
   *   whether the chip drives it
   * @param {(pin: number, down: boolean, up: boolean) => void} [onPull] called when a pad's pull resistors changed
   */
  constructor(rp2040, onLevel, onPull = () => {}) {
    this.rp2040 = rp2040;
    this.onLevel = onLevel;
    this.onPull = onPull;
    /** Levels as SIO's GPIO_IN shows them. */
    this.inputs = 0;
    this.interrupting = 0;
    /** @type {Pad[]} */
    this.pads = [];
    for (let i = 0; i < 30; i++) this.pads.push(new Pad(this, i));
  }

  /** @param {Pad} pad */
  inputChanged(pad) {
    this.inputs = pad.input ? this.inputs | pad.mask : this.inputs & ~pad.mask;
    if (pad.irqEnableMask) this.updateInterrupt(pad);
    if ((pad.ctrl & 31) === FUNCTION.PWM) this.rp2040.pwm.inputChanged(pad.index, pad.input);
    for (const pio of this.rp2040.pio) {
      if (pio.stopped) continue;
      for (const machine of pio.machines) if (machine.enabled && machine.waiting) machine.checkWait();
    }
  }

  /** @param {Pad} pad */
  updateInterrupt(pad) {
    const before = this.interrupting;
    this.interrupting = pad.interrupting ? before | pad.mask : before & ~pad.mask;
    if (this.interrupting !== before) this.rp2040.setInterrupt(IRQ.IO_BANK0, this.interrupting !== 0);
  }
}
