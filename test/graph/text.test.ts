import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EspalierError } from '../../src/errors.ts';
import { type Attribute, emptyGraph, type Graph, makeConstant, makeValue } from '../../src/graph/graph.ts';
import { inferShapes } from '../../src/graph/shapes/index.ts';
import { parseGraph, printGraph } from '../../src/graph/text/index.ts';
import { type DataType, makeTensor } from '../../src/numeric/tensor.ts';

const NET = `<opset = 18, com.microsoft = 1>
net(float32[N, 3, 32, 32] x) => (float32[N, 16, 32, 32] y) {
  float32[16, 3, 3, 3] w = random(seed = 1)
  float32[2] mean = {1, 2.5} # comments
  y = Relu(t) // out of order
  t = Conv<pads = [1, 1, 1, 1], strides = [1, 1]>(x, w)
}`;

describe('parseGraph', () => {
  it('reads operators, attributes and initializers, and sorts the nodes', () => {
    const graph = parseGraph(NET);
    const [conv, relu] = graph.nodes;
    expect(graph.nodes.map(({ op, name }) => `${op} ${name}`)).toEqual(['Conv t', 'Relu y']);
    expect(graph.opsets).toEqual({ '': 18, 'com.microsoft': 1 });
    expect(conv!.attributes.pads).toEqual({ kind: 'ints', value: [1, 1, 1, 1] });
    expect(conv!.inputs).toEqual([graph.inputs[0], graph.initializers[0]]);
    expect(relu!.inputs[0]).toBe(conv!.outputs[0]);
    expect(graph.outputs[0]).toBe(relu!.outputs[0]);
    expect(graph.initializers[1]!.tensor).toEqual(makeTensor('float32', [2], Float32Array.of(1, 2.5)));
  });

  it('infers the types of values', () => {
    expect(parseGraph(NET).nodes[0]!.outputs[0]).toMatchObject({
      dtype: 'float32',
      shape: ['N', 16, 32, 32],
    });
  });

  it('draws standard normals that depend on the seed alone', () => {
    const drawn = (seed: number) => {
      const text = `g() => (w) { float32[50, 80] w = random(seed = ${seed}) }`;
      return [...(parseGraph(text).initializers[0]!.tensor!.data as Float32Array)];
    };
    const sample = drawn(1);
    const mean = sample.reduce((sum, x) => sum + x, 0) / 4000;
    const variance = sample.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 4000;
    expect(Math.abs(mean)).toBeLessThan(0.08); // five standard errors
    expect(Math.abs(variance - 1)).toBeLessThan(0.12);
    expect(drawn(1)).toEqual(sample);
    expect(drawn(2)).not.toEqual(sample);
  });

  it('reads missing inputs and outputs, domains, and names of nodes', () => {
    const graph = parseGraph(`g(float32[2] x) => (y) {
      "the node": _, y = com.microsoft.Thing(x, _, x)
      "": z = "a domain" "an.op"(x)
    }`);
    const [x] = graph.inputs;
    const [thing, other] = graph.nodes;
    expect(thing).toMatchObject({ op: 'Thing', domain: 'com.microsoft', name: 'the node' });
    expect(thing!.inputs).toEqual([x, null, x]);
    expect(thing!.outputs).toEqual([null, graph.outputs[0]]);
    expect(other).toMatchObject({ op: 'an.op', domain: 'a domain', name: '' });
  });

  it('tells the kinds of attributes apart', () => {
    const { nodes } = parseGraph(`g(x) => (y) {
      y = my.Op<i = 2, big = 9007199254740993, f = 2.0, g: float = 2, s = "a\\n", bytes = b"00ff",
        is = [1, 2], fs = [1, 0.5], ss = ["a", "b"], none: floats = [], t = float16[2]{0x3c00, 0x0}>(x)
    }`);
    expect(nodes[0]!.attributes).toEqual({
      i: { kind: 'int', value: 2 },
      big: { kind: 'int', value: 9007199254740993n },
      f: { kind: 'float', value: 2 },
      g: { kind: 'float', value: 2 },
      s: { kind: 'string', value: 'a\n' },
      bytes: { kind: 'string', value: Uint8Array.of(0, 255) },
      is: { kind: 'ints', value: [1, 2] },
      fs: { kind: 'floats', value: [1, 0.5] },
      ss: { kind: 'strings', value: ['a', 'b'] },
      none: { kind: 'floats', value: [] },
      t: { kind: 'tensor', value: makeTensor('float16', [2], Uint16Array.of(0x3c00, 0)) },
    });
  });

  it('lets subgraphs read values from outside', () => {
    const graph = parseGraph(`g(bool[] c, float32[2] x) => (y) {
      y = If<then_branch = a() => (t) { t = Neg(x) }, else_branch = b() => (x) {}>(c)
    }`);
    const { then_branch, else_branch } = graph.nodes[0]!.attributes;
    expect((then_branch!.value as Graph).nodes[0]!.inputs[0]).toBe(graph.inputs[1]);
    expect((else_branch!.value as Graph).outputs[0]).toBe(graph.inputs[1]);
    expect(graph.outputs[0]).toMatchObject({ dtype: 'float32', shape: [2] });
  });

  it('takes an initializer for the default of an input of its name', () => {
    const graph = parseGraph('g(float32[2] x) => (y) { float32[2] x = fill(0.5) y = Relu(x) }');
    expect(graph.initializers[0]).toBe(graph.inputs[0]);
    expect(graph.inputs[0]!.tensor!.data).toEqual(Float32Array.of(0.5, 0.5));
  });
});

