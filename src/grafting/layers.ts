import type { Graph } from '../graph/graph.ts';
import { layerTail } from '../graph/layer-tail.ts';
import { isOperator } from '../graph/operators/index.ts';
import { connections } from '../graph/topology.ts';

/** A convolution whose filters are grafted, by the names of its parameters. */
export interface GraftLayer {
  readonly name: string;
  /** [M, C/group, …kernel]. */
  readonly weight: string;
  /** [M]. */
  readonly bias: string | null;
  readonly normalization: NormalizationParameters | null;
  readonly filters: number;
}

/** The BatchNormalization after a convolution, by the names of its parameters [M]. */
export interface NormalizationParameters {
  readonly scale: string;
  readonly shift: string;
  readonly mean: string;
  readonly variance: string;
}

/** The convolutions of a network, in graph order, each with the BatchNormalization that is its only reader. */
export function graftLayers(graph: Graph): GraftLayer[] {
  const links = connections(graph);
  return graph.nodes.flatMap((node): GraftLayer[] => {
    const [, weight, bias] = node.inputs;
    if (!isOperator(node, 'Conv') || weight?.tensor?.dtype !== 'float32') return [];
    const parameters = layerTail(node, links).normalization?.inputs.slice(1) ?? [];
    const [scale, shift, mean, variance] = parameters.map((value) => (value?.tensor ? value.name : null));
    const isKnown = scale && shift && mean && variance;
    return [
      {
        name: node.name || weight.name,
        weight: weight.name,
        bias: bias?.tensor ? bias.name : null,
        normalization: isKnown ? { scale, shift, mean, variance } : null,
        filters: weight.tensor.shape[0] ?? 0,
      },
    ];
  });
}
