import type { Graph } from '../graph/graph.ts';
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

/** The BatchNormalization that follows a convolution, by the names of its parameters [M]. */
export interface NormalizationParameters {
  readonly scale: string;
  readonly shift: string;
  readonly mean: string;
  readonly variance: string;
}

/** The convolutions of a network, in graph order, each with the BatchNormalization that reads it alone. */
export function graftLayers(graph: Graph): GraftLayer[] {
  const { uses } = connections(graph);
  return graph.nodes.flatMap((node): GraftLayer[] => {
    const [, weight, bias] = node.inputs;
    if (!isOperator(node, 'Conv') || weight?.tensor?.dtype !== 'float32') return [];
    const readers = uses.get(node.outputs[0]!) ?? [];
    const reader = readers.length === 1 ? readers[0]!.node : null;
    const parts = isOperator(reader, 'BatchNormalization') ? reader.inputs.slice(1, 5) : [];
    const names = parts.flatMap((value) => (value?.tensor ? [value.name] : []));
    const [scale, shift, mean, variance] = names as [string, string, string, string];
    return [
      {
        name: node.name || weight.name,
        weight: weight.name,
        bias: bias?.tensor ? bias.name : null,
        normalization: names.length === 4 ? { scale, shift, mean, variance } : null,
        filters: weight.tensor.shape[0]!,
      },
    ];
  });
}