describe('printGraph', () => {
  it('prints what parses, long tensors shortened', () => {
    expect(printGraph(parseGraph(NET))).toBe(`<opset = 18, com.microsoft = 1>
net(float32[N, 3, 32, 32] x) => (float32[N, 16, 32, 32] y) {
  float32[16, 3, 3, 3] w = ...
  float32[2] mean = {1, 2.5}
  t = Conv<pads = [1, 1, 1, 1], strides = [1, 1]>(x, w)
  y = Relu(t)
}
`);
  });

  it('prints 16 elements and no more', () => {
    const printed = (size: number) => printGraph(parseGraph(`g() => (w) { int8[${size}] w = fill(7) }`));
    expect(printed(16)).toContain(`{${Array(16).fill(7).join(', ')}}`);
    expect(printed(17)).toContain('int8[17] w = ...');
    expect(printGraph(parseGraph('g() => (w) { int8[17] w = fill(7) }'), { full: true })).toContain('7, 7}');
  });

  it('writes float32 in as few digits as give the same number back', () => {
    const needNineDigits = [1.36441695e-5, 1.37751935e-36, 1.00677895e27];
    const data = Float32Array.of(0.1, -0, 1e-45, ...needNineDigits);
    const graph = emptyGraph('g');
    graph.initializers = [makeConstant('w', makeTensor('float32', [data.length], data))];
    const text = printGraph(graph);
    expect(text).toContain('{0.1, -0, 1e-45, 0.0000136441695, ');
    const read = parseGraph(text).initializers[0]!.tensor!.data as Float32Array;
    expect(new Uint32Array(read.buffer)).toEqual(new Uint32Array(data.buffer)); // 0 and -0 apart
  });

  it('gives values apart that share a name, or have none', () => {
    const graph = emptyGraph('g');
    const values = ['', '', 'x', 'x'].map((name) => makeValue(name, 'float32', [1]));
    graph.inputs = values;
    const output = makeValue('y', 'float32', [1]);
    graph.nodes = [
      { op: 'Op', domain: 'my', name: 'y', inputs: [...values].reverse(), outputs: [output], attributes: {} },
    ];
    graph.outputs = [output];
    const parsed = parseGraph(printGraph(graph));
    expect(parsed.nodes[0]!.inputs.map((value) => parsed.inputs.indexOf(value!))).toEqual([3, 2, 1, 0]);
    expect(values.map(({ name }) => name)).toEqual(['', '', 'x', 'x']);
  });
});

