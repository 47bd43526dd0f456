import { describe, expect, it } from 'vitest';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import { plainNetwork, residualNetwork } from '../support/small-network.ts';
import { expectKept } from './expect-kept.ts';
import { canonical, modelBytes, tensorInfo } from './protobuf.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

describe('what is written and read again', () => {
  it.each([
    ['plain', plainNetwork()],
    ['residual', residualNetwork()],
  ])('a built network (%s) keeps nodes, types and weights', (_, graph) => {
    const again = parseModel(serializeModel(graph));
    const nodes = ({ nodes }: typeof graph) =>
      nodes.map(({ op, name, inputs, outputs, attributes }) => ({
        ...{ op, name, attributes },
        inputs: inputs.map((value) => value?.name),
        outputs: outputs.map((value) => value?.name),
      }));
    expect(nodes(again)).toEqual(nodes(graph));
    const tensors = (of: typeof graph) => of.initializers.map(({ name, tensor }) => ({ name, tensor }));
    expect(tensors(again)).toEqual(tensors(graph));
    expect(again.inputs[0]).toMatchObject({ name: 'input', dtype: 'float32', shape: ['N', 3, 8, 8] });
  });

  it('keeps bytes that were written once', () => {
    const bytes = serializeModel(residualNetwork());
    expect(serializeModel(parseModel(bytes))).toEqual(bytes);
  });
});

describe('what a file holds beside the network', () => {
  const x = tensorInfo('x', [1, 3]);
  const relu = { opType: 'Relu', input: ['x'], output: ['y'] };

  it('metadata, producer, documentation and annotations are kept', () => {
    expectKept(
      {
        name: 'main',
        docString: 'a graph',
        node: [{ ...relu, name: 'r', docString: 'a node', metadataProps: [{ key: 'k', value: 'v' }] }],
        input: [{ ...x, docString: 'an input' }],
        output: [tensorInfo('y', [1, 3])],
        quantizationAnnotation: [{ tensorName: 'y', quantParameterTensorNames: [{ key: 'S', value: 'x' }] }],
      },
      {
        ...{ producerName: 'someone', producerVersion: '3', domain: 'org.example', modelVersion: 7n },
        docString: 'a model',
        metadataProps: [
          { key: 'a', value: '1' },
          { key: 'b', value: '' },
        ],
      },
    );
  });

  it('functions and operators of other domains are kept', () => {
    expectKept(
      {
        node: [
          { opType: 'Twice', domain: 'org.example', overload: 'f', input: ['x', '', 'x'], output: ['', 'h'] },
          { opType: 'NoSuchOperator', input: ['h'], output: ['y'] },
        ],
        input: [x],
        output: [tensorInfo('y', [1, 3])],
      },
      {
        opsetImport: [
          { domain: '', version: 18n },
          { domain: 'org.example', version: 3n },
        ],
        functions: [
          {
            ...{ name: 'Twice', domain: 'org.example', input: ['a'], output: ['b'], attribute: ['alpha'] },
            opsetImport: [{ domain: '', version: 18n }],
            node: [
              {
                ...{ opType: 'Elu', input: ['a'], output: ['b'] },
                attribute: [{ name: 'alpha', refAttrName: 'alpha', type: 1 }],
              },
            ],
          },
        ],
      },
    );
  });

  it('value_info, symbolic and unknown dimensions, denotations are kept', () => {
    const shape = {
      dim: [
        { value: { case: 'dimParam' as const, value: 'N' }, denotation: 'DATA_BATCH' },
        { value: { case: undefined } },
        { value: { case: 'dimValue' as const, value: 5n } },
      ],
    };
    const type = {
      denotation: 'IMAGE',
      value: { case: 'tensorType' as const, value: { elemType: 1, shape } },
    };
    const unranked = { value: { case: 'tensorType' as const, value: { elemType: 10 } } };
    expectKept({
      node: [
        { opType: 'Mystery', input: ['x'], output: ['h'] },
        { opType: 'Mystery', input: ['h'], output: ['y'] },
      ],
      input: [{ name: 'x', type }],
      valueInfo: [{ name: 'h', type: unranked, docString: 'in between' }],
      output: [{ name: 'y' }],
    });
  });

  it('sequences, optionals, maps and sparse tensors are kept', () => {
    const float = { value: { case: 'tensorType' as const, value: { elemType: 1 } } };
    const sequence = { value: { case: 'sequenceType' as const, value: { elemType: float } } };
    const optional = { value: { case: 'optionalType' as const, value: { elemType: sequence } } };
    const map = { value: { case: 'mapType' as const, value: { keyType: 7, valueType: float } } };
    expectKept({
      node: [{ opType: 'SequenceAt', input: ['s', 'sparse'], output: ['o'] }],
      input: [
        { name: 's', type: sequence },
        { name: 'm', type: map },
      ],
      output: [{ name: 'o', type: optional }],
      sparseInitializer: [
        {
          values: { name: 'sparse', dims: [1n], dataType: 1, rawData: new Uint8Array(4) },
          indices: { dims: [1n], dataType: 7, rawData: new Uint8Array(8) },
          dims: [9n],
        },
      ],
    });
  });
});

