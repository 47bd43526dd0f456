import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  FunctionProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
} from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import {
  emptyGraph,
  type Graph,
  makeConstant,
  makeNode,
  makeValue,
  type Node,
  type Value,
} from '../../src/graph/graph.ts';
import { floats, int64s, makeTensor } from '../../src/numeric/tensor.ts';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import { canonicalForm, runnableForm } from '../../src/rewrite/canonical-form.ts';
import { foldConstants } from '../../src/rewrite/rules/constant-folding.ts';
import { verifyEquivalent } from '../../src/rewrite/verify.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

const truth = (b: Builder, value: boolean) =>
  b.constant(makeTensor('bool', [], Uint8Array.of(Number(value))));

/** x → build → y. */
function graphOf(build: (b: Builder, x: Value) => Value, opset?: number): Graph {
  const b = builderOf(emptyGraph('net', opset));
  const x = b.input('x', 'float32', ['N', 4, 3, 2]);
  b.output(build(b, x), 'y');
  return b.graph;
}

async function expectEqual(before: Graph, after: Graph): Promise<void> {
  const { error, constant } = await verifyEquivalent(before, after, { executor: onnxruntime });
  expect(error).toBeLessThan(1e-6);
  expect(constant).toBe(false);
}

test('initializers that are listed as inputs become constants, and stay none after folding', async () => {
  const graph = graphOf((b, x) => b.Reshape(x, b.int64s([-1, 8, 3])), 9);
  graph.inputs.push(...graph.initializers);
  const { graph: canonical, notes } = canonicalForm(graph);
  expect(canonical.inputs.map(({ name }) => name)).toEqual(['x']);
  expect(notes).toEqual([]);
  await expectEqual(graph, canonical);
});

describe('names', () => {
  test('that nodes share, or lack, become unique; what is unique stays', async () => {
    const graph = graphOf((b, x) => b.Relu(b.Neg(b.Abs(b.Exp(x)))));
    const [exp, abs, neg, relu] = graph.nodes as [Node, Node, Node, Node];
    exp.name = 'a';
    abs.name = 'a';
    neg.name = '';
    relu.name = 'kept';
    const { graph: canonical } = canonicalForm(graph);
    const names = canonical.nodes.map(({ name }) => name);
    expect(new Set(names).size).toBe(4);
    expect(names).not.toContain('');
    expect([names[0], names[3]]).toEqual(['a', 'kept']);
    expect(canonicalForm(canonical).graph.nodes.map(({ name }) => name)).toEqual(names);
  });

  test('that nodes share keep onnxruntime from loading what was given, and not its runnable form', async () => {
    const graph = graphOf((b, x) => b.Relu(b.Neg(x)));
    for (const node of graph.nodes) node.name = 'shared';
    await expect(onnxruntime.compile(graph)).rejects.toThrow('same node name');
    const runnable = runnableForm(graph);
    expect(runnable.nodes[0]!.name).toBe('shared');
    await expectEqual(graph, canonicalForm(graph).graph);
    expect(runnableForm(runnable)).toBe(runnable);
  });

  test('that subgraphs give to values again differ', () => {
    const graph = branching((b) => b.Less(b.ReduceSum(b.input('flag', 'float32', [])), b.floats(0)));
    const body = graph.nodes.at(-1)!.attributes.then_branch!.value as Graph;
    body.nodes[0]!.outputs[0]!.name = 'x';
    const { graph: canonical } = canonicalForm(graph);
    const inner = (canonical.nodes.at(-1)!.attributes.then_branch!.value as Graph).nodes[0]!;
    expect(inner.outputs[0]!.name).not.toBe('x');
    expect(canonical.inputs[0]!.name).toBe('x');
  });
});

/** y = condition ? −x + 1 : |x| */
function branching(condition: (b: Builder, x: Value) => Value): Graph {
  return graphOf((b, x) => {
    const flag = condition(b, x);
    const [yes, no] = [emptyGraph('yes'), emptyGraph('no')];
    const [negative, sum, one] = [makeValue('inner'), makeValue('sum'), makeConstant('one', floats([], [1]))];
    yes.initializers.push(one);
    yes.nodes.push(
      makeNode('Neg', { name: 'first', inputs: [x], outputs: [negative] }),
      makeNode('Add', { name: 'second', inputs: [negative, one], outputs: [sum] }),
    );
    yes.outputs.push(sum);
    const inner = makeValue('inner');
    no.nodes.push(makeNode('Abs', { name: 'first', inputs: [x], outputs: [inner] }));
    no.outputs.push(inner);
    return b.node('If', [flag], { then_branch: yes, else_branch: no }, 1)[0]!;
  });
}

