import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Edits, openEdits } from '../../../src/graph/edit/edits.ts';
import type { Graph, Node, Value } from '../../../src/graph/graph.ts';
import { parseGraph } from '../../../src/graph/text/index.ts';
import { connections } from '../../../src/graph/topology.ts';

/** Edit `kind` at node `at`, with the value that `with` counts among those before it. */
interface Edit {
  readonly kind: number;
  readonly at: number;
  readonly with: number;
}

const network = (): Graph =>
  parseGraph(`net(float32[4] x, bool flag) => (float32[4] y, float32[4] z) {
    a = Relu(x)
    b = Neg(a)
    c = Add(a, b)
    d = If<then_branch = then() => (float32[4] t) { t = Mul(b, c) }, else_branch = else() => (float32[4] e) { e = Abs(a) }>(flag)
    f = Mul(c, c)
    y = Add(d, f)
    z = Abs(b)
  }`);

/** What can be done to a node and a value before it without breaking the graph's order. */
const kinds: readonly ((edits: Edits, node: Node, value: Value) => void)[] = [
  (edits, node, value) => edits.setInput(node, 0, value),
  (edits, node, value) => edits.setInputs(node, [value, value]),
  (edits, node, value) => edits.become(node, { op: 'Max', inputs: [value, node.inputs[0] ?? value] }),
  (edits, node, value) => {
    const made = edits.insertBefore(node, { op: 'Neg', name: 'made', inputs: [value] });
    edits.setInput(node, 0, made);
  },
  (edits, node, value) => {
    const [output] = node.outputs;
    if (!output || edits.graph.outputs.includes(output)) return;
    edits.remove(node);
    edits.replaceUses(output, value);
  },
  (edits) => edits.removeUnread(),
];

/** Links as text, in no order. */
const textOf = (links: Pick<Edits, 'producer' | 'uses'>): string[] =>
  [
    ...[...links.producer].map(([value, node]) => `${value.name} of ${node.name}`),
    ...[...links.uses].flatMap(([value, uses]) =>
      uses.map(({ node, index }) => `${value.name} to ${node?.name ?? 'outputs'} ${index}`),
    ),
  ].sort();

describe('edits', () => {
  it('keep the links that a fresh look at the graph finds', () => {
    const edit = fc.record({
      kind: fc.nat({ max: kinds.length - 1 }),
      at: fc.nat({ max: 6 }),
      with: fc.nat({ max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 12 }), (list: readonly Edit[]) => {
        const graph = network();
        const edits = openEdits(graph);
        const nodes = [...graph.nodes];
        for (const { kind, at, with: choice } of list) {
          const node = nodes[at]!;
          const before = [graph.inputs[0]!, ...nodes.slice(0, at).flatMap(({ outputs }) => outputs)];
          const known = before.filter((value) => value === graph.inputs[0] || edits.producer.has(value!));
          if (node.op !== 'If' && !edits.isRemoved(node))
            kinds[kind]!(edits, node, known[choice % known.length]!);
        }
        edits.apply();
        expect(textOf(edits)).toEqual(textOf(connections(graph)));
      }),
    );
  });

  it('put nodes where they are wanted', () => {
    const graph = network();
    const edits = openEdits(graph);
    const [relu, neg, add] = graph.nodes as [Node, Node, Node];
    const made = edits.insertAfter(relu, { op: 'Abs', name: 'made', inputs: [relu.outputs[0]!] });
    edits.setInput(neg, 0, made);
    edits.moveBefore(graph.nodes.at(-1)!, graph.nodes.at(-2)!);
    edits.remove(add);
    edits.apply();
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Relu', 'Abs', 'Neg', 'If', 'Mul', 'Add', 'Abs']);
    expect(made.name).toBe('made');
  });

  it('remove nodes that lost their readers, and those that only these read', () => {
    const graph = network();
    const edits = openEdits(graph);
    const [, , add, branch, mul, sum] = graph.nodes as Node[];
    const neg = edits.insertBefore(mul!, { op: 'Neg', name: 'neg', inputs: [add!.outputs[0]!] });
    edits.setInputs(mul!, [neg, neg]);
    edits.setInput(sum!, 1, branch!.outputs[0]!);
    edits.removeUnread();
    edits.apply();
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Relu', 'Neg', 'Add', 'If', 'Add', 'Abs']);
    expect([edits.isRemoved(mul!), edits.isRemoved(add!)]).toEqual([true, false]);
  });
});
