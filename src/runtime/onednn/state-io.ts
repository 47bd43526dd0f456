import { byteWidth, elementCount, makeTensor, stridesOf, type Tensor } from '../../numeric/tensor.ts';
import { type Arena, openArena } from './arena.ts';
import { dimsOf } from './compile/layouts.ts';
import type { Memory, Operand } from './compile/operand.ts';
import { requiredPrimitive } from './compile/primitives.ts';
import type { Descriptor, Dnnl } from './library/api.ts';
import type { OpenedLibrary } from './library/open.ts';

/** Reads and writes a program's state as row-major tensors, in any layout of the arena. */
export interface StateIo {
  read(operand: Operand): Tensor;
  write(operand: Operand, tensor: Tensor): void;
}

interface StagedCopy {
  readonly staging: Arena;
  readonly plain: Descriptor;
  readonly out: () => void;
  readonly into: () => void;
}

export function openStateIo(dnnl: Dnnl, koffi: OpenedLibrary['koffi'], memory: Memory): StateIo {
  const passages = new Map<Operand, StagedCopy | null>();
  let staging: Arena | null = null;
  let stagingBytes = 0;

  const passageOf = (operand: Operand): StagedCopy | null => {
    const known = passages.get(operand);
    if (known !== undefined && (known === null || known.staging === staging)) return known;
    const made = open(operand);
    passages.set(operand, made);
    return made;
  };

  function open(operand: Operand): StagedCopy | null {
    const { descriptor, shape } = operand;
    const dims = dimsOf(shape);
    if (!descriptor) return null;
    const plain = dnnl.describe(dims, { strides: stridesOf(dims) });
    if (dnnl.equal(descriptor, plain)) return null;
    if (!staging || stagingBytes < plain.bytes) {
      staging = openArena(koffi, plain.bytes);
      stagingBytes = plain.bytes;
    }
    const inside = { descriptor, address: memory.address(operand) };
    const outside = { descriptor: plain, address: staging.address };
    return { staging, plain, out: reorder(dnnl, inside, outside), into: reorder(dnnl, outside, inside) };
  }

  return {
    read(operand) {
      const { dtype, shape } = operand;
      const passage = passageOf(operand);
      if (!passage) return makeTensor(dtype, shape, memory.view(operand));
      passage.out();
      const bytes = byteWidth('float32') * elementCount(shape);
      return makeTensor(dtype, shape, passage.staging.view('float32', 0, bytes).slice() as Float32Array);
    },
    write(operand, tensor) {
      const passage = passageOf(operand);
      const target = passage
        ? passage.staging.view('float32', 0, byteWidth('float32') * elementCount(operand.shape))
        : memory.view(operand);
      (target as Float32Array).set(tensor.data as Float32Array);
      passage?.into();
    },
  };
}

interface LaidOutMemory {
  readonly descriptor: Descriptor;
  readonly address: bigint;
}

function reorder(dnnl: Dnnl, from: LaidOutMemory, to: LaidOutMemory): () => void {
  const primitive = requiredPrimitive(
    dnnl,
    { kind: 'reorder', src: from.descriptor, dst: to.descriptor },
    { where: 'state' },
  );
  return dnnl.bind(primitive, [
    { role: 'src', ...from },
    { role: 'dst', ...to },
  ]);
}
