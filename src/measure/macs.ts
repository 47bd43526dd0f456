import { EspalierError } from '../errors.ts';
import { type Graph, type Node, nodeName, onlyOutput, type Shape } from '../graph/graph.ts';
import { imagesOf } from '../graph/inputs/image-input.ts';
import { isOperator } from '../graph/operators/index.ts';
import { serializeModel } from '../onnx/index.ts';
import { type BindOptions, withFixedShapes } from './bind-shapes.ts';
import { type LayerSize, layerSize } from './mac-rules.ts';
import { elementsIn, learnedParameters } from './parameters.ts';

/** The costs of one node. */
export interface LayerCost {
  /** The name of the node, or of its output if the node has none. */
  readonly name: string;
  readonly op: string;
  /** [kH, kW] of a convolution; empty for other operators. */
  readonly kernel: readonly number[];
  /** 0 for nodes that do not multiply. */
  readonly inChannels: number;
  readonly outChannels: number;
  /** Multiply-accumulates per image; FLOPs = 2·MACs. */
  readonly macs: number;
  readonly parameters: number;
  /** For a batch of one, unless the model fixes another batch size. */
  readonly outputShape: Shape;
  /** Why multiply-accumulates are not counted. */
  readonly note?: string;
}

/** The costs of a whole network. */
export interface NetworkCost {
  /** Multiply-accumulates per image. */
  readonly macs: number;
  readonly parameters: number;
}

/** The costs of a network, in total and by layer. */
export interface Costs extends NetworkCost {
  /** Size of the .onnx file. */
  readonly bytes: number;
  readonly layers: readonly LayerCost[];
}

/** Height and width, if the model leaves them open; default: those of its stored preprocessing. */
export type CostOptions = Pick<BindOptions, 'size'>;

/**
 * The costs per image of the nodes that multiply and accumulate (Conv, ConvTranspose, Gemm, MatMul, Einsum) or have
 * parameters, in graph order. Nodes inside If and Loop are not counted. Throws `usage` if sizes are open.
 */
export function layerCosts(graph: Graph, options: CostOptions = {}): LayerCost[] {
  const fixed = withFixedShapes(graph, { ...options, batch: 1 });
  const parameters = learnedParameters(fixed);
  const batch = batchOf(fixed);
  return fixed.nodes.flatMap((node) => {
    const found = knownSize(node);
    const [size, note] = typeof found === 'string' ? [null, found] : [found, undefined];
    const count = (parameters.get(node) ?? []).reduce((sum, value) => sum + elementsIn(value), 0);
    if (isOperator(node, 'Constant') || (!found && count === 0)) return [];
    return [{ ...layerCost(node, { size, count, batch }), ...(note !== undefined && { note }) }];
  });
}

/**
 * Parameters (without running statistics, as in published figures), MACs per image, and bytes of a network. Throws `usage` if
 * sizes are open.
 *
 * @example
 * const { macs, parameters, layers } = costs(network, { size: 224 });
 */
export const costs = (graph: Graph, options: CostOptions = {}): Costs =>
  costsInFile(serializeModel(graph).byteLength, graph, options);

/** The costs of a network whose .onnx file has the given size. */
export function costsInFile(bytes: number, graph: Graph, options: CostOptions = {}): Costs {
  const layers = layerCosts(graph, options);
  return { ...sumOf(layers), bytes, layers };
}

/** Parameters and MACs of a network, without writing it. Throws `usage` if sizes are open. */
export const networkCost = (graph: Graph, options: CostOptions = {}): NetworkCost =>
  sumOf(layerCosts(graph, options));

const sumOf = (layers: readonly LayerCost[]): NetworkCost => ({
  parameters: layers.reduce((sum, layer) => sum + layer.parameters, 0),
  macs: layers.reduce((sum, layer) => sum + layer.macs, 0),
});

/** The size of a layer, or why it is not known. */
function knownSize(node: Node): LayerSize | string | null {
  try {
    return layerSize(node);
  } catch (error) {
    // The shape depends on data that is only known at run time.
    if (!(error instanceof EspalierError) || error.code !== 'shape') throw error;
    return `counted as 0 MACs: ${error.message}`;
  }
}

interface LayerCounts {
  readonly size: LayerSize | null;
  readonly count: number;
  readonly batch: number;
}

function layerCost(node: Node, { size, count, batch }: LayerCounts): LayerCost {
  const output = onlyOutput(node);
  return {
    name: nodeName(node),
    op: node.op,
    kernel: size?.kernel ?? [],
    inChannels: size?.inChannels ?? 0,
    outChannels: size?.outChannels ?? 0,
    macs: (size?.macs ?? 0) / batch,
    parameters: count,
    outputShape: output.shape ?? [],
  };
}

/** The batch size that the model fixes, else 1. */
function batchOf(fixed: Graph): number {
  return Math.max(1, imagesOf(fixed) ?? 1);
}
