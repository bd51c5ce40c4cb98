/** @file Table from each of the 65536 Thumb halfwords to the number of the case in FastCore.run() that executes it. */

/**
 * Number of the case that leaves an instruction to the complete but slower path: system instructions, breakpoints,
 * undefined opcodes.
 */
export const SLOW = 0;

/**
 * Every instruction of the fast path: name, halfword under the mask, mask. The row's place, counted from 1, is its
 * case number; a later row overrides an earlier one, so special forms follow the general form.
 * @type {ReadonlyArray<readonly [name: string, pattern: number, mask: number]>}
 */
export const FAST_FORMS = [
  ['LSLS Rd, Rm, #1..31', 0x0000, 0xf800],
  ['MOVS Rd, Rm', 0x0000, 0xffc0],
  ['LSRS Rd, Rm, #1..31', 0x0800, 0xf800],
  ['LSRS Rd, Rm, #32', 0x0800, 0xffc0],
  ['ASRS Rd, Rm, #1..31', 0x1000, 0xf800],
  ['ASRS Rd, Rm, #32', 0x1000, 0xffc0],
  ['ADDS Rd, Rn, Rm', 0x1800, 0xfe00],
  ['SUBS Rd, Rn, Rm', 0x1a00, 0xfe00],
  ['ADDS Rd, Rn, #imm3', 0x1c00, 0xfe00],
  ['SUBS Rd, Rn, #imm3', 0x1e00, 0xfe00],
  ['MOVS Rd, #imm8', 0x2000, 0xf800],
  ['CMP Rn, #imm8', 0x2800, 0xf800],
  ['ADDS Rdn, #imm8', 0x3000, 0xf800],
  ['SUBS Rdn, #imm8', 0x3800, 0xf800],
  ['ANDS Rdn, Rm', 0x4000, 0xffc0],
  ['EORS Rdn, Rm', 0x4040, 0xffc0],
  ['LSLS Rdn, Rs', 0x4080, 0xffc0],
  ['LSRS Rdn, Rs', 0x40c0, 0xffc0],
  ['ASRS Rdn, Rs', 0x4100, 0xffc0],
  ['ADCS Rdn, Rm', 0x4140, 0xffc0],
  ['SBCS Rdn, Rm', 0x4180, 0xffc0],
  ['RORS Rdn, Rs', 0x41c0, 0xffc0],
  ['TST Rn, Rm', 0x4200, 0xffc0],
  ['RSBS Rd, Rn, #0', 0x4240, 0xffc0],
  ['CMP Rn, Rm', 0x4280, 0xffc0],
  ['CMN Rn, Rm', 0x42c0, 0xffc0],
  ['ORRS Rdn, Rm', 0x4300, 0xffc0],
  ['MULS Rdn, Rm', 0x4340, 0xffc0],
  ['BICS Rdn, Rm', 0x4380, 0xffc0],
  ['MVNS Rd, Rm', 0x43c0, 0xffc0],
  ['ADD Rdn, Rm (any)', 0x4400, 0xff00],
  ['ADD PC, Rm', 0x4487, 0xff87],
  ['CMP Rn, Rm (any)', 0x4500, 0xff00],
  ['MOV Rd, Rm (any)', 0x4600, 0xff00],
  ['MOV PC, Rm', 0x4687, 0xff87],
  ['BX Rm', 0x4700, 0xff87],
  ['BLX Rm', 0x4780, 0xff87],
  ['LDR Rt, [PC, #imm8]', 0x4800, 0xf800],
  ['STR Rt, [Rn, Rm]', 0x5000, 0xfe00],
  ['STRH Rt, [Rn, Rm]', 0x5200, 0xfe00],
  ['STRB Rt, [Rn, Rm]', 0x5400, 0xfe00],
  ['LDRSB Rt, [Rn, Rm]', 0x5600, 0xfe00],
  ['LDR Rt, [Rn, Rm]', 0x5800, 0xfe00],
  ['LDRH Rt, [Rn, Rm]', 0x5a00, 0xfe00],
  ['LDRB Rt, [Rn, Rm]', 0x5c00, 0xfe00],
  ['LDRSH Rt, [Rn, Rm]', 0x5e00, 0xfe00],
  ['STR Rt, [Rn, #imm5]', 0x6000, 0xf800],
  ['LDR Rt, [Rn, #imm5]', 0x6800, 0xf800],
  ['STRB Rt, [Rn, #imm5]', 0x7000, 0xf800],
  ['LDRB Rt, [Rn, #imm5]', 0x7800, 0xf800],
  ['STRH Rt, [Rn, #imm5]', 0x8000, 0xf800],
  ['LDRH Rt, [Rn, #imm5]', 0x8800, 0xf800],
  ['STR Rt, [SP, #imm8]', 0x9000, 0xf800],
  ['LDR Rt, [SP, #imm8]', 0x9800, 0xf800],
  ['ADR Rd, label', 0xa000, 0xf800],
  ['ADD Rd, SP, #imm8', 0xa800, 0xf800],
  ['ADD SP, #imm7', 0xb000, 0xff80],
  ['SUB SP, #imm7', 0xb080, 0xff80],
  ['SXTH Rd, Rm', 0xb200, 0xffc0],
  ['SXTB Rd, Rm', 0xb240, 0xffc0],
  ['UXTH Rd, Rm', 0xb280, 0xffc0],
  ['UXTB Rd, Rm', 0xb2c0, 0xffc0],
  ['PUSH {list}', 0xb400, 0xfe00],
  ['POP {list}', 0xbc00, 0xff00],
  ['POP {list, PC}', 0xbd00, 0xff00],
  ['REV Rd, Rm', 0xba00, 0xffc0],
  ['REV16 Rd, Rm', 0xba40, 0xffc0],
  ['REVSH Rd, Rm', 0xbac0, 0xffc0],
  ['NOP', 0xbf00, 0xffff],
  ['STM Rn!, {list}', 0xc000, 0xf800],
  ['LDM Rn!, {list}', 0xc800, 0xf800],
  ['BEQ', 0xd000, 0xff00],
  ['BNE', 0xd100, 0xff00],
  ['BCS', 0xd200, 0xff00],
  ['BCC', 0xd300, 0xff00],
  ['BMI', 0xd400, 0xff00],
  ['BPL', 0xd500, 0xff00],
  ['BVS', 0xd600, 0xff00],
  ['BVC', 0xd700, 0xff00],
  ['BHI', 0xd800, 0xff00],
  ['BLS', 0xd900, 0xff00],
  ['BGE', 0xda00, 0xff00],
  ['BLT', 0xdb00, 0xff00],
  ['BGT', 0xdc00, 0xff00],
  ['BLE', 0xdd00, 0xff00],
  ['B', 0xe000, 0xf800],
  ['BL (first half)', 0xf000, 0xf800],
];

/** @returns {Uint8Array} Case number by opcode. */
function buildTable() {
  const table = new Uint8Array(65536).fill(SLOW);
  FAST_FORMS.forEach(([, pattern, mask], index) => {
    // Counting up through the bits outside the mask visits every opcode of the form.
    for (let free = 0; ; free = (free - (~mask & 0xffff)) & ~mask & 0xffff) {
      table[pattern | free] = index + 1;
      if (free === (~mask & 0xffff)) {
        return;
      }
    }
  });
  return table;
}

/** Case number in FastCore.run() by opcode. */
export const CASE_OF_OPCODE = buildTable();
