import { availableParallelism } from 'node:os';
import type { RingEngine, RingNetworks } from '../grafting/engine.ts';
import type { Recipe } from '../training/run-directory.ts';
import type { QueueOptions } from './queue.ts';

/** Where the networks of a ring train. */
export interface RingPlace extends Omit<QueueOptions, 'redis'> {
  /** Default: in processes of this machine. */
  readonly redis?: string | undefined;
  /** Networks that train at the same time on this machine. */
  readonly processes: number;
}

/** The engine of a ring: this machine's processes, or whoever listens to a queue. */
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
