/** The DAC81416's register map (TI SLASEO0, table 8-7) and the bits that the model knows. */

/** Register addresses. */
export const REG = Object.freeze({
  NOP: 0x00,
  DEVICEID: 0x01,
  STATUS: 0x02,
  SPICONFIG: 0x03,
  GENCONFIG: 0x04,
  BRDCONFIG: 0x05,
  SYNCCONFIG: 0x06,
  TOGGCONFIG0: 0x07,
  TOGGCONFIG1: 0x08,
  DACPWDWN: 0x09,
  DACRANGE0: 0x0a,
  DACRANGE3: 0x0d,
  TRIGGER: 0x0e,
  BRDCAST: 0x0f,
  DAC0: 0x10,
  DAC15: 0x1f,
  OFFSET3: 0x23,
});

/** DEVICEID's contents: 14 bits of identity above two of version. */
export const DEVICE_ID = 0x29c << 2;

/** SPICONFIG: reset value, bits that can be written, bits that read as one, and single bits. */
export const SPICONFIG = Object.freeze({
  RESET: 0x0aa4,
  WRITABLE: 0x0e7e,
  ONES: 0x0080,
  DEV_PWDWN: 1 << 5,
  CRC_EN: 1 << 4,
  STR_EN: 1 << 3,
  SDO_EN: 1 << 2,
  FSDO: 1 << 1,
});

/** GENCONFIG, likewise; it resets with the reference powered down. */
export const GENCONFIG = Object.freeze({
  RESET: 0x7f00,
  WRITABLE: 0x40ff,
  ONES: 0x3f00,
  REF_PWDWN: 1 << 14,
  DIFFERENTIAL: 0x00ff,
});

/** TRIGGER: load the synchronous channels; the code in the low nibble that resets the device. */
export const TRIGGER = Object.freeze({ LDAC: 1 << 4, SOFT_RESET: 0xa });