describe('an If', () => {
  test.each([true, false])('whose condition is %s becomes its branch', async (taken) => {
    const graph = branching((b) => truth(b, taken));
    const { graph: canonical, notes } = canonicalForm(graph);
    expect(canonical.nodes.map(({ op }) => op)).toEqual(taken ? ['Neg', 'Add'] : ['Abs']);
    expect(notes).toEqual(['1 If node with a known condition replaced by the taken branch']);
    await expectEqual(graph, canonical);
  });

  test('whose condition is computed from a shape becomes its branch', async () => {
    const graph = branching((b, x) => b.Equal(b.Gather(b.Shape(x), b.constant(int64s([1]))), b.int64s([4])));
    const { graph: canonical } = canonicalForm(graph);
    expect(canonical.nodes.map(({ op }) => op)).toEqual(['Neg', 'Add']);
    await expectEqual(graph, canonical);
  });

  test('whose condition takes a run to know becomes its branch once constants are folded', async () => {
    const graph = branching((b) => b.Less(b.Einsum(b.floats([1, 2]), { equation: 'i->' }), b.floats(5)));
    const folded = await foldConstants(graph, onnxruntime);
    expect(folded.nodes.map(({ op }) => op)).toEqual(['Neg', 'Add']);
    await expectEqual(graph, folded);
  });

  test('that hands on an outer value, or gives a constant, keeps the output', async () => {
    const graph = branching((b) => truth(b, true));
    const body = graph.nodes.at(-1)!.attributes.then_branch!.value as Graph;
    body.nodes = [];
    body.outputs = [graph.inputs[0]!];
    const { graph: canonical } = canonicalForm(graph);
    expect(canonical.outputs[0]!.name).toBe('y');
    const bare = graphOf((b, x) => b.Identity(x));
    await expectEqual(bare, canonical);
  });
});

describe('training mode', () => {
  const statistics = (b: Builder) =>
    [
      b.floats([1, 2, 3, 4]),
      b.floats([0, 1, 0, 1]),
      b.floats([0.5, 0, -0.5, 0]),
      b.floats([1, 2, 3, 4]),
    ] as const;

  test('Dropout hands its input on', async () => {
    const trained = graphOf((b, x) => b.Relu(b.Dropout(x, b.floats(0.5), b.Identity(truth(b, true)))));
    const { graph, notes } = canonicalForm(trained);
    expect(notes).toEqual(['exported in training mode, switched to inference mode: Dropout (Dropout)']);
    await expectEqual(runnableForm(trained), graph);
    await expectEqual(
      graphOf((b, x) => b.Relu(x)),
      graph,
    );
  });

  test.each([9, 14, 18])(
    'BatchNormalization of opset %i normalises by its running statistics',
    async (opset) => {
      const build = (outputs: number) =>
        graphOf((b, x) => {
          const made = b.node('BatchNormalization', [x, ...statistics(b)], {}, outputs);
          return outputs > 1 && opset > 9
            ? b.Mul(made[0]!, b.Reshape(made[1]!, b.int64s([1, 4, 1, 1])))
            : made[0]!;
        }, opset);
      const trained = build(opset < 14 ? 5 : 3);
      if (opset >= 14) {
        const node = trained.nodes.find(({ op }) => op === 'BatchNormalization')!;
        node.attributes.training_mode = { kind: 'int', value: 1 };
      }
      const { graph, notes } = canonicalForm(trained);
      expect(notes).toHaveLength(1);
      const wanted = graphOf((b, x) => {
        const given = statistics(b);
        const y = b.BatchNormalization(x, ...given);
        return opset > 9 ? b.Mul(y, b.Reshape(given[2], b.int64s([1, 4, 1, 1]))) : y;
      });
      await expectEqual(wanted, graph);
    },
  );
});

