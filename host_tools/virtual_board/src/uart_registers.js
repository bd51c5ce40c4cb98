/** The PL011's registers and bits (datasheet 4.2.8). */

export const DR = 0x00;
export const RSR = 0x04;
export const FR = 0x18;
export const ILPR = 0x20;
export const IBRD = 0x24;
export const FBRD = 0x28;
export const LCR_H = 0x2c;
export const CR = 0x30;
export const IFLS = 0x34;
export const IMSC = 0x38;
export const RIS = 0x3c;
export const MIS = 0x40;
export const ICR = 0x44;
export const DMACR = 0x48;
export const IDS = [0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1];

/** Error bits of a FIFO entry; in RSR they stand eight places lower. */
export const FRAMING = 1 << 8;
export const PARITY = 1 << 9;
export const BREAK = 1 << 10;
export const OVERRUN = 1 << 11;

export const INT_RX = 1 << 4;
export const INT_TX = 1 << 5;
export const INT_RX_TIMEOUT = 1 << 6;
export const INT_FRAMING = 1 << 7;
export const INT_BREAK = 1 << 9;
export const INT_OVERRUN = 1 << 10;

export const LCR_TWO_STOPS = 1 << 3;
export const LCR_FIFOS = 1 << 4;
export const LCR_PARITY = 1 << 1;
export const CR_ENABLE = 1;
export const CR_TX = 1 << 8;
export const CR_RX = 1 << 9;
