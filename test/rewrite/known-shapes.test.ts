import { describe, expect, it } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { type Attribute, emptyGraph, type Graph, makeValue, type Value } from '../../src/graph/graph.ts';
import { bindImages } from '../../src/measure/bind-shapes.ts';
import { costs, layerCosts } from '../../src/measure/macs.ts';
import { withKnownShapes } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { pruneHalf } from '../support/pruned-halves.ts';
import { normals } from '../support/run-graph.ts';

const weights = (g: Builder, shape: readonly number[], seed: number) => g.constant(normals(shape, seed, 0.3));
const pads = { pads: [1, 1, 1, 1] };

interface Custom {
  readonly op: string;
  readonly domain?: string;
  readonly inputs: readonly (Value | null)[];
  readonly attributes?: Record<string, Attribute>;
}

/** A node of an operator that no table here has. */
function unknown(g: Builder, { op, domain = '', inputs, attributes = {} }: Custom): Value {
  const output = makeValue(`${op}.y`);
  g.graph.nodes.push({
    op,
    domain,
    name: op.toLowerCase(),
    inputs: [...inputs],
    outputs: [output],
    attributes,
  });
  if (domain) g.graph.opsets[domain] ??= 1;
  return output;
}

/** x [N, 3, 8, 8] → conv → conv → body → outputs. */
function network(body: (g: Builder, x: Value) => Value): Graph {
  const graph = emptyGraph('custom', 18);
  const g = builderOf(graph);
  const c0 = g.Relu(
    g.named('c0').Conv(g.input('x', 'float32', ['N', 3, 8, 8]), weights(g, [8, 3, 3, 3], 1), null, pads),
  );
  const c1 = g.Relu(g.named('c1').Conv(c0, weights(g, [8, 8, 3, 3], 2), null, pads));
  graph.outputs.push(body(g, c1));
  return graph;
}

const int = (value: number): Attribute => ({ kind: 'int', value });

function loopBody(): Graph {
  const body = emptyGraph('body', 18);
  const [i, cond, h] = [
    makeValue('i', 'int64', []),
    makeValue('c', 'bool', []),
    makeValue('h', 'float32', null),
  ];
  const [next, on] = [makeValue('h.next'), makeValue('c.next')];
  body.inputs.push(i, cond, h);
  body.nodes.push({ op: 'Identity', domain: '', name: '', inputs: [cond], outputs: [on], attributes: {} });
  body.outputs.push(on, next);
  return body;
}

/** Each gives a map from [N, 8, 8, 8], by an operator that onnxruntime knows. */
const operators: Readonly<Record<string, (g: Builder, x: Value) => Value>> = {
  LSTM(g, x) {
    const sequence = g.Transpose(g.ReduceMean(x, g.int64s([2]), { keepdims: 0 }), { perm: [2, 0, 1] });
    const inputs = [sequence, weights(g, [1, 16, 8], 3), weights(g, [1, 16, 4], 4), weights(g, [1, 32], 5)];
    return unknown(g, { op: 'LSTM', inputs, attributes: { hidden_size: int(4) } });
  },
  GRU(g, x) {
    const sequence = g.Transpose(g.ReduceMean(x, g.int64s([2]), { keepdims: 0 }), { perm: [2, 0, 1] });
    const inputs = [sequence, weights(g, [1, 12, 8], 3), weights(g, [1, 12, 4], 4)];
    return unknown(g, { op: 'GRU', inputs, attributes: { hidden_size: int(4) } });
  },
  Loop(g, x) {
    const body = loopBody();
    const [h, next] = [body.inputs[2]!, body.outputs[1]!];
    // Reads a value from outside.
    body.nodes.push({ op: 'Add', domain: '', name: '', inputs: [h, x], outputs: [next], attributes: {} });
    const count = g.constant({ dtype: 'int64', shape: [], data: BigInt64Array.of(2n) });
    const start = g.Relu(g.named('c2').Conv(x, weights(g, [8, 8, 1, 1], 6)));
    return unknown(g, {
      op: 'Loop',
      inputs: [count, null, start],
      attributes: { body: { kind: 'graph', value: body } },
    });
  },
  FusedConv(g, x) {
    const inputs = [x, weights(g, [6, 8, 3, 3], 7)];
    return unknown(g, {
      op: 'FusedConv',
      domain: 'com.microsoft',
      inputs,
      attributes: { activation: { kind: 'string', value: 'Relu' } },
    });
  },
};

