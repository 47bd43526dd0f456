import {
  cutNetwork,
  type NetworkCost,
  type NextStep,
  pieceGranularity,
  type UnitOutcome,
} from 'espalier/core';
import type { PruneChoice } from './choice.ts';
import { type PruningSource, plannedChannels, pruningJob } from './job.ts';

/** What a choice would remove. Plain data. */
export interface Plan {
  /** Whether the target is met; if not, all that may be removed is. */
  readonly met: boolean;
  readonly before: NetworkCost;
  /** If weights become zero instead of being removed, MACs are those of the others, and parameters stay. */
  readonly after: NetworkCost;
  /** Widths before and after, and why a unit keeps more; of pieces where weights become zero. */
  readonly units: readonly UnitOutcome[];
  readonly layers: readonly PlannedLayer[];
  /** The smallest wider step, which exceeds the target, if a cost stays far below it. */
  readonly nextStep: NextStep | null;
}

/** The MACs of a layer. */
export interface PlannedLayer {
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

/** Plans what a choice would remove from a version, without removing it. */
export function planPruning(source: PruningSource, choice: PruneChoice): Promise<Plan> {
  return pieceGranularity(choice) ? planPieces(source, choice) : planWholeChannels(source, choice);
}

async function planWholeChannels(source: PruningSource, choice: PruneChoice): Promise<Plan> {
  const { prepared, removed, units, met, nextStep, cost } = await plannedChannels(source, choice);
  const { layersWithout } = prepared.costs;
  const after = layersWithout(removed);
  return {
    ...{ met, units },
    before: cost.original,
    after: cost.after,
    layers: [...layersWithout(new Set())].map(([name, before]) => ({
      name,
      before,
      after: after.get(name)!,
    })),
    nextStep: nextStep ?? null,
  };
}

async function planPieces(source: PruningSource, choice: PruneChoice): Promise<Plan> {
  const job = await pruningJob(source, choice);
  const { original } = job;
  const request = { target: choice.target, index: 0, before: null };
  const { units, met } = await cutNetwork(original.network, job, request);
  const kept = new Map(units.map(({ name, channels, kept }) => [name, kept / channels]));
  const layers = [...original.costs.layersWithout(new Set())].map(([name, before]) => ({
    ...{ name, before },
    after: Math.round(before * (kept.get(name) ?? 1)),
  }));
  const { whole } = original.costs;
  const macs = layers.reduce((sum, { after }) => sum + after, 0);
  return { met, units, layers, before: whole, after: { ...whole, macs }, nextStep: null };
}
