import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { emptyGraph, makeConstant } from '../../src/graph/graph.ts';
import { parseGraph } from '../../src/graph/text/index.ts';
import { makeTensor } from '../../src/numeric/tensor.ts';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import { readModelFile, writeModelFile } from '../../src/onnx/model-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type AttributeInit, modelBytes, tensorInfo } from './protobuf.ts';
import { refusal } from './refusal.ts';

const relu = (attribute: AttributeInit[] = []) => ({
  node: [{ opType: 'Relu', name: 'r', input: ['x'], output: ['y'], attribute }],
  input: [tensorInfo('x', [1])],
  output: [{ name: 'y' }],
});

describe('a model over 2 GB', () => {
  // 0.75 GB of zeros that are never touched, counted three times.
  const tensor = makeTensor('uint8', [0.75e9], new Uint8Array(0.75e9));
  const initializers = ['a', 'b', 'c'].map((name) => makeConstant(name, tensor));
  const constants = ['a', 'b', 'c'].map((name) => ({
    ...{ op: 'Constant', domain: '', name, inputs: [], outputs: [makeConstant(name, tensor)] },
    attributes: { value: { kind: 'tensor' as const, value: tensor } },
  }));

  it.each([
    ['initializers', { ...emptyGraph('large'), initializers }],
    ['constants', { ...emptyGraph('large'), nodes: constants }],
  ])('of %s has no bytes, and no file without data beside it', (_, graph) => {
    const folder = temporaryFolder();
    expect(refusal(() => serializeModel(graph)).message).toContain('2 GB');
    const write = () => writeModelFile(graph, join(folder, 'large.onnx'), { externalData: 'never' });
    expect(refusal(write).code).toBe('unsupported');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('operator sets', () => {
  const imports = (...versions: (readonly [string, bigint])[]) =>
    modelBytes(relu(), { opsetImport: versions.map(([domain, version]) => ({ domain, version })) });

  it.each([0n, -1n, 2n ** 40n])('of version %s', (version) => {
    const { code, message } = refusal(() => parseModel(imports(['', version])));
    expect([code, message]).toEqual(['invalid-model', expect.stringContaining(`found ${version}`)]);
  });

  it('of one domain in two versions, under its two names', () => {
    const { message } = refusal(() => parseModel(imports(['', 11n], ['ai.onnx', 18n])));
    expect(message).toBe('domain ai.onnx: expected one operator set version, found 11 and 18');
  });

  it('under the long name of the default domain', () => {
    expect(parseModel(imports(['ai.onnx', 18n], ['org.example', 2n])).opsets).toEqual({
      '': 18,
      'org.example': 2,
    });
  });
});

describe('attributes', () => {
  it('given twice', () => {
    const twice = [1n, 2n].map((i) => ({ name: 'a', type: 2, i }));
    expect(refusal(() => parseModel(modelBytes(relu(twice)))).message).toContain('a is given twice');
  });

  it.each([
    ['value_int', { type: 2, i: 3n }, 'int64', []],
    ['value_ints', { type: 7, ints: [3n] }, 'int64', [1]],
    ['value_float', { type: 1, f: 3 }, 'float32', []],
    ['value_floats', { type: 6, floats: [3] }, 'float32', [1]],
  ])('of a Constant: %s', (name, attribute, dtype, shape) => {
    const node = [{ opType: 'Constant', output: ['c'], attribute: [{ name, ...attribute }] }];
    const [value] = parseModel(modelBytes({ node, output: [{ name: 'c' }] })).outputs;
    expect(value).toMatchObject({ dtype, shape, tensor: { dtype, shape } });
    expect(Number(value!.tensor!.data[0])).toBe(3);
  });
});

it.skipIf(process.platform === 'win32')('external data that is a pipe is not waited for', () => {
  const folder = temporaryFolder();
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const externalData = [{ key: 'location', value: 'pipe' }];
  const tensor = { name: 'w', dims: [1n], dataType: 1, dataLocation: 1, externalData };
  writeFileSync(join(folder, 'm.onnx'), modelBytes({ initializer: [tensor], output: [{ name: 'w' }] }));
  expect(refusal(() => readModelFile(join(folder, 'm.onnx'))).message).toContain('is not a file');
});

it('a name that breaks lines or rings the bell leaves an error of one line', () => {
  const node = [{ opType: 'Relu', name: 'a\n\u001b[31m\u0007b', input: ['none'], output: ['y'] }];
  const { message } = refusal(() => parseModel(modelBytes({ node, output: [{ name: 'y' }] })));
  expect(message).toBe('a [31m b (Relu): reads "none", which is not defined');
});

it.each([
  ['Conv', 'float32[0, 3, 3, 3]'],
  ['ConvTranspose', 'float32[3, 0, 3, 3]'],
])('a %s whose filters are computed, and are none, is refused before an engine sees it', (op, weight) => {
  const text = `net(float32[1, 3, 8, 8] x) => (y) { ${weight} w = {} v = Identity(w) y = ${op}(x, v) }`;
  expect(refusal(() => parseGraph(text)).message).toBe(`y (${op}): expected at least one filter, got 0`);
});
