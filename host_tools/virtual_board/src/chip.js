/**
 * One life of the RP2040, from a reset to the next: rp2040js's chip with our processor and peripherals in place.
 *
 * A reset makes a new chip, which is the surest way to put every register back. What silicon keeps is handed on:
 * the flash always, SRAM and the watchdog's words unless the supply was gone.
 */
import { LogLevel, RP2040 } from 'rp2040js';
import { Adc } from './adc.js';
import { installBootRom } from './boot_rom.js';
import { ClockOfOneLife } from './clock.js';
import { Dma } from './dma.js';
import { installFastCore } from './fast_core.js';
import { GpioBank } from './gpio.js';
import { IoBank0 } from './io_bank0.js';
import { clockPio } from './pio_clock.js';
import { Pwm } from './pwm.js';
import { DREQ, IRQ, PERIPHERAL, RESET_BIT } from './rp2040_numbers.js';
import { repairSio } from './sio_repairs.js';
import { Spi } from './spi.js';
import { FlashSerialInterface } from './ssi.js';
import { Crystal, PlainRegisters, Resets, RingOscillator, chipReset, sysInfo } from './system_blocks.js';
import { Timer } from './timer.js';
import { Uart } from './uart.js';
import { UsbDevice } from './usb_device.js';
import { Watchdog } from './watchdog.js';

const SRAM_BYTES = 264 * 1024;
const QSPI_SS_CTRL = 0x0c;
const FORCED_LOW = 2;

/** @typedef {{sram: Uint8Array, scratch: Uint32Array, reason: number}} Kept what outlives a reset */

/** What a chip without supply has in its memory: noise. @param {() => number} random @returns {Kept} */
export function afterPowerOn(random) {
  const words = new Uint32Array(SRAM_BYTES / 4);
  let state = Math.floor(random() * 2 ** 32) | 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return { sram: new Uint8Array(words.buffer), scratch: new Uint32Array(8), reason: 0 };
}

/**
 * @typedef {object} ChipHost what a chip asks of the machine around it
 * @property {import('./clock.js').Clock} clock
 * @property {import('./flash.js').Flash} flash
 * @property {() => number} random 0 up to 1
 * @property {Uint8Array} uniqueId of the flash
 * @property {number} xipMissCycles
 * @property {(pin: number, level: boolean, driven: boolean) => void} onLevel
 * @property {(pin: number, down: boolean, up: boolean) => void} onPull
 * @property {(reason: number) => void} onWatchdog
 * @property {() => void} onBootsel
 * @property {(sentence: string) => void} onGap firmware used something that is not modelled
 */

export class Chip {
  /**
   * @param {ChipHost} host
   * @param {Kept} kept
   */
  constructor(host, kept) {
    const { clock } = host;
    this.host = host;
    this.life = new ClockOfOneLife(clock);
    /** The processor rests until then: the ROM works, or the flash is busy. */
    this.restsUntil = 0;
    /** @type {any} rp2040js's types know none of what is replaced here */
    this.rp2040 = new RP2040(this.life);
    const { rp2040 } = this;
    rp2040.logger = logger(host.onGap);
    this.core = installFastCore(rp2040, { xipMissCycles: host.xipMissCycles });
    // The core has put the chip's memories in places of its own: they are filled after it.
    host.flash.moveTo(rp2040.flash);
    rp2040.sram.set(kept.sram);
    // Everything starts on the ring oscillator.
    rp2040.clkSys = rp2040.clkPeri = rp2040.roscFreq;
    clock.setCycle(rp2040.clkSys);
    rp2040.addClockListener((/** @type {number} */ hz) => clock.setCycle(hz));
    this.replacePeripherals(kept);
    this.core.onSystemReset = () => this.resetCore();
    installBootRom(rp2040, {
      idle: (nanos) => this.rest(clock.nanos + nanos),
      flashJob: (job) => this.rest(host.flash.start(job, clock.nanos)),
      bootsel: () => {
        this.rest(Infinity);
        host.onBootsel();
      },
    });
  }

