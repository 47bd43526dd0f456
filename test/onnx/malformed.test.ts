import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inferShapes } from '../../src/graph/shapes/index.ts';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import { readModelFile } from '../../src/onnx/model-file.ts';
import { plainNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type AttributeInit, type GraphInit, modelBytes, tensorInfo } from './protobuf.ts';
import { refusal } from './refusal.ts';

describe('files that are no model', () => {
  const whole = serializeModel(plainNetwork());
  it.each([
    ['an empty file', new Uint8Array(0)],
    ['a picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d)],
    ['text', Buffer.from('import torch\nprint("model")\n')],
    ['zeros', new Uint8Array(100)],
    ['half a model', whole.subarray(0, whole.length / 2)],
    ['a model without its last byte', whole.subarray(0, -1)],
    ['a model without a graph', Uint8Array.of(0x08, 8)],
    ['a model without an operator set', modelBytes({}, { opsetImport: [] })],
  ])('%s', (_, bytes) => {
    const path = join(temporaryFolder(), 'some.onnx');
    writeFileSync(path, bytes);
    const { code, message } = refusal(() => readModelFile(path));
    expect(code).toBe('invalid-model');
    expect(message).toMatch(/some\.onnx: is /);
  });

  it('a folder, and a file that is not there', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'net.onnx'));
    expect(refusal(() => readModelFile(join(folder, 'net.onnx'))).message).toMatch(
      /net\.onnx: expected an ONNX file, found a folder/,
    );
    expect(refusal(() => readModelFile(join(folder, 'gone.onnx')))).toMatchObject({ code: 'missing-file' });
  });
});

it('a name under which no engine of JavaScript can be fed', () => {
  const graph = parseModel(serializeModel(plainNetwork()));
  graph.inputs[0]!.name = '__proto__';
  const { code, message } = refusal(() => parseModel(serializeModel(graph)));
  expect(code).toBe('unsupported');
  expect(message).toMatch(/^__proto__: this name cannot be used in JavaScript/);
});

describe('graphs that break the rules', () => {
  const x = tensorInfo('x', [1]);
  const relu = (from: string, to: string) => ({ opType: 'Relu', name: to, input: [from], output: [to] });
  const branch = (name: string, output: string) => ({ name, type: 5, g: { output: [{ name: output }] } });
  const graphs: [string, GraphInit, RegExp][] = [
    ['a cycle', { node: [relu('b', 'a'), relu('a', 'b')] }, /\(Relu\): is part of a cycle/],
    ['a node that reads itself', { node: [relu('a', 'a')] }, /a \(Relu\): is part of a cycle/],
    [
      'one name computed twice',
      { input: [x], node: [relu('x', 'a'), relu('x', 'a')] },
      /"a": is defined twice/,
    ],
    ['a node that computes an input', { input: [x], node: [relu('x', 'x')] }, /"x": is defined twice/],
    ['two inputs of one name', { input: [x, x] }, /"x": is defined twice/],
    ['an undefined input', { node: [relu('y', 'a')] }, /a \(Relu\): reads "y", which is not defined/],
    ['an undefined output', { output: [{ name: 'y' }] }, /graph output: reads "y"/],
    [
      'a value of a branch that is read outside',
      {
        input: [x],
        node: [
          {
            ...{ opType: 'If', input: ['x'], output: ['i'] },
            attribute: [{ name: 'then_branch', type: 5, g: { node: [relu('x', 'inner')] } }],
          },
          relu('inner', 'y'),
        ],
      },
      /reads "inner", which is not defined/,
    ],
    [
      'a branch that reads what its own node computes',
      { node: [{ opType: 'If', input: [''], output: ['i'], attribute: [branch('then_branch', 'i')] }] },
      /i \(If\): is part of a cycle/,
    ],
    [
      'one attribute twice',
      {
        node: [
          {
            ...{ opType: 'Elu', input: [''], output: ['e'] },
            attribute: [
              { name: 'alpha', type: 1, f: 1 },
              { name: 'alpha', type: 1, f: 2 },
            ],
          },
        ],
      },
      /e \(Elu\): attribute alpha is given twice/,
    ],
    [
      'a tensor attribute without a tensor',
      { node: [{ opType: 'Constant', output: ['c'], attribute: [{ name: 'value', type: 4 }] }] },
      /c \(Constant\): attribute value has no tensor/,
    ],
  ];
  it.each(graphs)('%s', (_, graph, message) => {
    const error = refusal(() => parseModel(modelBytes(graph)));
    expect(error.code).toBe('invalid-model');
    expect(error.message).toMatch(message);
  });

  it('two initializers of one name', () => {
    const w = { name: 'w', dims: [1n], dataType: 1, rawData: new Uint8Array(4) };
    expect(refusal(() => parseModel(modelBytes({ initializer: [w, w] }))).message).toBe(
      '"w": is defined twice',
    );
  });

  it('a node before those that it reads is moved behind them', () => {
    const bytes = modelBytes({ input: [x], node: [relu('a', 'b'), relu('x', 'a')], output: [{ name: 'b' }] });
    expect(parseModel(bytes).nodes.map(({ name }) => name)).toEqual(['a', 'b']);
  });
});

