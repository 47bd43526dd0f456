import { EspalierError } from '../errors.ts';
import { formatBytes } from './quantities.ts';

/**
 * Bytes for computed tensors in addition to those of the file: 640 MB, so that a small file needs less than 1 GB in total.
 */
let base = 640e6;
/** Bytes of intermediate results that are allowed per byte of the file, since large networks have large feature maps. */
const PER_STORED_BYTE = 16;

/** Sets the memory budget for computed tensors, in bytes, in addition to those of the file. */
export function setMemoryBudget(bytes: number): void {
  base = bytes;
}

/** The memory budget for one run of a network with the given bytes of weights. */
export const memoryBudget = (storedBytes: number): number => base + PER_STORED_BYTE * storedBytes;

/** What remains of the budget for evaluating constants. */
export interface Allowance {
  bytes: number;
  /** Multiply-accumulates. */
  work: number;
  /** The time at which evaluation ends, as `performance.now()`. */
  readonly until: number;
}

/** A time limit is necessary: a computation that takes a second with normal numbers takes a hundred with denormal ones. */
const CONSTANTS_MS = 3000;

/**
 * The budget for constants computed from the given bytes; the engine holds a copy of each, and each is written to the file.
 */
export const constantAllowance = (storedBytes: number): Allowance => ({
  bytes: base / 5 + 4 * storedBytes,
  work: 1e9,
  until: performance.now() + CONSTANTS_MS,
});

/** An allocation to be checked. */
export interface Allocation {
  readonly bytes: number;
  /** The value or node that needs it. */
  readonly where: string;
  /** A description, such as `a feed of [1, 3, 224, 224]`. */
  readonly what: string;
}

/** Throws `unsupported` if an allocation exceeds the budget. */
export function expectWithin({ bytes, where, what }: Allocation, budget: number = memoryBudget(0)): void {
  if (bytes <= budget) return;
  const message = `${what} would need ${formatBytes(bytes)}, more than the allowed ${formatBytes(budget)}: use a smaller size or batch, or set ESPALIER_MEMORY (in GB)`;
  throw new EspalierError('unsupported', message, { where });
}
