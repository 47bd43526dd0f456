import type { LayerInformation } from '../../grafting/information.ts';
import type { Threshold } from '../../grafting/threshold.ts';
import type { Graph } from '../../graph/graph.ts';
import { textTable } from '../../report/text-table.ts';
import type { Tensors } from '../../runtime/executor.ts';
import type { Output } from '../command.ts';

/** The entropy of each convolution's weights, and its number of invalid filters. */
export async function entropyPart(graph: Graph, threshold: Threshold): Promise<Output> {
  const { graftLayers } = await import('../../grafting/layers.ts');
  const { informationOf } = await import('../../grafting/information.ts');
  const state: Tensors = Object.fromEntries(
    graph.initializers.flatMap(({ name, tensor }) => (tensor ? [[name, tensor] as const] : [])),
  );
  const layers = graftLayers(graph).filter(({ weight }) => state[weight] !== undefined);
  const entropy = informationOf(layers, state, threshold);
  return { data: { entropy }, text: describe(entropy) };
}

function describe(layers: readonly LayerInformation[]): string {
  if (layers.length === 0) return 'entropy     no convolution with constant weights';
  return textTable(layers, [
    { head: 'convolution', cell: ({ name }) => name },
    { head: 'filters', cell: ({ filters }) => String(filters), align: 'right' },
    { head: 'invalid', cell: ({ invalid }) => String(invalid), align: 'right' },
    { head: 'entropy', cell: ({ entropy }) => entropy.toFixed(3), align: 'right' },
  ]);
}
