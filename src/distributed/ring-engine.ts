import { availableParallelism } from 'node:os';
import type { RingEngine, RingNetworks } from '../grafting/engine.ts';
import type { Recipe } from '../training/run-directory.ts';
import type { QueueOptions } from './queue.ts';

/** Where the networks of a ring are trained. */
export interface RingPlace extends Omit<QueueOptions, 'redis'> {
  /** Address of a Redis server with workers. Default: processes on this machine. */
  readonly redis?: string | undefined;
  /** Number of networks that are trained at the same time on this machine. */
  readonly processes: number;
}

/** Opens the engine of a ring: processes on this machine, or the workers of a queue. */
export async function openRingEngine(
  ring: RingNetworks,
  { redis, store, patience, processes }: RingPlace,
  recipe: Recipe,
): Promise<RingEngine> {
  if (redis === undefined) {
    const { localEngine } = await import('../grafting/engine.ts');
    const { processTrainers } = await import('../grafting/processes.ts');
    const atATime = Math.min(processes, ring.members.length);
    const threads = Math.max(1, Math.floor(availableParallelism() / atATime));
    return localEngine(ring, processTrainers({ limit: processes, threads }));
  }
  const { redisEngine } = await import('./redis-engine.ts');
  return redisEngine(ring, { redis, store, patience, recipe });
}