describe('tensors whose payload is not what their shape says', () => {
  it.each([
    ['2^62 elements', [2n ** 62n], /is too large|expected a dimension/],
    ['2^40 × 2^40 elements', [2n ** 40n, 2n ** 40n], /is too large/],
    ['a product that overflows to 0', [2n ** 32n, 2n ** 32n], /is too large/],
    ['2^50 elements', [2n ** 50n], /expected 4503599627370496 bytes .* found 4/],
    ['a negative dimension', [-1n], /expected a dimension of at least 0, found -1/],
    ['two negative dimensions', [-1n, -1n], /expected a dimension of at least 0/],
    ['no element', [0n], /expected 0 bytes .* found 4/],
    ['more elements', [3n], /expected 12 bytes for float32 \[3\], found 4/],
  ])('%s', (_, dims, message) => {
    const tensor = { name: 'w', dims, dataType: 1, rawData: new Uint8Array(4) };
    const error = refusal(() => parseModel(modelBytes({ initializer: [tensor] })));
    expect(error.message).toMatch(/^w: /);
    expect(error.message).toMatch(message);
  });

  it.each([
    [
      'too few typed elements',
      { dataType: 1, floatData: [1] },
      /expected 2 elements for float32 \[2\], found 1/,
    ],
    ['the wrong typed field', { dataType: 1, doubleData: [1, 2] }, /expected 2 elements .* found 0/],
    ['strings of another number', { dataType: 8, stringData: [] }, /expected 2 strings .* found 0/],
    ['an element type that is none', { dataType: 99 }, /unknown element type 99/],
    ['a segment', { dataType: 1, segment: { begin: 0n, end: 1n } }, /segments are not supported/],
  ])('%s', (_, fields, message) => {
    const bytes = modelBytes({ initializer: [{ name: 'w', dims: [2n], ...fields }] });
    expect(refusal(() => parseModel(bytes)).message).toMatch(message);
  });

  it('an input of a size that no number holds', () => {
    expect(refusal(() => parseModel(modelBytes({ input: [tensorInfo('x', [2n ** 62n])] }))).message).toMatch(
      /^x: dimension 4611686018427387904 is too large/,
    );
  });
});

describe('convolutions that would kill an engine', () => {
  const conv = (dims: bigint[], attribute: AttributeInit[] = []) =>
    modelBytes({
      input: [tensorInfo('x', [1, 2, 5, 5])],
      initializer: [
        { name: 'w', dims, dataType: 1, rawData: new Uint8Array(4 * Number(dims.reduce((a, b) => a * b))) },
      ],
      node: [{ opType: 'Conv', name: 'c', input: ['x', 'w'], output: ['y'], attribute }],
      output: [{ name: 'y' }],
    });
  it.each([
    ['no filters', conv([0n, 2n, 3n, 3n]), 'c (Conv): expected at least one filter, found 0'],
    ['no channels', conv([4n, 0n, 3n, 3n]), 'c (Conv): expected at least one channel, found 0'],
    ['an empty kernel', conv([4n, 2n, 0n, 3n]), 'c (Conv): expected at least one kernel position, found 0'],
    [
      'group 0',
      conv([4n, 2n, 3n, 3n], [{ name: 'group', type: 2, i: 0n }]),
      'c (Conv): expected at least one group, found 0',
    ],
    [
      'strides 0',
      conv([4n, 2n, 3n, 3n], [{ name: 'strides', type: 7, ints: [1n, 0n] }]),
      'c (Conv): expected strides of at least 1, found [1,0]',
    ],
    [
      'a negative dilation',
      conv([4n, 2n, 3n, 3n], [{ name: 'dilations', type: 7, ints: [-1n, 1n] }]),
      'c (Conv): expected dilations of at least 1, found [-1,1]',
    ],
  ])('%s', (_, bytes, message) => {
    expect(refusal(() => parseModel(bytes))).toMatchObject({ code: 'invalid-model', message });
  });

  it('attributes of another kind', () => {
    const bytes = conv([4n, 2n, 3n, 3n], [{ name: 'strides', type: 1, f: 2 }]);
    expect(refusal(() => inferShapes(parseModel(bytes)))).toMatchObject({
      code: 'invalid-model',
      message: 'c (Conv): attribute strides: expected ints, found float',
    });
  });
});
