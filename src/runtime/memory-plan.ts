/** A range of the arena that holds one tensor in one layout, or several one after another. */
export interface Buffer {
  readonly label: string;
  readonly bytes: number;
  /** Whether it keeps its contents between runs: state, constants, gradients of parameters. */
  persistent: boolean;
  /** Offset in the arena, in bytes; −1 until planned. */
  offset: number;
}

/** One step of a program, before memory is planned. */
export interface Instruction {
  readonly label: string;
  readonly reads: readonly Buffer[];
  readonly writes: readonly Buffer[];
  /** Pairs of a written and a read buffer that may share memory. */
  readonly inPlace?: readonly (readonly [written: Buffer, read: Buffer])[];
}

const ALIGNMENT = 64;
const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

interface Lifetime {
  readonly buffers: Buffer[];
  readonly bytes: number;
  first: number;
  last: number;
}

/**
 * Assigns every buffer a place in one arena: persistent ones first, in the given order, then scratch buffers, such that
 * buffers with overlapping lifetimes do not overlap. Buffers that an instruction may overwrite are merged; the others are
 * placed by decreasing size, each at the lowest free offset (greedy by size: Pisarchyk & Lee, arXiv:2001.03288). Returns the
 * size of the arena in bytes.
 */
export function planMemory(
  instructions: readonly Instruction[],
  persistent: readonly Buffer[],
  ends: { readonly inputs: readonly Buffer[]; readonly outputs: readonly Buffer[] },
): number {
  let base = 0;
  for (const buffer of persistent) {
    buffer.offset = base;
    base += aligned(buffer.bytes);
  }
  const lifetimes = mergeInPlace(instructions, lifetimesOf(instructions, ends));
  return base + place(lifetimes, base);
}

function lifetimesOf(
  instructions: readonly Instruction[],
  ends: { readonly inputs: readonly Buffer[]; readonly outputs: readonly Buffer[] },
): Map<Buffer, Lifetime> {
  const lifetimes = new Map<Buffer, Lifetime>();
  const touch = (buffer: Buffer, time: number) => {
    if (buffer.persistent) return;
    const known = lifetimes.get(buffer);
    if (known) known.last = time;
    else lifetimes.set(buffer, { buffers: [buffer], bytes: aligned(buffer.bytes), first: time, last: time });
  };
  for (const buffer of ends.inputs) touch(buffer, -1);
  instructions.forEach(({ reads, writes }, time) => {
    for (const buffer of reads) touch(buffer, time);
    for (const buffer of writes) touch(buffer, time);
  });
  for (const buffer of ends.outputs) touch(buffer, instructions.length);
  return lifetimes;
}

function mergeInPlace(instructions: readonly Instruction[], lifetimes: Map<Buffer, Lifetime>): Lifetime[] {
  instructions.forEach(({ inPlace = [] }, time) => {
    for (const [written, read] of inPlace) {
      const source = lifetimes.get(read);
      const target = lifetimes.get(written);
      const mergeable =
        source && target && source !== target && source.last === time && target.first === time;
      if (!mergeable || source.bytes < target.bytes) continue;
      source.buffers.push(...target.buffers);
      source.last = target.last;
      for (const buffer of target.buffers) lifetimes.set(buffer, source);
    }
  });
  return [...new Set(lifetimes.values())];
}

/** Places the scratch buffers; returns their total size in bytes. */
function place(lifetimes: readonly Lifetime[], base: number): number {
  const placed: { readonly lifetime: Lifetime; readonly offset: number }[] = [];
  let total = 0;
  for (const lifetime of lifetimes.toSorted((a, b) => b.bytes - a.bytes)) {
    let offset = 0;
    // By increasing offset: finds the first gap that is wide enough.
    for (const other of placed) {
      const together = other.lifetime.first <= lifetime.last && lifetime.first <= other.lifetime.last;
      if (!together) continue;
      if (other.offset - offset >= lifetime.bytes) break;
      offset = Math.max(offset, other.offset + other.lifetime.bytes);
    }
    const at = placed.findIndex((other) => other.offset > offset);
    placed.splice(at < 0 ? placed.length : at, 0, { lifetime, offset });
    for (const buffer of lifetime.buffers) buffer.offset = base + offset;
    total = Math.max(total, offset + lifetime.bytes);
  }
  return total;
}
