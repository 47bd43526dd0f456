import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../numeric/tensor.ts';
import type { Calibration } from '../pruning/calibration.ts';
import { recalibrate } from '../pruning/recovery/recalibrate.ts';
import type { Executor, Tensors } from '../runtime/executor.ts';
import { isGrafted, latestCheckpoint, saveGrafted } from '../training/checkpoint.ts';
import { withState } from '../training/training-step.ts';
import { type BlendOptions, blendRing } from './blend.ts';
import type { GraftLayer } from './layers.ts';
import { graftInternal, graftNoise } from './reactivate.ts';

/** Where new weights for invalid filters come from. */
export type GraftSource = 'external' | 'internal' | 'noise';

export interface GraftSettings extends BlendOptions {
  readonly source: GraftSource;
  /** Filters whose |γ|·Σ|F| is below this are invalid, for `internal` and `noise`. */
  readonly threshold: number;
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
  readonly calibration: Calibration;
  readonly executor: Executor;
}

/** How the states of all networks change at the end of an epoch, by where the weights come from. */
const sources: Readonly<Record<GraftSource, (states: readonly Tensors[], work: GraftWork) => Tensors[]>> = {
  external: (states, { layers, settings }) => blendRing(layers, states, settings),
  internal: (states, { layers, settings }) => states.map((state) => graftInternal(layers, state, settings)),
  noise: (states, { layers, settings, epoch }) =>
    states.map((state, i) =>
      graftNoise(layers, state, {
        threshold: settings.threshold,
        base: settings.noise,
        epoch,
        seed: settings.seed + i,
      }),
    ),
};

/**
 * Grafts the networks of a ring at the end of an epoch, all from what training left of them, and recalibrates their
 * BatchNormalization. What one lacks after an interruption is made again from the same checkpoints.
 */
export async function graftEpoch(work: GraftWork): Promise<void> {
  const { folders, network, step, calibration, executor } = work;
  if (folders.every(isGrafted)) return;
  const saved = folders.map((folder) => latestCheckpoint(folder, { ungrafted: true })!);
  const grafted = sources[work.settings.source](
    saved.map(({ tensors }) => tensors),
    work,
  );
  for (const [i, folder] of folders.entries()) {
    const state = grafted[i]!;
    const fresh = await recalibrate(withState(network, state), { calibration, executor });
    const tensors = { ...state, ...statistics(fresh, work.layers, state) };
    saveGrafted(folder, step, { tensors, progress: saved[i]!.progress });
  }
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
