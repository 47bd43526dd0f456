import { EspalierError } from '../../errors.ts';
import { checkTogether, replicaMomenta } from '../../grafting/defaults.ts';
import { choice, type Options, optional, wholeNumber } from '../flags.ts';
import { queueFlags } from '../queue-flags.ts';

/** Flags of training replicas; recipes record only those that are given. */
export const replicaFlags = {
  replicas: optional(
    '--replicas <n>',
    'train n copies at the same time, each on its own part of the images, in processes or on workers, and average their weights (default: 1)',
    wholeNumber(),
  ),
  averageEvery: optional(
    '--average-every <n>',
    'with --replicas: steps between averages (default: average at the end of each epoch only)',
    wholeNumber(),
  ),
  replicaMomentum: optional(
    '--replica-momentum <name>',
    "with --replicas: what happens to the optimiser's momentum at an average: average (the default), keep or reset",
    choice(replicaMomenta),
  ),
  ...queueFlags,
};

/** Throws `usage` for options that replicas do not support. */
export function checkReplicas({
  replicas = 1,
  redis,
  sparse,
  ...training
}: Pick<Options<typeof replicaFlags>, 'replicas' | 'redis'> &
  Parameters<typeof checkTogether>[0] & { readonly sparse?: unknown }): void {
  if (redis !== undefined && replicas < 2)
    throw new EspalierError(
      'usage',
      '--redis needs --replicas 2 or more: a single network trains on one machine',
    );
  if (sparse !== undefined && replicas > 1)
    throw new EspalierError('usage', '--sparse and --replicas cannot be combined');
  if (replicas > 1) checkTogether(training);
}
