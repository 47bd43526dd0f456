import { type Coupling, prepareChannels, type Value } from 'espalier/core';
import type { EngineTools, Version } from '../types.ts';

/** The channel groups of a version, and the group whose channels a value carries. */
export interface Coupled {
  readonly coupling: Coupling;
  /** The index of the first group among a value's channels; null if it carries none. */
  groupOf(value: Value): number | null;
}

/** Finds the channel groups. Values are recognised by name: preparing a network copies its graph. */
export async function coupledChannels({ forms, size }: Version, { executor }: EngineTools): Promise<Coupled> {
  const { coupling } = await prepareChannels(forms.graph, executor, { size });
  const groups = new Map(coupling.groups.flatMap(({ sets }, i) => sets.map((set) => [set, i] as const)));
  const carried = new Map([...coupling.found.carried].map(([{ name }, { labels }]) => [name, labels]));
  const { find } = coupling.found.sets;
  return {
    coupling,
    groupOf({ name }) {
      for (const label of carried.get(name) ?? []) {
        const group = groups.get(find(label));
        if (group !== undefined) return group;
      }
      return null;
    },
  };
}