describe('functions', () => {
  const attribute = (name: string, value: Partial<{ f: number; i: bigint; ref: string; kind: number }>) =>
    create(AttributeProtoSchema, {
      name,
      type:
        value.kind ??
        (value.i === undefined ? AttributeProto_AttributeType.FLOAT : AttributeProto_AttributeType.INT),
      ...(value.f === undefined ? {} : { f: value.f }),
      ...(value.i === undefined ? {} : { i: value.i }),
      ...(value.ref === undefined ? {} : { refAttrName: value.ref }),
    });
  const node = (opType: string, input: string[], output: string[], more = {}) =>
    create(NodeProtoSchema, { opType, input, output, ...more });
  const imports = (...list: [string, number][]) =>
    list.map(([domain, version]) => create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }));

  /** y = local.outer(x), with functions of opset `inner`. */
  function calling(opset: number, inner: number, call: object = {}): Graph {
    const graph = graphOf((b, x) => b.Relu(x), opset);
    const model = fromBinary(ModelProtoSchema, serializeModel(graph));
    model.irVersion = 9n;
    model.opsetImport.push(...imports(['local', 1]));
    model.graph!.node = [
      node('outer', ['x'], ['a'], { domain: 'local', ...call }),
      node('outer', ['a'], ['y'], { domain: 'local' }),
    ];
    model.functions.push(
      create(FunctionProtoSchema, {
        domain: 'local',
        name: 'outer',
        input: ['x', 'absent'],
        output: ['y'],
        attributeProto: [attribute('slope', { f: 0.25 })],
        opsetImport: imports(['', inner], ['local', 1]),
        node: [
          node('leaky', ['x'], ['h'], { domain: 'local', attribute: [attribute('alpha', { ref: 'slope' })] }),
          node('Softmax', ['h'], ['s'], inner < 13 ? {} : { attribute: [attribute('axis', { i: 1n })] }),
          node('Add', ['s', 'h'], ['y']),
        ],
      }),
      create(FunctionProtoSchema, {
        domain: 'local',
        name: 'leaky',
        input: ['x'],
        output: ['y'],
        attribute: ['alpha'],
        opsetImport: imports(['', inner]),
        node: [node('LeakyRelu', ['x'], ['y'], { attribute: [attribute('alpha', { ref: 'alpha' })] })],
      }),
    );
    return parseModel(toBinary(ModelProtoSchema, model));
  }

  test.each([
    [18, 18],
    [20, 20],
    [15, 15],
    [21, 18],
  ])('of a model of opset %i, written for opset %i, are inlined', async (opset, inner) => {
    const given = calling(opset, inner, { attribute: [attribute('slope', { f: 0.5 })], name: 'first' });
    const { graph, notes } = canonicalForm(given);
    expect(graph.nodes.map(({ op }) => op)).toEqual([
      'LeakyRelu',
      'Softmax',
      'Add',
      'LeakyRelu',
      'Softmax',
      'Add',
    ]);
    const slopes = graph.nodes.flatMap(({ attributes }) => attributes.alpha?.value ?? []);
    expect(slopes).toEqual([0.5, 0.25]);
    expect(notes).toEqual(['2 calls to functions of the model inlined']);
    expect(fromBinary(ModelProtoSchema, serializeModel(graph)).functions).toEqual([]);
    if (opset === inner) await expectEqual(given, graph);
  });

  test('of an older opset than the model keep their meaning', async () => {
    const { graph } = canonicalForm(calling(18, 12));
    // Opset 12 normalised along all axes behind the first together.
    const wanted = graphOf((b, x) => {
      const step = (value: Value) => {
        const h = b.LeakyRelu(value, { alpha: 0.25 });
        const s = b.Softmax(b.Reshape(h, b.int64s([0, -1])), { axis: 1 });
        return b.Add(b.Reshape(s, b.int64s([-1, 4, 3, 2])), h);
      };
      return step(step(x));
    });
    await expectEqual(wanted, graph);
  });

  test('that hold nodes in training mode are compared in inference mode', async () => {
    const given = calling(18, 18);
    const { model } = given.opaque as { model: { functions: { node: unknown[] }[] } };
    model.functions[1]!.node = [
      node('Constant', [], ['ratio'], { attribute: [attribute('value_float', { f: 0.5 })] }),
      node('Constant', [], ['one'], { attribute: [attribute('value_int', { i: 1n })] }),
      node('Cast', ['one'], ['training'], { attribute: [attribute('to', { i: 9n })] }),
      node('Dropout', ['x', 'ratio', 'training'], ['y']),
    ];
    const { graph, notes } = canonicalForm(given);
    expect(notes[0]).toContain('training mode');
    await expectEqual(runnableForm(given), graph);
  });

  test('that call themselves are refused', () => {
    const given = calling(18, 18);
    const { model } = given.opaque as {
      model: { functions: { name: string; node: { opType: string }[] }[] };
    };
    model.functions[1]!.node[0] = node('outer', ['x'], ['y'], { domain: 'local' });
    expect(() => canonicalForm(given)).toThrow('calls itself');
  });
});
