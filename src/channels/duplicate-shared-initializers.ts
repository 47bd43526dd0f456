import { uniqueNames } from '../graph/builder.ts';
import { type Graph, makeConstant, type Value } from '../graph/graph.ts';
import { connections } from '../graph/topology.ts';
import type { KeptChannels, ParameterSlicing } from './coupling/scope.ts';
import { canBeDivided, slicingsByValue } from './coupling/shared-parameters.ts';

/**
 * Duplicates, in place, parameters with equal elements: one copy for each size that remains after removal; uses with the same
 * size share a copy. Returns the slicings of the changed graph.
 */
export function duplicateSharedInitializers(
  graph: Graph,
  slicings: readonly ParameterSlicing[],
  kept: KeptChannels,
): readonly ParameterSlicing[] {
  const { producer, uses } = connections(graph);
  const unique = uniqueNames(graph);
  return [...slicingsByValue(slicings)].flatMap(([value, own]) => {
    const readers = new Set((uses.get(value) ?? []).map(({ node }) => node));
    if (readers.size < 2 || producer.has(value) || !canBeDivided(own)) return own;
    const cutters = new Set(own.map(({ node }) => node));
    const parts = new Map<string, Value>();
    // Uses that are not cut keep the parameter.
    if ([...readers].some((node) => !node || !cutters.has(node)))
      parts.set(value.tensor!.shape.join(), value);
    return own.map((slicing) => {
      const size = sizeLeft(slicing, kept);
      const part =
        parts.get(size) ?? (parts.size === 0 ? value : makeConstant(unique(value.name), value.tensor!));
      if (!parts.has(size) && part !== value) graph.initializers.push(part);
      parts.set(size, part);
      const { node } = slicing;
      node.inputs = node.inputs.map((input) => (input === value ? part : input));
      return { ...slicing, value: part };
    });
  });
}

/** The shape of a parameter that remains for a use. */
export function sizeLeft({ value, channels }: ParameterSlicing, kept: KeptChannels): string {
  return value
    .tensor!.shape.map((size, axis) =>
      channels.axes.includes(axis) ? kept.along(channels, axis).length : size,
    )
    .join();
}
