import { latestCheckpoint } from '../training/checkpoint.ts';
import type { Progress } from '../training/session.ts';
import type { RingEngine, RingNetworks, TrainingWatch } from './engine.ts';
import { informationOf, type LayerInformation } from './information.ts';

/** What the weights of one network of a ring tell at the end of an epoch, before they are grafted. */
export interface MemberInformation {
  readonly layers: readonly LayerInformation[];
}

export interface RingOptions extends TrainingWatch {
  readonly ring: RingNetworks;
  readonly engine: RingEngine;
  readonly epochs: number;
  /** Told of each epoch once all networks are through it, that at which an interrupted run stood included. */
  onEpoch?(epoch: number, members: readonly MemberInformation[]): void;
}

/**
 * Trains networks side by side and grafts each with the one before it at the end of every epoch but the last (Meng et al.,
 * Filter Grafting, CVPR 2020, arXiv:2001.05868, section 3.2). All that it knows lies in the folders of the runs, so that it
 * goes on wherever it was interrupted.
 */
export async function trainRing(options: RingOptions): Promise<void> {
  const { ring, engine, epochs, onEpoch } = options;
  const { members, layers, settings } = ring;
  const first = Math.max(1, Math.min(...members.map(({ folder }) => epochsDone(folder))));
  for (let epoch = first; epoch <= epochs; epoch++) {
    const behind = members.flatMap(({ folder }, i) => (epochsDone(folder) < epoch ? [i] : []));
    await engine.epoch({ epoch, behind, grafts: epoch < epochs }, options);
    onEpoch?.(
      epoch,
      members.map(({ folder }) => {
        const { tensors } = latestCheckpoint(folder, { ungrafted: true })!;
        return { layers: informationOf(layers, tensors, settings.threshold) };
      }),
    );
  }
}

/** Finished epochs of a run. */
const epochsDone = (folder: string): number => latestCheckpoint<Progress>(folder)?.progress.epoch ?? 0;
