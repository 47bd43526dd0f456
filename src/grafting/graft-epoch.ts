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
 * Where new weights come from: of the network before in the ring, of the network itself, or noise; nowhere; or the mean of all
 * networks, which then are replicas of one.
 */
export type GraftSource = 'external' | 'internal' | 'noise' | 'none' | 'average';

export interface GraftSettings extends BlendOptions {
  readonly source: GraftSource;
  /** Filters whose |γ|·Σ|F| is below this are invalid, for `internal` and `noise`. */
  readonly threshold: Threshold;
  /** a of noise of standard deviation aᵗ. */
  readonly noise: number;
  readonly seed: number;
}

interface GraftWork {
  /** Of the runs, in the order of the ring. */
  readonly folders: readonly string[];
  /** The network that the runs train. */
  readonly network: Graph;
  readonly layers: readonly GraftLayer[];
  /** From 1. */
  readonly epoch: number;
  /** Steps done by the end of the epoch. */
  readonly step: number;
  readonly settings: GraftSettings;
  /** Images to estimate statistics on; opened where a source needs them. */
  readonly calibration: () => Promise<Calibration>;
  readonly executor: Executor;
}

interface Source {
  /** How the states of all networks change. */
  readonly graft: (states: readonly Tensors[], work: GraftWork) => Tensors[];
  /** Whether the statistics of BatchNormalization are those of no network any more, and are estimated anew. */
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
  // Means of means and variances are what training's own running statistics are: of batches of all replicas.
  average: { graft: (states, { settings }) => averaged(states, settings.momentum), recalibrates: false },
};

/**
 * Grafts the networks of a ring at the end of a round, all from what training left of them, and recalibrates their
 * BatchNormalization. What one lacks after an interruption is made again from the same checkpoints; throws `invalid-data` where
 * one of them is gone.
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

/** What training left of a network at the end of a round. */
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

/** The running statistics of a network, of those that the state holds. */
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
