import { describe, expect, it } from 'vitest';
import { decompose, gradients } from '../../src/autodiff/index.ts';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph } from '../../src/graph/graph.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { runGraph } from '../support/run-graph.ts';

function scalars() {
  const graph = emptyGraph('scalars');
  const g = builderOf(graph);
  return { graph, g, x: g.input('x', 'float32', []), y: g.input('y', 'float32', []) };
}

describe('the driver of gradients', () => {
  it('adds up the uses of a value once, in linear time', async () => {
    const { graph, g, x, y } = scalars();
    let power = x;
    for (let i = 0; i < 10; i++) power = g.Mul(power, power);
    const forward = graph.nodes.length;
    const [dx] = gradients(g, g.Mul(power, y), [x]);
    g.output(dx!, 'dx');
    // Two products and a sum a level, with ∂y's own product.
    expect(graph.nodes.length - forward).toBeLessThan(3 * 10 + 3);
    const base = Math.fround(1.001);
    const results = await runGraph(graph, { x: floats([], [base]), y: floats([], [2]) });
    expect(Number(results.dx!.data[0]) / (2 * 1024 * base ** 1023)).toBeCloseTo(1, 3);
  });

  it('gives zeros where the loss does not depend on a value, and through integers', async () => {
    const { graph, g, x, y } = scalars();
    const rounded = g.Cast(g.Cast(y, { to: 7 }), { to: 1 });
    const loss = g.Add(g.Mul(x, x), g.Add(rounded, g.Sign(y)));
    gradients(g, loss, [x, y]).forEach((gradient, i) => {
      g.output(gradient, `d${i}`);
    });
    const results = await runGraph(graph, { x: floats([], [3]), y: floats([], [5]) });
    expect([results.d0!.data[0], results.d1!.data[0]]).toEqual([6, 0]);
  });

  it('differentiates with respect to values on the way, and to the loss itself', async () => {
    const { graph, g, x, y } = scalars();
    const product = g.Mul(x, y);
    const loss = g.Mul(product, product);
    gradients(g, loss, [product, x, loss]).forEach((gradient, i) => {
      g.output(g.Identity(gradient), `d${i}`);
    });
    const results = await runGraph(graph, { x: floats([], [3]), y: floats([], [5]) });
    expect([0, 1, 2].map((i) => results[`d${i}`]!.data[0])).toEqual([30, 150, 1]);
  });

  it('appends nothing for inputs whose gradient nobody asked for', () => {
    const graph = emptyGraph('conv');
    const g = builderOf(graph);
    const x = g.input('x', 'float32', [1, 2, 4, 4]);
    const w = g.input('w', 'float32', [3, 2, 3, 3]);
    const loss = g.ReduceSum(g.Conv(x, w), null, { keepdims: 0 });
    gradients(g, loss, [w]);
    expect(graph.nodes.map(({ op }) => op)).not.toContain('ConvGradInput');
    expect(graph.nodes.map(({ op }) => op)).toContain('ConvGradWeight');
  });
});

describe('decompose', () => {
  it('keeps the names of outputs, leaves the graph alone, and leaves no operator of our own', () => {
    const graph = emptyGraph('update');
    const g = builderOf(graph);
    const [w, d, m] = ['w', 'd', 'm'].map((name) => g.input(name, 'float32', [2]));
    const rate = g.input('rate', 'float32', []);
    // Without momentum and decay the new velocity is the gradient itself, a graph input.
    const [next, velocity] = g.SgdUpdate(w!, d!, m!, rate, { momentum: 0 });
    g.output(next, 'w.next');
    g.output(velocity, 'm.next');
    const result = decompose(graph);
    expect(result.outputs.map(({ name }) => name)).toEqual(['w.next', 'm.next']);
    expect(result.nodes.every(({ domain }) => domain === '')).toBe(true);
    expect(Object.keys(result.opsets)).toEqual(['']);
    expect(graph.nodes.map(({ op }) => op)).toEqual(['SgdUpdate']);
  });
});