describe('attributes', () => {
  it('of every kind are kept', () => {
    const attribute = [
      { name: 'float', type: 1, f: 0.1 },
      { name: 'int', type: 2, i: -(2n ** 63n) },
      { name: 'string', type: 3, s: utf8('\ufeffé') },
      { name: 'bytes', type: 3, s: Uint8Array.of(0xff, 0, 0xfe) },
      { name: 'tensor', type: 4, t: { name: 't', dims: [2n], dataType: 3, rawData: Uint8Array.of(1, 255) } },
      { name: 'floats', type: 6, floats: [Number.NaN, Number.NEGATIVE_INFINITY, -0] },
      { name: 'ints', type: 7, ints: [2n ** 53n + 1n, 0n, -1n], docString: 'integers' },
      { name: 'strings', type: 8, strings: [utf8(''), Uint8Array.of(0x80)] },
      { name: 'tensors', type: 9, tensors: [{ dims: [0n], dataType: 1 }] },
      { name: 'sparse', type: 11, sparseTensor: { dims: [3n] } },
      { name: 'type', type: 13, tp: { value: { case: 'tensorType' as const, value: { elemType: 1 } } } },
      { name: 'empty', type: 7, ints: [] },
      { name: '__proto__', type: 2, i: 5n },
    ];
    expectKept({ node: [{ opType: 'Any', input: [], output: ['y'], attribute }], output: [{ name: 'y' }] });
  });

  it('graphs may read what lies around them, at any depth', () => {
    const inner = {
      name: 'inner',
      node: [{ opType: 'Add', input: ['x', 'w'], output: ['inner_y'] }],
      output: [{ name: 'inner_y' }],
    };
    const branch = (name: string) => ({
      name,
      node: [
        {
          ...{ opType: 'If', input: ['condition'], output: [`${name}_y`] },
          attribute: [
            { name: 'then_branch', type: 5, g: inner },
            { name: 'else_branch', type: 5, g: { name: 'direct', output: [tensorInfo('x', [2])] } },
          ],
        },
      ],
      output: [{ name: `${name}_y` }],
    });
    const attribute = [
      { name: 'then_branch', type: 5, g: branch('then') },
      { name: 'else_branch', type: 5, g: branch('else') },
      { name: 'cases', type: 10, graphs: [branch('one'), branch('two')] },
    ];
    const bytes = modelBytes({
      node: [{ opType: 'If', input: ['condition'], output: ['y'], attribute }],
      input: [tensorInfo('condition', [], 9), tensorInfo('x', [2])],
      initializer: [{ name: 'w', dims: [2n], dataType: 1, rawData: new Uint8Array(8) }],
      output: [{ name: 'y' }],
    });
    const graph = parseModel(bytes);
    expect(canonical(serializeModel(graph))).toEqual(canonical(bytes));
    graph.inputs[1]!.name = 'renamed';
    const text = JSON.stringify(canonical(serializeModel(graph)));
    expect(text).not.toContain('"x"');
    expect(text.split('"renamed"')).toHaveLength(10);
  });
});
