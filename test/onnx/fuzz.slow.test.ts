import { describe, expect, it } from 'vitest';
import { EspalierError } from '../../src/errors.ts';
import { inferShapes } from '../../src/graph/shapes/index.ts';
import { costs } from '../../src/measure/macs.ts';
import { type Random, random } from '../../src/numeric/random.ts';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import { plainNetwork, residualNetwork } from '../support/small-network.ts';
import { modelBytes, tensorInfo } from './protobuf.ts';

/** Weights are few, so that most mutations hit the structure. */
const models: readonly Uint8Array[] = [
  serializeModel(plainNetwork({ channels: 1, widths: [2, 2], classes: 2 })),
  serializeModel(residualNetwork({ channels: 1, width: 1, classes: 2 })),
  shapeComputation(),
];

/** Reshape by a computed shape, a branch that captures, a cast, a slice, a sequence and a function. */
function shapeComputation(): Uint8Array {
  const ints = (name: string, ...values: bigint[]) => ({
    ...{ name, dims: [BigInt(values.length)], dataType: 7 },
    rawData: new Uint8Array(BigInt64Array.from(values).buffer),
  });
  const branch = (name: string, opType: string) => ({
    ...{ name, type: 5 },
    g: { name, node: [{ opType, input: ['flat'], output: [name] }], output: [{ name }] },
  });
  const node = (opType: string, input: string[], output: string[], attribute: object[] = []) => ({
    ...{ opType, input, output, attribute },
  });
  return modelBytes(
    {
      node: [
        node('Shape', ['x'], ['shape'], [{ name: 'start', type: 2, i: 1n }]),
        node('Slice', ['shape', 'zero', 'two', 'zero'], ['sizes']),
        node('Concat', ['one', 'sizes'], ['target'], [{ name: 'axis', type: 2, i: 0n }]),
        node('Reshape', ['x', 'target'], ['flat']),
        node('If', ['c'], ['h'], [branch('then_branch', 'Relu'), branch('else_branch', 'Neg')]),
        node('Transpose', ['h'], ['t'], [{ name: 'perm', type: 7, ints: [0n, 2n, 1n] }]),
        node('Split', ['t'], ['s1', 's2'], [{ name: 'axis', type: 2, i: 1n }]),
        node('MaxPool', ['s1'], ['p'], [{ name: 'kernel_shape', type: 7, ints: [2n] }]),
        node('Cast', ['p'], ['y'], [{ name: 'to', type: 2, i: 11n }]),
        { ...node('Own', ['s2'], ['z']), domain: 'org.example' },
      ],
      input: [tensorInfo('x', [1, 2, 4]), tensorInfo('c', [], 9)],
      initializer: [ints('zero', 0n), ints('two', 2n), ints('one', 1n)],
      output: [{ name: 'y' }, { name: 'z' }],
    },
    {
      opsetImport: [
        { domain: '', version: 17n },
        { domain: 'org.example', version: 1n },
      ],
      functions: [{ name: 'Own', domain: 'org.example', input: ['a'], output: ['a'] }],
    },
  );
}

/** One mutation: flipped bits, a cut, bytes put in, taken out, or made large as lengths and dimensions are. */
function mutated(bytes: Uint8Array, r: Random): Uint8Array {
  const at = r.integer(bytes.length);
  const some = () => Uint8Array.from({ length: 1 + r.integer(4) }, () => r.integer(256));
  const copy = Uint8Array.from(bytes);
  switch (r.integer(6)) {
    case 0:
      copy[at] = copy[at]! ^ (1 << r.integer(8));
      return copy;
    case 1:
      copy[at] = copy[at]! + (r.integer(2) ? 1 : -1);
      return copy;
    case 2:
      copy[at] = [0, 1, 0x7f, 0x80, 0xff][r.integer(5)]!;
      return copy;
    case 3:
      return Buffer.concat([bytes.subarray(0, at), some(), bytes.subarray(at)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + r.integer(4))]);
    default:
      return r.integer(4) ? swapped(copy, at, r) : bytes.subarray(0, at);
  }
}

/** A few bytes of one place written over another: fields and names of other nodes. */
function swapped(copy: Uint8Array, at: number, r: Random): Uint8Array {
  const from = r.integer(copy.length);
  copy.copyWithin(at, from, from + 1 + r.integer(6));
  return copy;
}

/** Runs an action that may refuse; anything but an EspalierError of one line is a bug. */
function survives<T>(action: () => T): T | null {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    expect(error.message).not.toContain('\n');
    return null;
  }
}

describe('damaged files', () => {
  it.each(models.map((bytes, i) => [i, bytes] as const))('model %i', (model, bytes) => {
    let read = 0;
    for (let seed = 0; seed < 1400; seed++) {
      const r = random(model, seed);
      let file = bytes;
      for (let times = r.integer(3); times >= 0; times--) if (file.length > 0) file = mutated(file, r);
      try {
        if (survives(() => parseModel(file))) read++;
        else continue;
        survives(() => inferShapes(parseModel(file)));
        survives(() => costs(parseModel(file)));
        const written = survives(() => serializeModel(parseModel(file)));
        if (written) parseModel(written);
      } catch (cause) {
        throw new Error(`model ${model}, seed ${seed}`, { cause });
      }
    }
    expect(read).toBeGreaterThan(100); // else the mutations test nothing but the decoder
    expect(read).toBeLessThan(1400);
  });
});
