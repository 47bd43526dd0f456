import type { Builder } from '../graph/builder.ts';
import type { Graph, Node, Value } from '../graph/graph.ts';
import { attributesOf, knownOperator } from '../graph/operators/index.ts';
import { observe, type Viewing } from '../pruning/observe.ts';
import { dequantizedBias, dequantizedWeight, type RoundedLayer, rounded } from './quantized-values.ts';

/** Signal and noise of a layer's output, summed. */
interface Noise {
  readonly noise: string;
  readonly signal: string;
}

/**
 * The signal-to-quantisation-noise ratio of each layer's output, 10·log₁₀(Σy²/Σ(y − ŷ)²) in dB, where ŷ comes from the
 * rounded weights and the rounded input of this layer alone; ∞ where nothing is lost.
 */
export async function layerNoise(
  graph: Graph,
  layers: readonly RoundedLayer[],
  viewing: Viewing,
): Promise<Map<Node, number>> {
  const outputs = new Map<Node, Noise>();
  const sums = new Map(layers.map(({ node }) => [node, { noise: 0, signal: 0 }]));
  await observe(graph, viewing, {
    append({ g, copyOf }) {
      for (const layer of layers) outputs.set(layer.node, appendNoise(g, layer, copyOf));
    },
    see(results) {
      for (const [node, { noise, signal }] of outputs) {
        const sum = sums.get(node)!;
        sum.noise += Number(results[noise]!.data[0]);
        sum.signal += Number(results[signal]!.data[0]);
      }
    },
  });
  return new Map([...sums].map(([node, { noise, signal }]) => [node, decibels(signal, noise)]));
}

const decibels = (signal: number, noise: number): number =>
  noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);

function appendNoise(g: Builder, layer: RoundedLayer, copyOf: (value: Value) => Value): Noise {
  const { node, input } = layer;
  const op = knownOperator(node)!;
  const x = copyOf(node.inputs[0]!);
  const bias = input ? dequantizedBias(g, layer) : node.inputs[2] && copyOf(node.inputs[2]);
  const inputs = [input ? rounded(g, x, input) : x, dequantizedWeight(g, layer), bias ?? null];
  const [y] = g.node(op, inputs, attributesOf(node, op), 1);
  const exact = copyOf(node.outputs[0]!);
  const total = (value: Value) => g.output(g.ReduceSumSquare(value, { keepdims: 0 })).name;
  return { noise: total(g.Sub(exact, y!)), signal: total(exact) };
}