const reads: Readonly<Record<string, RegExp>> = {
  LSTM: /c1: it is read by lstm \(LSTM\)/,
  GRU: /c1: it is read by gru \(GRU\)/,
  Loop: /c1: it is read in a subgraph of loop \(Loop\)/,
  FusedConv: /c1: it is read by fusedconv \(com\.microsoft\.FusedConv\)/,
};

describe('an operator without a shape rule', () => {
  it.each(Object.entries(operators))('%s keeps what it reads; all else is pruned', async (name, body) => {
    const given = network((g, x) => {
      const y = body(g, x);
      return g.named('tail').Mul(y, g.floats(2));
    });
    const { graph: known, notes } = await withKnownShapes(given, onnxruntime);
    expect(notes).toEqual([]);
    const output = known.nodes.find(({ op }) => op === name)!.outputs[0]!;
    expect(output.dtype).toBe('float32');
    expect(output.shape).toContain('N');
    expect(output.shape).not.toContain(null);
    expect(costs(known).macs).toBeGreaterThan(0);
    const { groups, graph, removed, error } = await pruneHalf(given);
    expect(error).toBeLessThan(1e-5);
    expect(removed.size).toBe(4);
    expect(graph.nodes.find((node) => node.name === 'c0')!.inputs[1]!.shape).toEqual([4, 3, 3, 3]);
    const reasons = groups.flatMap(({ root, reasons: own }) =>
      [...own.values()].map((reason) => `${root}: ${reason}`),
    );
    expect(reasons).toContainEqual(expect.stringMatching(reads[name]!));
  });

  it('has a length that follows a free width, also where a layer halved it', async () => {
    const graph = emptyGraph('sequence', 18);
    const g = builderOf(graph);
    const options = { strides: [8, 2], pads: [0, 1, 0, 1] };
    const columns = g.Conv(
      g.input('x', 'float32', ['N', 3, 8, 'W']),
      weights(g, [8, 3, 8, 3], 1),
      null,
      options,
    );
    const sequence = g.Transpose(g.Squeeze(columns, g.int64s([2])), { perm: [2, 0, 1] });
    const inputs = [sequence, weights(g, [1, 16, 8], 3), weights(g, [1, 16, 4], 4)];
    const output = unknown(g, { op: 'LSTM', inputs, attributes: { hidden_size: int(4) } });
    graph.outputs.push(g.Transpose(output, { perm: [0, 2, 1, 3] }));
    const { graph: known } = await withKnownShapes(graph, onnxruntime);
    expect(known.outputs[0]!.shape).toEqual(['floor((W+1)/2)', 'N', 1, 4]);
    for (const width of [9, 32]) {
      const [bound] = bindImages(known, { batch: 3, size: { height: 8, width } }).outputs;
      expect(bound!.shape).toEqual([Math.floor((width + 1) / 2), 3, 1, 4]);
    }
  });

  it('that the engine does not know either is named, and what does not depend on it works', async () => {
    const graph = network((g, x) => {
      const y = unknown(g, { op: 'Warp', domain: 'com.example', inputs: [x] });
      return g.named('tail').Conv(y, weights(g, [4, 8, 1, 1], 8));
    });
    const { graph: known, notes } = await withKnownShapes(graph, onnxruntime);
    expect(notes).toEqual([expect.stringMatching(/^warp \(com\.example\.Warp\): its shapes are not known/)]);
    expect(notes[0]).toContain('onnxruntime does not implement the operator com.example.Warp: split');
    expect(layerCosts(known).map(({ name, note }) => [name, note === undefined])).toEqual([
      ['c0', true],
      ['c1', true],
      ['tail', false],
    ]);
  });

  it('costs nothing where there is none', async () => {
    const given = network((_g, x) => x);
    expect((await withKnownShapes(given, onnxruntime)).graph).toBe(given);
  });
});
