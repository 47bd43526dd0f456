import { EspalierError } from '../errors.ts';

/** Loads BullMQ, an optional dependency. Throws `unsupported`, naming the command that installs it. */
export const loadBullmq = (): Promise<typeof import('bullmq')> => import('bullmq').catch(missing);

/** Like {@link loadBullmq}, for the Redis client ioredis. */
export const loadIoredis = () => import('ioredis').catch(missing);

function missing(cause: unknown): never {
  throw new EspalierError(
    'unsupported',
    'worker and `redis` require two packages: run `npm install bullmq ioredis`',
    {
      cause,
    },
  );
}
