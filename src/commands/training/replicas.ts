import { openRingEngine } from '../../distributed/ring-engine.ts';
import { type AveragedEpoch, trainReplicas } from '../../grafting/replicas.ts';
import { formatPercent } from '../../numeric/quantities.ts';
import type { Context } from '../command.ts';
import type { Options } from '../flags.ts';
import type { TrainingFlags } from './flags.ts';
import type { Settings } from './recipe.ts';
import type { replicaFlags } from './replica-flags.ts';
import { jobSource, timesText, watchRing } from './ring-watch.ts';
import { type TrainingSession, trainOptions } from './session.ts';

export type ReplicaSettings = Settings<TrainingFlags> & Options<typeof replicaFlags>;

/** Trains replicas of a session's network, in processes or on workers. */
export async function trainAsReplicas(session: TrainingSession, settings: ReplicaSettings, context: Context) {
  const { epochs, redis, store, patience, replicas = 1, averageEvery, replicaMomentum } = settings;
  const watch = watchRing(context, { epochs, networks: replicas });
  try {
    return await trainReplicas({
      training: { ...trainOptions(session, settings, context), run: session.run },
      ...{ replicas, averageEvery, momentum: replicaMomentum, images: await jobSource(settings) },
      openEngine: (ring) =>
        openRingEngine(ring, { redis, store, patience, processes: replicas }, session.run.recipe),
      onStep: watch.step,
      onEpoch(result) {
        watch.done();
        context.note(epochLine(result, epochs));
      },
    });
  } finally {
    watch.done();
  }
}

function epochLine(
  { epoch, loss, trainAccuracy, testAccuracy, times }: AveragedEpoch,
  epochs: number,
): string {
  const test = testAccuracy === undefined ? '' : `  test ${formatPercent(testAccuracy)}`;
  return `epoch ${epoch}/${epochs}  loss ${loss.toFixed(3)}  train ${formatPercent(trainAccuracy)}${test}  ${timesText(times, 'average')}`;
}