describe('errors name line and column', () => {
  const body = (statements: string) => `g(float32[2] x) => (y) {\n  ${statements}\n}`;
  it.each([
    ['no token', body('y = Relu(x) ;'), "line 2, column 15: unexpected character ';'"],
    ['string without end', body('y = "Re'), 'line 2, column 7: a string does not end'],
    ['unknown escape', body('y = "" "\\q"(x)'), 'line 2, column 10: "\\q" has an unknown escape'],
    [
      'missing name',
      '<opset = 18>',
      'line 1, column 13: expected the name of a graph, found the end of the text',
    ],
    ['missing symbol', 'g() {', "line 1, column 5: expected '=>', found '{'"],
    ['missing comma', body('y = Relu(x x)'), "line 2, column 14: expected ',' or ')', found 'x'"],
    ['open graph', body('y = Relu(x)').slice(0, -1), 'line 3, column 1: expected the name of a value'],
    ['text behind', `${body('y = Relu(x)')} z`, "line 3, column 3: expected the end of the text, found 'z'"],
    ['bad header', `<opset = x> ${body('')}`, "line 1, column 10: expected a version or a string, found 'x'"],
    ['bad dimension', 'g(float32[-1] x) => (x) {}', "line 1, column 11: expected a dimension, found '-1'"],
    ['undefined value', body('y = Relu(z)'), 'line 2, column 12: nothing defines z'],
    ['undefined output', body(''), 'line 1, column 21: nothing defines y'],
    ['defined twice', body('y = Relu(x) x = Relu(y)'), 'line 2, column 15: x is defined twice'],
    ['two defaults', body('float32[1] y = {1} float32[1] y = {2}'), 'line 2, column 33: y is defined twice'],
    [
      'shadowing',
      body('y = my.Op<b = b() => (x) { x = Neg(y) }>(x)'),
      'line 2, column 30: x is defined twice',
    ],
    ['left-out contents', body('float32[99] y = ...'), 'line 2, column 19: the contents are omitted here'],
    ['open type', body('float32[N] y = {1}'), 'line 2, column 3: a tensor needs an element type and a fixed'],
    ['two names', body('float32[1] y, z = {1}'), 'line 2, column 3: contents need exactly one name'],
    ['wrong count', body('float32[3] y = {1}'), 'line 2, column 18: expected 3 elements, found 1'],
    ['huge tensor', body('int8[99999999999] y = fill(0)'), 'line 2, column 25: expected at most 268435456'],
    [
      'wrong element',
      body('int64[1] y = {1.5}'),
      "line 2, column 17: expected an element of int64, found '1.5'",
    ],
    ['too large element', body('int8[1] y = {128}'), 'line 2, column 16: 128 does not fit int8'],
    [
      'random integers',
      body('int8[1] y = random(seed = 1)'),
      'line 2, column 15: random numbers are float32 or',
    ],
    [
      'bad seed',
      body('float32[1] y = random(seed = x)'),
      "line 2, column 32: expected a whole number, found 'x'",
    ],
    [
      'untyped empty list',
      body('y = my.Op<a = []>(x)'),
      'line 2, column 17: an empty or mixed list needs one kind',
    ],
    ['mixed list', body('y = my.Op<a = [1, "b"]>(x)'), 'line 2, column 17: an empty or mixed list'],
    ['wrong kind', body('y = my.Op<a: int = 1.5>(x)'), 'line 2, column 22: expected int, found float'],
    [
      'no attribute value',
      body('y = my.Op<a = b>(x)'),
      'line 2, column 17: expected the value of an attribute',
    ],
    [
      'left-out attribute',
      body('y = my.Op<a = ...>(x)'),
      'line 2, column 17: the value of a is omitted here',
    ],
    [
      'repeated attribute',
      body('y = my.Op<a = 1, a = 2>(x)'),
      'line 2, column 3: attribute a is given twice',
    ],
    [
      'wrong type',
      body('float32[3] y = Relu(x)'),
      'line 2, column 14: y: expected float32[2], found float32[3]',
    ],
    ['cycle', body('y = Relu(z) z = Relu(y)'), 'y (Relu): is part of a cycle'],
  ])('%s', (_, text, message) => {
    const error = caught(() => parseGraph(text));
    expect(error).toBeInstanceOf(EspalierError);
    expect((error as EspalierError).code).toBe('invalid-model');
    expect((error as EspalierError).message).toContain(message);
  });
});

describe('round trips', () => {
  it('full text parses to an equal graph and prints the same', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const text = printGraph(graph, { full: true });
        const parsed = parseGraph(text);
        expect(parsed).toEqual(graph);
        expect(printGraph(parsed, { full: true })).toBe(text);
      }),
      { numRuns: 300 },
    );
  });
});

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

