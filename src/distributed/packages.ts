import { EspalierError } from '../errors.ts';

/** Loads BullMQ, which only work on other machines needs; throws `unsupported`, naming the command that installs it. */
export const loadBullmq = (): Promise<typeof import('bullmq')> => import('bullmq').catch(missing);

/** {@link loadBullmq} for the client of Redis. */
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
