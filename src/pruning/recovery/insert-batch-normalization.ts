import { type ChannelStatistics, channelStatistics } from '../../calibration/channel-statistics.ts';
import { type ProbeContext, requireCalibration } from '../../calibration/probe.ts';
import { uniqueNames } from '../../graph/builder.ts';
import {
  type Graph,
  makeConstant,
  makeValue,
  type Node,
  nodeName,
  onlyOutput,
  type Value,
} from '../../graph/graph.ts';
import { layerTail } from '../../graph/layer-tail.ts';
import { isOperator, makeAttributes } from '../../graph/operators/index.ts';
import { connections } from '../../graph/topology.ts';
import { floats } from '../../numeric/tensor.ts';
import { canonicalForm } from '../../rewrite/index.ts';

/**
 * Inserts a BatchNormalization after every Conv that has none, with μ and σ² of its output over the calibration images, γ =
 * √(σ² + ε) and β = μ. The network computes the same, and can be trained like one whose normalisations were not folded.
 * Outputs of the network, and single positions (gates, classifiers), which are not normalised in training, are not changed.
 */
export async function insertBatchNormalization(
  network: Graph,
  context: ProbeContext,
): Promise<{ readonly graph: Graph; readonly inserted: number }> {
  requireCalibration(context.calibration, 'inserting BatchNormalization');
  const { graph } = canonicalForm(network);
  const layers = layersWithout(graph);
  if (layers.length === 0) return { graph, inserted: 0 };
  const observed = await channelStatistics(graph, layers, context);
  const unique = uniqueNames(graph);
  const made = new Map(observed.map((layer) => [layer.node, [normalizationOf(graph, layer, unique)]]));
  graph.nodes = graph.nodes.flatMap((node) => [node, ...(made.get(node) ?? [])]);
  return { graph, inserted: layers.length };
}

/** A layer and its output. */
interface Layer {
  readonly node: Node;
  readonly value: Value;
}

function layersWithout(graph: Graph): Layer[] {
  const links = connections(graph);
  return graph.nodes.flatMap((node) => {
    if (!isOperator(node, 'Conv') || node.inputs[1]?.tensor?.dtype !== 'float32') return [];
    const value = onlyOutput(node);
    const isSingle = value.shape?.slice(2).every((size) => size === 1);
    const isLeft = graph.outputs.includes(value) || isSingle || layerTail(node, links).normalization;
    return isLeft ? [] : [{ node, value }];
  });
}

const EPSILON = 1e-5;

/** A node that computes the normalised output under the name of the layer's output. */
function normalizationOf(
  graph: Graph,
  { node, value: y, mean, variance }: Layer & ChannelStatistics,
  unique: (wanted: string) => string,
): Node {
  const name = nodeName(node);
  const x = makeValue(unique(`${name}.conv`), y.dtype, y.shape);
  const parameter = (part: string, data: Float64Array) => {
    const value = makeConstant(unique(`${name}.bn.${part}`), floats([data.length], data));
    graph.initializers.push(value);
    return value;
  };
  node.outputs[0] = x;
  const scale = parameter(
    'scale',
    variance.map((square) => Math.sqrt(square + EPSILON)),
  );
  const shift = parameter('shift', mean);
  return {
    op: 'BatchNormalization',
    domain: '',
    name: unique(`${name}.bn`),
    inputs: [x, scale, shift, parameter('mean', mean), parameter('var', variance)],
    outputs: [y],
    attributes: makeAttributes('BatchNormalization', { epsilon: EPSILON }),
  };
}
