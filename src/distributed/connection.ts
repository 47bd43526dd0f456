import type { Redis } from 'ioredis';
import { EspalierError } from '../errors.ts';
import { loadIoredis } from './packages.ts';

/** The address of a Redis server without its password, for printing. */
export function shownAddress(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return url.replace(/\/\/[^/]*@/, '//');
  }
}

/**
 * Connects to Redis at `redis://[user:password@]host:port/db`, or `rediss://` for TLS, and reconnects after failures. Throws
 * `usage` for an invalid address, `runtime` if the first attempt fails.
 */
export async function connectRedis(url: string): Promise<Redis> {
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url))
    throw new EspalierError(
      'usage',
      `\`redis\`: expected redis://host:port or rediss://, found ${shownAddress(url)}`,
    );
  const { Redis } = await loadIoredis();
  const redis = new Redis(url, {
    lazyConnect: true,
    // Commands wait while the server is unreachable, as BullMQ requires.
    maxRetriesPerRequest: null,
    connectTimeout: 10_000,
    retryStrategy: (attempt: number) => Math.min(200 * attempt, 5000),
  });
  quietCopies(redis);
  let last: unknown = null;
  redis.on('error', (error: unknown) => {
    last = error;
  });
  try {
    await firstAnswer(redis, () => last);
  } catch (cause) {
    redis.disconnect();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EspalierError('runtime', `cannot connect to redis: ${reason}`, {
      where: shownAddress(url),
      cause,
    });
  }
  return redis;
}

/** Adds error listeners to the duplicates that BullMQ makes of the connection: without them ioredis prints each error. */
function quietCopies(redis: Redis): void {
  const duplicate = redis.duplicate.bind(redis);
  redis.duplicate = (...args) => {
    const copy = duplicate(...args);
    copy.on('error', () => {});
    quietCopies(copy);
    return copy;
  };
}

/** Milliseconds to wait for the server at the first connection. */
const PATIENCE = 10_000;

async function firstAnswer(redis: Redis, lastError: () => unknown): Promise<void> {
  void redis.connect().catch(() => {});
  const deadline = Date.now() + PATIENCE;
  while (redis.status !== 'ready') {
    const error = lastError();
    if (error && redis.status !== 'connecting') throw error;
    if (Date.now() > deadline) throw error ?? new Error('no answer in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
