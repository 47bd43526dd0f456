import { type ProbeContext, probe } from '../calibration/probe.ts';
import type { Builder } from '../graph/builder.ts';
import { type Graph, type Node, staticShape, type Value } from '../graph/graph.ts';
import { attributesOf, knownOperator } from '../graph/operators/index.ts';
import { elementCount } from '../numeric/tensor.ts';
import type { Tensors } from '../runtime/executor.ts';
import {
  dequantizedBias,
  dequantizedWeight,
  quantizedAndBack,
  type RoundedLayer,
} from './quantized-values.ts';

/** What rounding does to a layer's output y, as ŷ from its rounded weights and input, all other layers left exact. */
export interface LayerError {
  /** Signal to noise, 10·log₁₀(Σy²/Σ(y − ŷ)²); ∞ where nothing is lost. */
  readonly sqnrDb: number;
  /** The same once each channel's mean error is taken out. */
  readonly centredSqnrDb: number;
  /** The mean of y − ŷ, by channel (axis 1). */
  readonly shift: Float32Array;
}

/** The error of each layer over all calibration images. */
export async function layerErrors(
  graph: Graph,
  layers: readonly RoundedLayer[],
  context: ProbeContext,
): Promise<Map<Node, LayerError>> {
  const sums = new Map<Node, ErrorSums>();
  await probe(graph, context, {
    append({ g, copyOf }) {
      for (const layer of layers) sums.set(layer.node, appendError(g, layer, copyOf));
    },
    onResult(results) {
      for (const sum of sums.values()) add(sum, results);
    },
  });
  return new Map([...sums].map(([node, sum]) => [node, errorOf(sum)]));
}

/** Names of outputs, and what they sum up to. */
interface ErrorSums {
  readonly names: { readonly signal: string; readonly noise: string; readonly error: string };
  readonly perChannel: number;
  signal: number;
  noise: number;
  readonly error: Float64Array;
  elements: number;
}

function appendError(g: Builder, layer: RoundedLayer, copyOf: (value: Value) => Value): ErrorSums {
  const { node, input } = layer;
  const op = knownOperator(node)!;
  const x = copyOf(node.inputs[0]!);
  const bias = input ? dequantizedBias(g, layer) : node.inputs[2] && copyOf(node.inputs[2]);
  const inputs = [
    input ? quantizedAndBack(g, x, input).numbers : x,
    dequantizedWeight(g, layer),
    bias ?? null,
  ];
  const [y] = g.node(op, inputs, attributesOf(node, op), 1);
  const exact = copyOf(node.outputs[0]!);
  const difference = g.Sub(exact, y!);
  const shape = staticShape(difference);
  const others = g.int64s(shape.map((_, axis) => axis).filter((axis) => axis !== 1));
  const names = {
    signal: g.output(g.ReduceSumSquare(exact, { keepdims: 0 })).name,
    noise: g.output(g.ReduceSumSquare(difference, { keepdims: 0 })).name,
    error: g.output(g.ReduceSum(difference, others, { keepdims: 0 })).name,
  };
  const perChannel = elementCount(shape) / shape[1]!;
  return { names, perChannel, signal: 0, noise: 0, error: new Float64Array(shape[1]!), elements: 0 };
}

function add(sum: ErrorSums, results: Tensors): void {
  sum.signal += Number(results[sum.names.signal]!.data[0]);
  sum.noise += Number(results[sum.names.noise]!.data[0]);
  sum.elements += sum.perChannel;
  for (const [channel, error] of (results[sum.names.error]!.data as Float32Array).entries()) {
    sum.error[channel]! += error;
  }
}

function errorOf({ signal, noise, error, elements }: ErrorSums): LayerError {
  const ofMeans = error.reduce((sum, each) => sum + each ** 2 / elements, 0);
  return {
    sqnrDb: decibels(signal, noise),
    centredSqnrDb: decibels(signal, Math.max(0, noise - ofMeans)),
    shift: Float32Array.from(error, (each) => each / elements),
  };
}

const decibels = (signal: number, noise: number): number =>
  noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
