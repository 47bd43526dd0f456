import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { openTraining, type TrainingOptions } from '../training/open-training.ts';
import { createRunDirectory, makeRecipe, type RunDirectory } from '../training/run-directory.ts';
import { firstDifference, withWeightsOf } from './architecture.ts';
import { checkGrafting, type GraftingOptions } from './defaults.ts';
import { localEngine } from './engine.ts';
import { type GrownRing, growRing, type RingWatch } from './grow-ring.ts';
import { ownTrainers } from './own-trainers.ts';

/** Options of {@link graft}. */
export interface GraftOptions
  extends GraftingOptions,
    RingWatch,
    Omit<TrainingOptions, 'run' | 'resume' | 'untilStep' | 'onStep' | 'onEpoch'> {
  /** The run directory for checkpoints and events, from which an interrupted run resumes; default: a temporary folder. */
  readonly run?: RunDirectory;
}

/**
 * Trains networks of the same architecture together in this process. After each epoch, the invalid filters of each are
 * re-activated with weights of another network (filter grafting; Meng et al., CVPR 2020, arXiv:2001.05868). The networks
 * should have different initial weights. Throws `shape` if architectures differ, `usage` if a source needs more networks.
 *
 * @example
 * const networks = [1, 2].map((seed) => buildModel('resnet20', { seed }));
 * const { members, best } = await graft(networks, { data, epochs: 60, schedule: 'cosine' });
 */
export async function graft(networks: readonly Graph[], options: GraftOptions): Promise<GrownRing> {
  checkGrafting({ ...options, networks: networks.length });
  const [first, ...others] = networks;
  if (!first) throw new EspalierError('usage', '`networks`: expected 1 or more, found none');
  const { onStep, onEpoch, ...training } = options;
  const opened = await openTraining(first, training);
  const starts = [opened.network];
  for (const [i, other] of others.entries())
    starts.push(alike(opened.network, (await openTraining(other, training)).network, i + 2));
  return inFolder(options.run, async (run) => {
    const recorded = { ...opened, run };
    return growRing({
      training: recorded,
      networks: networks.length,
      grafting: options,
      images: { name: options.data.name },
      start: (index) => starts[index]!,
      openEngine: (ring) => localEngine(ring, ownTrainers(recorded)),
      restore: (graph) => graph,
      ...(onStep && { onStep }),
      ...(onEpoch && { onEpoch }),
    });
  });
}

/** The weights of another network in the first network's graph. */
function alike(first: Graph, other: Graph, place: number): Graph {
  const difference = firstDifference(first, other);
  if (difference === null) return withWeightsOf(first, other);
  throw new EspalierError('shape', `differs from network 1 in architecture: ${difference}`, {
    where: `network ${place}`,
  });
}

async function inFolder<T>(
  given: RunDirectory | undefined,
  use: (run: RunDirectory) => Promise<T>,
): Promise<T> {
  if (given) return use(given);
  const folder = mkdtempSync(join(tmpdir(), 'espalier-graft-'));
  try {
    return await use(createRunDirectory(folder, makeRecipe('graft', {}, {})));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
