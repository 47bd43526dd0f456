import { EspalierError } from '../errors.ts';

/** What computed tensors may take beside what the file holds: 640 MB, so that a small file stays below 1 GB in all. */
let base = 640e6;
/** Bytes of intermediate results allowed a byte of the file: large networks have large feature maps. */
const PER_STORED_BYTE = 16;

/** Sets what computed tensors may take beside what a file holds, in bytes. */
export function setMemoryBudget(bytes: number): void {
  base = bytes;
}

/** The bytes that one run of a network may take, with so many bytes of weights. */
export const memoryBudget = (storedBytes: number): number => base + PER_STORED_BYTE * storedBytes;

/** What evaluating constants may still take. */
export interface Allowance {
  bytes: number;
  /** Multiply-accumulates. */
  work: number;
  /** When evaluation ends, by `performance.now()`. */
  readonly until: number;
}

/** What takes a second with common numbers takes a hundred with denormal ones. */
const CONSTANTS_MS = 3000;

/** For constants made of so many stored bytes: each is held by the engine, too, and written. */
export const constantAllowance = (storedBytes: number): Allowance => ({
  bytes: base / 5 + 4 * storedBytes,
  work: 1e9,
  until: performance.now() + CONSTANTS_MS,
});

/** Something that is about to be allocated. */
export interface Need {
  readonly bytes: number;
  /** The value or node that takes it. */
  readonly where: string;
  /** What it is, in words: `a feed of [1, 3, 224, 224]`. */
  readonly what: string;
}

/** Throws `unsupported` at what would take more than the budget, before anything is allocated. */
export function expectWithin({ bytes, where, what }: Need, budget: number = memoryBudget(0)): void {
  if (bytes <= budget) return;
  const message = `${what} would need ${amount(bytes)}, more than the allowed ${amount(budget)}: use a smaller size or batch, or set ESPALIER_MEMORY (in GB)`;
  throw new EspalierError('unsupported', message, { where });
}

const amount = (bytes: number): string =>
  bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${Number((bytes / 1e9).toPrecision(3))} GB`;