const words = fc.constantFrom(
  'a',
  'Relu',
  'float32',
  '_',
  'inf',
  'random',
  'x.y',
  '/a b/"c\\\n',
  'é',
  'b',
  '1',
);
const dims = fc.oneof(fc.nat(5), words, fc.constant(null));
const types = fc.constantFrom<DataType | null>('float32', 'int64', 'bool', null);
const float32 = fc.float();

const tensors = fc.oneof(
  fc
    .array(float32, { maxLength: 20 })
    .map((data) => makeTensor('float32', [data.length], Float32Array.from(data))),
  fc.double().map((x) => makeTensor('float64', [], Float64Array.of(x))),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((x) => makeTensor('int64', [1, 1], BigInt64Array.of(x))),
  fc.integer({ min: 0, max: 255 }).map((x) => makeTensor('int4', [2], Uint8Array.of(x))),
  fc.boolean().map((x) => makeTensor('bool', [1], Uint8Array.of(Number(x)))),
  fc.string().map((x) => makeTensor('string', [1], [x])),
  fc.constant(makeTensor('complex64', [0], new Float32Array(0))),
);

const attributes = fc.oneof(
  fc.integer().map((value): Attribute => ({ kind: 'int', value })),
  fc.double().map((value): Attribute => ({ kind: 'float', value })),
  fc.string().map((value): Attribute => ({ kind: 'string', value })),
  fc.array(fc.integer()).map((value): Attribute => ({ kind: 'ints', value })),
  fc.array(fc.double()).map((value): Attribute => ({ kind: 'floats', value })),
  fc.array(fc.string()).map((value): Attribute => ({ kind: 'strings', value })),
  tensors.map((value): Attribute => ({ kind: 'tensor', value })),
);

const nodes = fc.record({
  op: fc.constantFrom('Relu', 'random', 'an.op', 'float32'),
  domain: fc.constantFrom('my', 'com.microsoft', 'a b'),
  name: fc.option(words, { nil: undefined }),
  inputs: fc.array(fc.option(fc.nat(99)), { maxLength: 3 }),
  outputs: fc.array(fc.option(fc.record({ word: words, dtype: types })), { maxLength: 3 }),
  attributes: fc.dictionary(words, attributes, { maxKeys: 3, noNullPrototype: true }),
  body: fc.option(fc.nat(99)),
});

/** Graphs of operators that inference leaves alone, with names of all sorts, each made unique by its number. */
const graphs = fc
  .record({
    name: words,
    inputs: fc.array(fc.record({ word: words, dtype: types, shape: fc.option(fc.array(dims)) })),
    initializers: fc.array(fc.record({ word: words, tensor: tensors }), { maxLength: 3 }),
    nodes: fc.array(nodes, { maxLength: 4 }),
    metadata: fc.dictionary(words, fc.string(), { noNullPrototype: true }),
  })
  .map((drawn) => {
    const graph = emptyGraph(drawn.name);
    let count = 0;
    const unique = (word: string) => (count++ === 0 ? word : `${word}${count}`);
    graph.metadata = drawn.metadata;
    graph.inputs = drawn.inputs.map(({ word, dtype, shape }) => makeValue(unique(word), dtype, shape));
    graph.initializers = drawn.initializers.map(({ word, tensor }) => makeConstant(unique(word), tensor));
    const known = [...graph.inputs, ...graph.initializers];
    for (const { op, domain, name, body, ...node } of drawn.nodes) {
      const pick = (index: number | null) => (index === null ? null : (known[index % known.length] ?? null));
      const inputs = node.inputs.map(pick);
      const made = { ...node.attributes };
      const captured = pick(body);
      if (captured) {
        const inner = { ...emptyGraph('body'), outputs: [captured], opsets: graph.opsets };
        made.body = { kind: 'graph', value: inner };
      }
      const outputs = node.outputs.map((output) => output && makeValue(unique(output.word), output.dtype));
      const firstName = outputs.find((output) => output !== null)?.name ?? '';
      graph.nodes.push({ op, domain, name: name ?? firstName, inputs, outputs, attributes: made });
      graph.opsets[domain] = 1;
      known.push(...outputs.filter((output) => output !== null));
    }
    graph.outputs = known.slice(-2);
    inferShapes(graph);
    return graph;
  });
