/** Instructions without immediate operands: opcode, popped types and result type. */
const plain = {
  'i32.eqz': [0x45],
  'i32.eq': [0x46],
  'i32.ne': [0x47],
  'i32.lt_s': [0x48],
  'i32.lt_u': [0x49],
  'i32.gt_s': [0x4a],
  'i32.le_s': [0x4c],
  'i32.ge_s': [0x4e],
  'i32.add': [0x6a],
  'i32.sub': [0x6b],
  'i32.mul': [0x6c],
  'i32.div_u': [0x6e],
  'i32.rem_u': [0x70],
  'f32.abs': [0x8b],
  'f32.sqrt': [0x91],
  'f32.add': [0x92],
  'f32.sub': [0x93],
  'f32.mul': [0x94],
  'f32.div': [0x95],
  'f32.min': [0x96],
  'f32.max': [0x97],
  select: [0x1b],
  drop: [0x1a],
  'f32x4.splat': [0xfd, 0x13],
  'i32x4.splat': [0xfd, 0x11],
  'f32x4.eq': [0xfd, 0x41],
  'f32x4.ne': [0xfd, 0x42],
  'f32x4.lt': [0xfd, 0x43],
  'f32x4.gt': [0xfd, 0x44],
  'f32x4.le': [0xfd, 0x45],
  'f32x4.ge': [0xfd, 0x46],
  'v128.not': [0xfd, 0x4d],
  'v128.and': [0xfd, 0x4e],
  'v128.andnot': [0xfd, 0x4f],
  'v128.or': [0xfd, 0x50],
  'v128.xor': [0xfd, 0x51],
  'v128.bitselect': [0xfd, 0x52],
  'f32x4.ceil': [0xfd, 0x67],
  'f32x4.floor': [0xfd, 0x68],
  'f32x4.trunc': [0xfd, 0x69],
  'f32x4.nearest': [0xfd, 0x6a],
  'i32x4.shl': [0xfd, 0xab, 0x01],
  'i32x4.shr_s': [0xfd, 0xac, 0x01],
  'i32x4.shr_u': [0xfd, 0xad, 0x01],
  'i32x4.add': [0xfd, 0xae, 0x01],
  'i32x4.sub': [0xfd, 0xb1, 0x01],
  'f32x4.abs': [0xfd, 0xe0, 0x01],
  'f32x4.neg': [0xfd, 0xe1, 0x01],
  'f32x4.sqrt': [0xfd, 0xe3, 0x01],
  'f32x4.add': [0xfd, 0xe4, 0x01],
  'f32x4.sub': [0xfd, 0xe5, 0x01],
  'f32x4.mul': [0xfd, 0xe6, 0x01],
  'f32x4.div': [0xfd, 0xe7, 0x01],
  'f32x4.min': [0xfd, 0xe8, 0x01],
  'f32x4.max': [0xfd, 0xe9, 0x01],
  'f32x4.pmin': [0xfd, 0xea, 0x01],
  'f32x4.pmax': [0xfd, 0xeb, 0x01],
  'i32x4.trunc_sat_f32x4_s': [0xfd, 0xf8, 0x01],
  'f32x4.convert_i32x4_s': [0xfd, 0xfa, 0x01],
  'f32x4.relaxed_madd': [0xfd, 0x85, 0x02],
} as const;

/** Loads and stores: opcode, and log2 of the alignment written with it. */
const memory = {
  'i32.load': [[0x28], 2],
  'f32.load': [[0x2a], 2],
  'i32.store': [[0x36], 2],
  'f32.store': [[0x38], 2],
  'v128.load': [[0xfd, 0x00], 2],
  'v128.load32_splat': [[0xfd, 0x09], 2],
  'v128.load32_zero': [[0xfd, 0x5c], 2],
  'v128.load64_zero': [[0xfd, 0x5d], 2],
  'v128.store': [[0xfd, 0x0b], 2],
  'i32.atomic.load': [[0xfe, 0x10], 2],
  'i32.atomic.rmw.add': [[0xfe, 0x1e], 2],
  'memory.atomic.notify': [[0xfe, 0x00], 2],
  'memory.atomic.wait32': [[0xfe, 0x01], 2],
} as const;

/** Loads and stores of a single lane. */
const lanes = {
  'v128.load32_lane': [0xfd, 0x56],
  'v128.load64_lane': [0xfd, 0x57],
  'v128.store32_lane': [0xfd, 0x5a],
  'v128.store64_lane': [0xfd, 0x5b],
} as const;

export type PlainInstruction = keyof typeof plain;
export type MemoryInstruction = keyof typeof memory;
export type LaneInstruction = keyof typeof lanes;

export const plainInstructions: { readonly [I in PlainInstruction]: readonly number[] } = plain;
export const memoryInstructions: {
  readonly [I in MemoryInstruction]: readonly [encoding: readonly number[], alignment: number];
} = memory;
export const laneInstructions: { readonly [I in LaneInstruction]: readonly number[] } = lanes;
