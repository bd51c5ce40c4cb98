/** Numbers of the RP2040 that several models share (datasheet tables 80, 120 and 2.2). */

export const IRQ = Object.freeze({
  PWM_WRAP: 4,
  USBCTRL: 5,
  DMA_0: 11,
  DMA_1: 12,
  IO_BANK0: 13,
  SPI0: 18,
  UART0: 20,
  ADC_FIFO: 22,
});

/** DMA requests; 59-62 are the pacing timers, 63 is "as fast as you can". */
export const DREQ = Object.freeze({
  SPI0_TX: 16,
  SPI0_RX: 17,
  SPI1_TX: 18,
  SPI1_RX: 19,
  UART0_TX: 20,
  UART0_RX: 21,
  UART1_TX: 22,
  UART1_RX: 23,
  PWM_WRAP0: 24,
  ADC: 36,
  TIMER0: 59,
  PERMANENT: 63,
});

/** GPIO function select (datasheet 2.19.2). */
export const FUNCTION = Object.freeze({ SPI: 1, UART: 2, PWM: 4, SIO: 5, PIO0: 6, PIO1: 7, NONE: 31 });

/** Keys of rp2040js's peripheral map: bits 31..14 of the address, times four, i.e. the address over 0x1000. */
export const PERIPHERAL = Object.freeze({
  XIP_CTRL: 0x14000,
  SYSINFO: 0x40000,
  RESETS: 0x4000c,
  PSM: 0x40010,
  IO_BANK0: 0x40014,
  IO_QSPI: 0x40018,
  UART0: 0x40034,
  UART1: 0x40038,
  SPI0: 0x4003c,
  SPI1: 0x40040,
  ADC: 0x4004c,
  PWM: 0x40050,
  TIMER: 0x40054,
  WATCHDOG: 0x40058,
  RTC: 0x4005c,
  ROSC: 0x40060,
  XOSC: 0x40024,
  VREG_AND_CHIP_RESET: 0x40064,
  SSI: 0x18000,
  DMA: 0x50000,
  USB: 0x50110,
});

/** Bits of RESETS (datasheet 2.14.3) of the blocks that are modelled here. */
export const RESET_BIT = Object.freeze({
  ADC: 0,
  DMA: 2,
  IO_BANK0: 5,
  PADS_BANK0: 8,
  PWM: 14,
  SPI0: 16,
  SPI1: 17,
  TIMER: 21,
  UART0: 22,
  UART1: 23,
  USBCTRL: 24,
});
