import { type ProbeContext, type ProbeScope, probe } from '../calibration/probe.ts';
import { assert } from '../errors.ts';
import { type Graph, type Node, onlyOutput, requiredInput, staticShape, type Value } from '../graph/graph.ts';
import { attributesOf, knownOperator } from '../graph/operators/index.ts';
import { addTo } from '../numeric/statistics.ts';
import { elementCount, float32Data } from '../numeric/tensor.ts';
import {
  dequantizedBias,
  dequantizedWeight,
  quantizedAndBack,
  type RoundedLayer,
} from './quantized-values.ts';

/** The error of a layer's output: y is exact, ŷ has rounded weights and input, while all other layers are exact. */
export interface LayerError {
  /** Signal-to-noise ratio, 10·log₁₀(Σy²/Σ(y − ŷ)²) in dB; ∞ without error. */
  readonly sqnrDb: number;
  /** The same after subtracting each channel's mean error. */
  readonly centredSqnrDb: number;
  /** The mean of y − ŷ per channel (axis 1). */
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
    append(scope) {
      for (const layer of layers) sums.set(layer.node, appendError(layer, scope));
    },
  });
  return new Map([...sums].map(([node, sum]) => [node, errorOf(sum)]));
}

/** Sums over all runs so far. */
interface ErrorSums {
  signal: number;
  noise: number;
  /** Per channel. */
  readonly error: Float64Array;
  /** Elements per channel. */
  elements: number;
}

function appendError(layer: RoundedLayer, { g, copyOf, watch }: ProbeScope): ErrorSums {
  const { node, input } = layer;
  const op = knownOperator(node);
  assert(op, `${node.op} is an operator that is quantised`);
  const x = copyOf(requiredInput(node, 0));
  const bias = input ? dequantizedBias(g, layer) : node.inputs[2] && copyOf(node.inputs[2]);
  const inputs = [
    input ? quantizedAndBack(g, x, input).numbers : x,
    dequantizedWeight(g, layer),
    bias ?? null,
  ];
  const [y] = g.node(op, inputs, attributesOf(node, op), 1) as [Value];
  const exact = copyOf(onlyOutput(node));
  const difference = g.Sub(exact, y);
  const shape = staticShape(difference);
  const [, channels = 1] = shape;
  const others = g.int64s(shape.map((_, axis) => axis).filter((axis) => axis !== 1));
  const sums = { signal: 0, noise: 0, error: new Float64Array(channels), elements: 0 };
  watch(g.ReduceSumSquare(exact, null, { keepdims: 0 }), ({ data: [square] }) => {
    sums.signal += Number(square);
  });
  watch(g.ReduceSumSquare(difference, null, { keepdims: 0 }), ({ data: [square] }) => {
    sums.noise += Number(square);
  });
  watch(g.ReduceSum(difference, others, { keepdims: 0 }), (error) => {
    addTo(sums.error, float32Data(error));
    sums.elements += elementCount(shape) / channels;
  });
  return sums;
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
