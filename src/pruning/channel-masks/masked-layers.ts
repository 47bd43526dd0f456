import type { Coupling } from '../../channels/channel-groups.ts';
import type { CoupledLayer } from '../../channels/coupling/scope.ts';
import type { Value } from '../../graph/graph.ts';
import { layerTail } from '../../graph/layer-tail.ts';
import { connections } from '../../graph/topology.ts';
import type { PreparedNetwork } from '../prepared-network.ts';

/** The mask of a unit: one number per channel set. */
export interface UnitMask {
  /** The unit's name. */
  readonly unit: string;
  /** The name of its training state. */
  readonly state: string;
  readonly sets: readonly number[];
}

/** A parameter whose entries along an axis are multiplied by the masks of their channels. */
export interface MaskedParameter {
  readonly name: string;
  readonly axis: number;
  /** The masks that apply to it, which are concatenated, followed by a 1. */
  readonly masks: readonly UnitMask[];
  /** For each index along the axis, the index of its factor in that concatenation. */
  readonly places: readonly number[];
}

export interface MaskedLayers {
  readonly masks: readonly UnitMask[];
  readonly parameters: readonly MaskedParameter[];
}

/**
 * Determines where learned masks are applied: to scale and shift of the BatchNormalization after a layer, which would undo
 * them if they were before it, else to the layer's filters and bias. Units without removable channels have no mask.
 */
export function maskedLayers({
  graph,
  coupling: { found },
  units,
}: Pick<PreparedNetwork, 'graph' | 'coupling' | 'units'>): MaskedLayers {
  const masks = units
    .filter(({ sets, reasons }) => reasons.size < sets.length)
    .map(({ name, sets, reasons }, i) => ({
      unit: name,
      state: `channels.${i}.mask`,
      sets: sets.filter((root) => !reasons.has(root)),
    }));
  const owner = new Map(masks.flatMap((mask) => mask.sets.map((root, at) => [root, { mask, at }] as const)));
  const links = connections(graph);
  const parameters = found.layers.flatMap((layer): MaskedParameter[] => {
    const met = new Set<UnitMask>();
    const held = channelsOf(layer).map((label) => owner.get(found.sets.find(label)));
    for (const place of held) if (place) met.add(place.mask);
    if (met.size === 0) return [];
    const own = [...met];
    const starts = own.map((_, i) => own.slice(0, i).reduce((sum, { sets }) => sum + sets.length, 0));
    const one = own.reduce((sum, { sets }) => sum + sets.length, 0);
    const places = held.map((place) => (place ? starts[own.indexOf(place.mask)]! + place.at : one));
    return parametersOf(layer, { found, links }).map(({ value, axis }) => ({
      name: value.name,
      axis,
      masks: own,
      places,
    }));
  });
  // A parameter that several layers share is masked once.
  return { masks, parameters: [...new Map(parameters.map((each) => [each.name, each])).values()] };
}

const channelsOf = ({ first, count }: CoupledLayer): number[] =>
  Array.from({ length: count }, (_, i) => first + i);

interface CouplingLinks {
  readonly found: Coupling['found'];
  readonly links: ReturnType<typeof connections>;
}

/** The parameters that scale the channels of a layer, with their channel axis. */
function parametersOf(
  layer: CoupledLayer,
  { found, links }: CouplingLinks,
): { readonly value: Value; readonly axis: number }[] {
  const { normalization } = layerTail(layer.node, links);
  if (normalization) return normalization.inputs.slice(1, 3).map((value) => ({ value: value!, axis: 0 }));
  const filters = found.slicings.find(({ node, role }) => node === layer.node && role === 'filters');
  if (filters?.channels.labels.length !== layer.count) return [];
  const bias = layer.node.inputs[2];
  return [
    { value: filters.value, axis: filters.channels.axes[0]! },
    ...(bias?.tensor ? [{ value: bias, axis: bias.tensor.shape.length - 1 }] : []),
  ];
}
