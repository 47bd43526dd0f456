import type { Calibration } from '../calibration/calibration.ts';
import { recalibrate } from '../calibration/recalibrate.ts';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../numeric/tensor.ts';
import { zip } from '../numeric/zip.ts';
import type { Executor, Tensors } from '../runtime/executor.ts';
import { type Checkpoint, isPastGraft, latestCheckpoint, saveGrafted } from '../training/checkpoint.ts';
import { withState } from '../training/training-step.ts';
import { averaged } from './average.ts';
import { type BlendOptions, blendRing } from './blend.ts';
import type { GraftLayer } from './layers.ts';
import { graftInternal, graftNoise } from './reactivate.ts';
import type { Threshold } from './threshold.ts';

/**
 * The source of new weights: the previous network in the ring, the network itself, noise, none; or the mean of all networks,
 * which are then replicas.
 */
export type GraftSource = 'external' | 'internal' | 'noise' | 'none' | 'average';

export interface GraftSettings extends BlendOptions {
  readonly source: GraftSource;
  /** For `internal` and `noise`: filters whose |γ|·Σ|F| is below this are invalid. */
  readonly threshold: Threshold;
  /** a, where aᵗ is the standard deviation of the noise in epoch t. */
  readonly noise: number;
  readonly seed: number;
}

interface GraftWork {
  /** Folders of the runs, in the order of the ring. */
  readonly folders: readonly string[];
  /** The network that the runs train. */
  readonly network: Graph;
  readonly layers: readonly GraftLayer[];
  /** The epoch, from 1. */
  readonly epoch: number;
  /** Number of steps at the end of the epoch. */
  readonly step: number;
  readonly settings: GraftSettings;
  /** Images for estimating statistics; opened if a source needs them. */
  readonly calibration: () => Promise<Calibration>;
  readonly executor: Executor;
}

interface Source {
  /** Computes the states of all networks after grafting. */
  readonly graft: (states: readonly Tensors[], work: GraftWork) => Tensors[];
  /** Whether the statistics of BatchNormalization must be estimated again, because they belong to no network. */
  readonly recalibrates: boolean;
}

const sources: Readonly<Record<GraftSource, Source>> = {
  external: {
    graft: (states, { layers, settings }) => blendRing(layers, states, settings),
    recalibrates: true,
  },
  internal: {
    graft: (states, { layers, settings }) => states.map((state) => graftInternal(layers, state, settings)),
    recalibrates: true,
  },
  noise: {
    graft: (states, { layers, settings, epoch }) =>
      states.map((state, i) =>
        graftNoise(layers, state, {
          threshold: settings.threshold,
          base: settings.noise,
          epoch,
          seed: settings.seed + i,
        }),
      ),
    recalibrates: true,
  },
  none: { graft: (states) => [...states], recalibrates: false },
  // Means of means and variances are statistics over the batches of all replicas, like those of training.
  average: { graft: (states, { settings }) => averaged(states, settings.momentum), recalibrates: false },
};

/**
 * Grafts the networks of a ring at the end of a round, using their checkpoints, and recalibrates their BatchNormalization.
 * After an interruption, missing results are computed from the same checkpoints; throws `invalid-data` if one of these is
 * missing.
 */
export async function graftEpoch(work: GraftWork): Promise<void> {
  const { folders, step } = work;
  const lacking = folders.filter((folder) => !isPastGraft(folder, step));
  if (lacking.length === 0) return;
  const saved = folders.map((folder) => ({ folder, ...beforeGraft(folder, step) }));
  const { graft, recalibrates } = sources[work.settings.source];
  const grafted = graft(
    saved.map(({ tensors }) => tensors),
    work,
  );
  for (const [{ folder, progress }, state] of zip(saved, grafted)) {
    if (!lacking.includes(folder)) continue;
    const tensors = recalibrates ? await recalibrated(state, work) : state;
    saveGrafted(folder, step, { tensors, progress });
  }
}

/** The checkpoint of a network at the end of a round, before grafting. */
function beforeGraft(folder: string, step: number): Checkpoint<unknown> {
  const saved = latestCheckpoint(folder, { ungrafted: true, step });
  if (saved) return saved;
  throw new EspalierError(
    'invalid-data',
    `contains no checkpoint of step ${step}, at which all networks are grafted: start again in another folder`,
    { where: folder },
  );
}

async function recalibrated(state: Tensors, work: GraftWork): Promise<Tensors> {
  const { network, layers, executor } = work;
  const calibration = await work.calibration();
  const fresh = await recalibrate(withState(network, state), { calibration, executor });
  return { ...state, ...statistics(fresh, layers, state) };
}

/** The running statistics of a network that are in its state. */
function statistics(network: Graph, layers: readonly GraftLayer[], state: Tensors): Tensors {
  const names = new Set(
    layers.flatMap(({ normalization }) =>
      normalization ? [normalization.mean, normalization.variance] : [],
    ),
  );
  return Object.fromEntries(
    network.initializers.flatMap(({ name, tensor }): [string, Tensor][] =>
      tensor && names.has(name) && state[name] ? [[name, tensor]] : [],
    ),
  );
}
