import { computed, effect, signal } from '@preact/signals';
import type { PruneChoice, PruneTables } from '../../engine/prune/choice.ts';
import type { Plan } from '../../engine/prune/plan.ts';
import { images } from '../images/state.ts';
import { messageOf } from '../jobs.ts';
import { perNetwork } from '../per-network.ts';
import { session } from '../session.ts';
import { failure } from '../state.ts';
import { callWorker } from '../worker-client.ts';

/** What can be chosen; null until the worker has said it. */
export const tables = signal<PruneTables | null>(null);

const changes = perNetwork<Partial<PruneChoice>>({});

/** What is chosen; null until it is known what can be. */
export const choice = computed<PruneChoice | null>(
  () => tables.value && { ...tables.value.defaults, ...changes.value },
);

/** Changes some of what is chosen. A criterion that cannot score the granularity gives way to one that can. */
export function choose(change: Partial<PruneChoice>): void {
  changes.value = { ...changes.value, ...change };
  const { criterion, granularity } = choice.value!;
  const able = tables.value!.criteria.filter(({ granularities }) => granularities.includes(granularity));
  if (able.some(({ name }) => name === criterion)) return;
  changes.value = { ...changes.value, criterion: able[0]!.name };
}

/** Keeps a layer out of pruning, or lets it be pruned again. */
export function exclude(layer: string, excluded: boolean): void {
  const others = choice.value!.exclude.filter((glob) => glob !== layer);
  choose({ exclude: excluded ? [...others, layer] : others });
}

/** What the choice would remove from the current version; null until it is planned. */
export const plan = perNetwork<Plan | null>(null);

/** Loads what can be chosen, and plans whenever the choice, the version or the images change. Returns a function that ends it. */
export function followChoice(): () => void {
  if (!tables.value) void callWorker((api) => api.pruneTables()).then((found) => (tables.value = found));
  let wanted = 0;
  let planning = false;
  const planNow = async () => {
    // While a plan is computed, the choice may change several times: only the last one is planned.
    if (planning) return;
    planning = true;
    let made = 0;
    while (made !== wanted) {
      made = wanted;
      const chosen = choice.value;
      if (chosen) await show(chosen, () => made === wanted);
    }
    planning = false;
  };
  return effect(() => {
    images.value;
    if (!choice.value || session.value === null) return;
    wanted++;
    void planNow();
  });
}

async function show(chosen: PruneChoice, isLatest: () => boolean): Promise<void> {
  try {
    const found = await callWorker((api) => api.planPruning(chosen));
    plan.value = found;
    failure.value = null;
  } catch (error) {
    if (isLatest()) failure.value = messageOf(error);
  }
}