  /** @param {Kept} kept */
  replacePeripherals(kept) {
    const { rp2040, host } = this;
    const { peripherals } = rp2040;
    rp2040.dma = peripherals[PERIPHERAL.DMA] = new Dma(rp2040);
    const bank = new GpioBank(rp2040, host.onLevel, host.onPull);
    rp2040.gpio = bank.pads;
    Object.defineProperty(rp2040, 'gpioValues', { get: () => bank.inputs });
    const io = (peripherals[PERIPHERAL.IO_BANK0] = new IoBank0(rp2040, bank));
    rp2040.pwm = peripherals[PERIPHERAL.PWM] = new Pwm(rp2040);
    const spi = [
      new Spi(rp2040, 0, { irq: IRQ.SPI0, txDreq: DREQ.SPI0_TX, rxDreq: DREQ.SPI0_RX }),
      new Spi(rp2040, 1, { irq: IRQ.SPI0 + 1, txDreq: DREQ.SPI1_TX, rxDreq: DREQ.SPI1_RX }),
    ];
    const uart = [
      new Uart(rp2040, 0, { irq: IRQ.UART0, txDreq: DREQ.UART0_TX, rxDreq: DREQ.UART0_RX }),
      new Uart(rp2040, 1, { irq: IRQ.UART0 + 1, txDreq: DREQ.UART1_TX, rxDreq: DREQ.UART1_RX }),
    ];
    rp2040.spi = spi;
    rp2040.uart = uart;
    [peripherals[PERIPHERAL.SPI0], peripherals[PERIPHERAL.SPI1]] = spi;
    [peripherals[PERIPHERAL.UART0], peripherals[PERIPHERAL.UART1]] = uart;
    rp2040.dma.catchUp = () => {
      spi[0].sync();
      spi[1].sync();
    };
    // rp2040js tells only its UARTs when clk_peri changes.
    uart[0].clkPeriChanged = () => {
      for (const controller of spi) controller.configure();
    };
    rp2040.adc = peripherals[PERIPHERAL.ADC] = new Adc(rp2040);
    const timer = (peripherals[PERIPHERAL.TIMER] = new Timer(rp2040));
    rp2040.usbCtrl = peripherals[PERIPHERAL.USB] = new UsbDevice(rp2040);
    rp2040.watchdog = peripherals[PERIPHERAL.WATCHDOG] = new Watchdog(rp2040, kept, host.onWatchdog);
    const qspi = (peripherals[PERIPHERAL.IO_QSPI] = new PlainRegisters(rp2040, 'IO_QSPI'));
    const heldSelected = () => ((qspi.readUint32(QSPI_SS_CTRL) >>> 8) & 3) === FORCED_LOW;
    peripherals[PERIPHERAL.SSI] = new FlashSerialInterface(rp2040, host.uniqueId, heldSelected);
    peripherals[PERIPHERAL.SYSINFO] = sysInfo(rp2040);
    peripherals[PERIPHERAL.VREG_AND_CHIP_RESET] = chipReset(rp2040);
    peripherals[PERIPHERAL.ROSC] = new RingOscillator(rp2040, host.random);
    peripherals[PERIPHERAL.XOSC] = new Crystal(rp2040);
    peripherals[PERIPHERAL.RESETS] = new Resets(rp2040, {
      [RESET_BIT.ADC]: () => rp2040.adc.reset(),
      [RESET_BIT.DMA]: () => rp2040.dma.reset(),
      [RESET_BIT.IO_BANK0]: () => io.reset(),
      [RESET_BIT.PWM]: () => rp2040.pwm.reset(),
      [RESET_BIT.SPI0]: () => spi[0].reset(),
      [RESET_BIT.SPI1]: () => spi[1].reset(),
      [RESET_BIT.TIMER]: () => timer.reset(),
      [RESET_BIT.UART0]: () => uart[0].reset(),
      [RESET_BIT.UART1]: () => uart[1].reset(),
      [RESET_BIT.USBCTRL]: () => rp2040.usbCtrl.reset(),
    });
    repairSio(rp2040);
    ignoreClockDivider(peripherals[PERIPHERAL.RTC]);
    for (const pio of rp2040.pio) clockPio(pio, rp2040);
    indexPeripherals(rp2040);
  }

  /** @param {number} nanos */
  rest(nanos) {
    this.restsUntil = nanos;
    this.core.stopRequested = true;
  }

  /**
   * AIRCR.SYSRESETREQ. On the RP2040 it resets the processor alone, not its peripherals (datasheet 2.4.2.9): the
   * boot ROM runs again, the pins stay as they are. machine.reset() goes by the watchdog instead.
   */
  resetCore() {
    this.core.reset();
    this.core.stopRequested = true;
  }

  /** What the next life starts with. @param {number} reason @returns {Kept} */
  keep(reason) {
    return { sram: this.rp2040.sram, scratch: this.rp2040.watchdog.scratch, reason };
  }

  end() {
    this.rp2040.usbCtrl.onPullUp = this.rp2040.usbCtrl.onArmed = () => {};
    this.life.end();
  }
}

/**
 * Looks blocks up in an array by address bits 31-14: rp2040js's object with such keys is a hash table, and the
 * processor asks it a million times a second.
 * @param {any} rp2040
 */
function indexPeripherals(rp2040) {
  /** @type {any[]} */
  const blocks = new Array(0x50400000 >>> 14).fill(undefined);
  for (const [key, block] of Object.entries(rp2040.peripherals)) blocks[Number(key) >> 2] = block;
  rp2040.findPeripheral = (/** @type {number} */ address) => {
    const index = address >>> 14;
    return index < blocks.length ? blocks[index] : undefined;
  };
}

/** rp2040js's RTC counts the clock's own seconds; the divider that makes them of clk_rtc is only kept. @param {any} rtc */
function ignoreClockDivider(rtc) {
  const read = rtc.readUint32.bind(rtc);
  const write = rtc.writeUint32.bind(rtc);
  let divider = 0;
  rtc.readUint32 = (/** @type {number} */ offset) => (offset === 0 ? divider : read(offset));
  rtc.writeUint32 = (/** @type {number} */ offset, /** @type {number} */ value) => {
    if (offset === 0) divider = value;
    else write(offset, value);
  };
}

/**
 * rp2040js's complaints: each once, as what they are, things that firmware used and nobody modelled.
 * @param {(sentence: string) => void} onGap
 */
function logger(onGap) {
  const told = new Set();
  const tell = (/** @type {string} */ component, /** @type {string} */ message) => {
    const sentence = `${component}: ${message}`;
    if (told.has(sentence)) return;
    told.add(sentence);
    onGap(sentence);
  };
  return { debug() {}, info() {}, warn: tell, error: tell, level: LogLevel.Warn };
}
