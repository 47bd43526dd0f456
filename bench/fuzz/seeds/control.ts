import {
  emptyGraph,
  type Graph,
  makeConstant,
  makeNode,
  makeValue,
  type Value,
} from '../../../src/graph/graph.ts';
import { int64s, makeTensor, scalar } from '../../../src/numeric/tensor.ts';
import { type Export, openExport, type Variant } from '../../cases/export.ts';
import { asRows } from '../../cases/forms.ts';

const image = { height: 12, width: 12, free: 'both' } as const;
const CHANNELS = 6;

/** A network whose middle is a node with bodies. */
const kind = (middle: (e: Export, x: Value) => Value) => ({
  image,
  since: 13,
  build: (variant: Variant) => {
    const e = openExport(variant, image);
    const x = middle(e, e.node('Relu', [e.conv(e.image, { from: 3, to: CHANNELS, stride: 2 })]));
    const y = e.node('Relu', [e.conv(x, { from: CHANNELS, to: CHANNELS })]);
    const rows = asRows(e, e.node('GlobalAveragePool', [y]), CHANNELS);
    e.output(
      e.node('Gemm', [rows, e.weights([10, CHANNELS], 0.3), e.weights([10], 0.1)], { transB: 1 }),
      'scores',
    );
    return e;
  },
});

const float = (name: string) => makeValue(name, 'float32', null);

/** A body of one node that reads values of its own, or of the graph around it. */
function body(name: string, op: string, inputs: readonly Value[], own: readonly Value[] = []): Graph {
  const graph = emptyGraph(name);
  const result = float(`${name}.result`);
  graph.inputs.push(...own);
  graph.nodes.push(makeNode(op, { name: `${name}.${op}`, inputs: [...inputs], outputs: [result] }));
  graph.outputs.push(result);
  return graph;
}

/** Networks with bodies: what is known of them, and what is not. */
export const control = {
  branches: kind((e, x) => {
    const rows = e.node('Gather', [e.node('Shape', [x]), e.ints([2])], { axis: 0 });
    const condition = e.node('Squeeze', [e.node('Greater', [rows, e.ints([4])])]);
    const y = e.node('If', [condition]);
    e.graph.nodes.at(-1)!.attributes = {
      then_branch: { kind: 'graph', value: body('then', 'Relu', [x]) },
      else_branch: { kind: 'graph', value: body('else', 'Neg', [x]) },
    };
    return y;
  }),
  known: kind((e, x) => {
    const truth = makeConstant('truth', makeTensor('bool', [], Uint8Array.of(1)));
    e.graph.initializers.push(truth);
    const weight = e.weights([CHANNELS, CHANNELS, 1, 1], 0.3);
    const y = e.node('If', [truth]);
    e.graph.nodes.at(-1)!.attributes = {
      then_branch: { kind: 'graph', value: body('then', 'Conv', [x, weight]) },
      else_branch: { kind: 'graph', value: body('else', 'Identity', [x]) },
    };
    return y;
  }),
  loop: kind((e, x) => {
    const trips = makeConstant('trips', scalar(2, 'int64'));
    const on = makeConstant('on', makeTensor('bool', [], Uint8Array.of(1)));
    e.graph.initializers.push(trips, on);
    const [turn, goes, state] = [
      makeValue('turn', 'int64', []),
      makeValue('goes', 'bool', []),
      float('state'),
    ];
    const graph = body('loop', 'Add', [state, x], [turn, goes, state]);
    const still = makeValue('still', 'bool', []);
    graph.nodes.unshift(makeNode('Identity', { name: 'loop.still', inputs: [goes], outputs: [still] }));
    graph.outputs.unshift(still);
    const y = e.node('Loop', [trips, on, x]);
    e.graph.nodes.at(-1)!.attributes = { body: { kind: 'graph', value: graph } };
    return y;
  }),
  scan: kind((e, x) => {
    const [sum, row] = [float('sum'), float('row')];
    const graph = body('scan', 'Add', [sum, row], [sum, row]);
    const out = float('scan.out');
    graph.nodes.push(
      makeNode('Identity', { name: 'scan.copy', inputs: [graph.outputs[0]!], outputs: [out] }),
    );
    graph.outputs.push(out);
    const lines = e.node('Transpose', [x], { perm: [2, 0, 1, 3] });
    const first = e.node('Mul', [
      e.node('Gather', [lines, e.graph.initializers.find(({ name }) => name === 'nought') ?? nought(e)], {
        axis: 0,
      }),
      e.constants([1], [0]),
    ]);
    const [, collected] = e.nodes('Scan', [first, lines], { num_scan_inputs: 1 }, 2) as [Value, Value];
    e.graph.nodes.at(-1)!.attributes.body = { kind: 'graph', value: graph };
    return e.node('Transpose', [collected], { perm: [1, 2, 0, 3] });
  }),
  /** A sequence of parts, joined again. */
  sequence: kind((e, x) => {
    const parts = e.node('SplitToSequence', [x, half(e)], { axis: 1 });
    return e.node('ConcatFromSequence', [parts], { axis: 1 });
  }),
} as const;

function nought(e: Export): Value {
  const value = makeConstant('nought', scalar(0, 'int64'));
  e.graph.initializers.push(value);
  return value;
}

function half(e: Export): Value {
  const value = makeConstant('half', int64s([CHANNELS / 2, CHANNELS / 2]));
  e.graph.initializers.push(value);
  return value;
}
