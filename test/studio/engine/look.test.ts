import { describe, expect, it } from 'vitest';
import type { Graph } from '../../../src/graph/graph.ts';
import { parseGraph } from '../../../src/graph/text/index.ts';
import { inspectNetwork } from '../../../src/inspection/inspect.ts';
import { buildModel } from '../../../src/models/index.ts';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';
import type { Drawing } from '../../../studio/engine/look/drawing.ts';
import { layoutOf } from '../../../studio/engine/look/layout.ts';
import { lookAt, shapesOf } from '../../../studio/engine/look/look.ts';
import { maskedNetwork } from '../../support/masked-network.ts';
import { sessionOf, tools } from '../../support/studio-session.ts';

const versionOf = async (network: Graph) => (await sessionOf(network)).session.current;

/** y = relu(conv(x)) + conv(x), both with 4 filters. */
const forked = parseGraph(`<opset = 18>
  forked(float32[N, 2, 8, 8] x) => (float32[N, 4, 8, 8] y) {
    float32[4, 2, 1, 1] first = {1, 2, 3, 4, 5, 6, 7, 8}
    float32[4, 2, 1, 1] second = {1, 2, 3, 4, 5, 6, 7, 8}
    a = Conv(x, first)
    b = Relu(a)
    c = Conv(x, second)
    y = Add(b, c)
  }`);

/** Activations one after the other. */
function chain(length: number): Drawing {
  const node = { op: 'Relu', summary: '', inputs: [], outputs: [], attributes: [], macs: 0, parameters: 0 };
  const nodes = Array.from({ length }, (_, i) => ({ ...node, name: `${i}`, group: null, residual: null }));
  return {
    nodes,
    edges: nodes.slice(1).map((_, from) => ({ from, to: from + 1, shape: '', group: null })),
  };
}

describe('a look', () => {
  it('has the facts that inspect prints', async () => {
    const network = buildModel('resnet20');
    const { facts } = await lookAt(await versionOf(network), tools);
    expect(facts).toEqual(await inspectNetwork(network, { executor: onnxruntime }));
  });

  it('draws inputs, nodes and outputs, the values between them, and who is coupled', async () => {
    const { drawing, facts } = await lookAt(await versionOf(forked), tools);
    const names = drawing.nodes.map(({ op, name }) => `${op} ${name}`);
    expect(names).toEqual(['Input x', 'Conv a', 'Relu b', 'Conv c', 'Add y', 'Output y']);
    const edges = drawing.edges.map(({ from, to, shape }) => `${names[from]} → ${names[to]}: ${shape}`);
    expect(edges.sort()).toEqual([
      'Add y → Output y: N×4×8×8',
      'Conv a → Relu b: N×4×8×8',
      'Conv c → Add y: N×4×8×8',
      'Input x → Conv a: N×2×8×8',
      'Input x → Conv c: N×2×8×8',
      'Relu b → Add y: N×4×8×8',
    ]);
    expect(drawing.nodes.map(({ group }) => group)).toEqual([null, 0, 0, 0, 0, 0]);
    expect(facts.groups[0]!.members).toEqual(['a', 'c']);
    expect(drawing.nodes[4]!.residual).toBe('projection');
    expect(drawing.nodes[1]).toMatchObject({ summary: '1×1, 2 → 4', macs: 512, parameters: 8 });
  });

  it('is laid out without overlaps, from inputs to outputs', async () => {
    const { drawing } = await lookAt(await versionOf(buildModel('resnet20')), tools);
    const { boxes, paths } = layoutOf(drawing);
    const overlapping = boxes.filter((a, i) =>
      boxes.some(
        (b, j) =>
          j > i && a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height,
      ),
    );
    expect(overlapping).toEqual([]);
    for (const { from, to } of drawing.edges) expect(boxes[from]!.y).toBeLessThan(boxes[to]!.y);
    expect(paths.length).toBe(drawing.edges.length);
  });

  it('is laid out however deep it is', () => {
    const { boxes, height } = layoutOf(chain(2000));
    expect(boxes.every(({ x, y }, i) => x === 0 && (i === 0 || y > boxes[i - 1]!.y))).toBe(true);
    expect(height).toBe(boxes.at(-1)!.y + boxes.at(-1)!.height);
  });

  it('refuses depth in one sentence where it cannot be cut into parts', () => {
    const { nodes, edges } = chain(20_000);
    const around = { from: 0, to: nodes.length - 1, shape: '', group: null };
    expect(() => layoutOf({ nodes, edges: [...edges, around] })).toThrow(
      'the graph is too deep to be drawn: the tables beside it list all its layers',
    );
  });

  it('shows shapes only of layers with zero stripes', async () => {
    const found = shapesOf(await versionOf(maskedNetwork()));
    expect(found.layers.map(({ layer }) => layer)).toEqual(['conv1', 'conv2']);
    expect(shapesOf(await versionOf(buildModel('resnet20')))).toEqual({ layers: [], dense: 19 });
  });
});
