import { describe, expect, it } from 'vitest';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import { refusal } from './refusal.ts';

describe('deep nesting', () => {
  it.each([25, 5000, 100_000])('branches in branches, %i deep', (depth) => {
    const parse = () => parseModel(nested(depth));
    if (depth < 30) expect(parse().nodes).toHaveLength(1);
    else expect(refusal(parse).code).toBe('invalid-model');
  });

  it.each([25, 2000, 100_000])('sequences of sequences, %i deep', (depth) => {
    const action = () => serializeModel(parseModel(nestedType(depth)));
    if (depth < 30) expect(action().length).toBeGreaterThan(depth);
    else expect(refusal(action).code).toBe('invalid-model');
  });
});

/** Field `number` of protobuf around `content`. */
function field(number: number, content: readonly Uint8Array[], length: number): [Uint8Array[], number] {
  const head = [number * 8 + 2];
  let rest = length;
  for (; rest > 127; rest = Math.floor(rest / 128)) head.push((rest % 128) + 128);
  head.push(rest);
  return [[Uint8Array.from(head), ...content], length + head.length];
}

/** A model whose bytes hold `fields` around each other `depth` times, within `around`; the innermost is empty. */
function wrapped(depth: number, fields: readonly number[], around: readonly number[]): Uint8Array {
  const heads: Uint8Array[] = [];
  let length = 0;
  const wrap = (number: number) => {
    const [[head], total] = field(number, [], length);
    heads.push(head!);
    length = total;
  };
  for (let i = 0; i < depth; i++) for (const number of fields) wrap(number);
  for (const number of around) wrap(number);
  const model = Buffer.concat([Uint8Array.of(0x08, 8, 0x42, 2, 0x10, 18), ...heads.reverse()]);
  return new Uint8Array(model);
}

/** graph { node { attribute { g { node … } } } } */
const nested = (depth: number) => wrapped(depth, [6, 5, 1], [7]);
/** graph { input { type { sequence_type { elem_type { sequence_type … } } } } } */
const nestedType = (depth: number) => wrapped(depth, [1, 4], [2, 11, 7]);
