import type { Channels } from '../../channels/coupling/channels.ts';
import type { ChannelConsumer, ChannelCoupling, ParameterSlicing } from '../../channels/coupling/scope.ts';
import { placesAlong, survivors } from '../../channels/coupling/survivors.ts';
import { cutChannels } from '../../channels/cut-channels.ts';
import { keepOneChannel } from '../../channels/keep-one-channel.ts';
import { selectPlaces } from '../../channels/select-slices.ts';
import { type Node, onlyOutput, type Value } from '../../graph/graph.ts';
import { makeTensor } from '../../numeric/tensor.ts';
import { flowOf } from '../../training/layer-flow.ts';
import { trainableParameters } from '../../training/parameters.ts';
import type { PreparedNetwork } from '../prepared-network.ts';
import type { PruningUnit } from '../ranking/units.ts';
import type { MaskPlace, PrunableSets } from './prunable-sets.ts';

/**
 * The channel sets of a network: channels that meet in a sum are one set. The masks of a set multiply every weight that reads
 * it, or the value if the weights are computed. Sets that are read where the loss, which reads `lossReads`, does not depend
 * on them have no meaningful score, and are kept.
 */
export function tiedSets(prepared: PreparedNetwork, lossReads: readonly Value[]): PrunableSets {
  const { graph, coupling } = prepared;
  const { found } = coupling;
  const places = placesOf(prepared, lossReads);
  return {
    units: prepared.units.map((unit) => withUnseen(unit, { prepared, lossReads })),
    without(removed) {
      if (removed.size === 0)
        return { network: graph, places: places.map(({ place }) => place), kept: new Map() };
      const { graph: network, keptPlaces: kept } = cutChannels({ graph, coupling }, removed);
      const stays = survivors(found, removed);
      return { network, kept, places: places.map((each) => narrowed(each, stays)) };
    },
    permitted: (chosen, masked) => keepOneChannel(found, new Set([...chosen, ...masked]), masked),
  };
}

/** A place of masks, with its channels. */
interface CoupledPlace {
  readonly place: MaskPlace;
  readonly channels: Channels;
}

function placesOf({ graph, coupling }: PreparedNetwork, lossReads: readonly Value[]): CoupledPlace[] {
  const { found } = coupling;
  const trained = new Set(trainableParameters(graph, { outputs: lossReads }).map(({ value }) => value));
  const weights = new Map(
    found.slicings
      .filter(({ role, value }) => role === 'inputs' && trained.has(value))
      .toReversed()
      .map((slicing) => [slicing.node, slicing] as const),
  );
  const places = found.readings.map((reading) => placeOf(reading, found, weights.get(reading.node)));
  // A weight shared by several layers is masked once.
  return [...new Map(places.map((each) => [each.place.name, each])).values()];
}

function placeOf(
  { node, index, channels }: ChannelConsumer,
  found: ChannelCoupling,
  weight: ParameterSlicing | undefined,
): CoupledPlace {
  if (weight) {
    const { value, channels: read } = weight;
    const name = `espalier.mask/${value.name}/${read.axes}`;
    return coupledPlace({ name, of: { parameter: value.name } }, read, { value, found });
  }
  const reader = onlyOutput(node).name;
  const value = node.inputs[index]!;
  const name = `espalier.mask/${reader}/${index}`;
  return coupledPlace({ name, of: { reader, index } }, channels, { value, found });
}

function coupledPlace(
  named: Pick<MaskPlace, 'name' | 'of'>,
  channels: Channels,
  { value, found }: { readonly value: Value; readonly found: ChannelCoupling },
): CoupledPlace {
  const shape = value.shape!.map((_, axis) => channels.sizes[channels.axes.indexOf(axis)] ?? 1);
  return { place: { ...named, shape, sets: Array.from(channels.labels, found.sets.find) }, channels };
}

/** A place without the removed indices. */
function narrowed({ place, channels }: CoupledPlace, stays: Uint8Array): MaskPlace {
  const kept = new Map(channels.axes.map((axis) => [axis, placesAlong(channels, axis, stays)] as const));
  const sets = makeTensor('int32', [...place.shape], Int32Array.from(place.sets));
  const { shape, data } = selectPlaces(sets, kept);
  return { ...place, shape, sets: [...(data as Int32Array)] };
}

interface Unseen {
  readonly prepared: PreparedNetwork;
  readonly lossReads: readonly Value[];
}

/** A unit whose sets are kept, with a reason, if the loss does not depend on a layer that reads them. */
function withUnseen(unit: PruningUnit, { prepared, lossReads }: Unseen): PruningUnit {
  const { graph, coupling } = prepared;
  const { found } = coupling;
  const reached = new Set<Node>(flowOf(graph, lossReads).nodes);
  const kept = new Map<number, string>();
  const keep = (labels: Int32Array, reason: string) => {
    for (const label of labels) kept.set(found.sets.find(label), reason);
  };
  for (const { node, channels } of found.readings)
    if (!reached.has(node)) keep(channels.labels, `training does not depend on ${onlyOutput(node).name}`);
  const added = unit.sets.flatMap((root) => (kept.has(root) ? [[root, kept.get(root)!] as const] : []));
  return { ...unit, reasons: new Map([...added, ...unit.reasons]) };
}
