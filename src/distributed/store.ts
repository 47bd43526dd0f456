import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { EspalierError } from '../errors.ts';
import { readBytes, writeFileAtomically } from '../files.ts';

/** Where machines leave files for one another: each under the SHA-256 of its bytes, which is checked when it is fetched. */
export interface Store {
  /** Puts bytes there, unless they are there already; their key. */
  put(bytes: Uint8Array): Promise<string>;
  /** Throws `missing-file` where nothing lies under the key, `invalid-data` where it is not what was put there. */
  get(key: string): Promise<Uint8Array>;
}

const KEY = /^[0-9a-f]{64}$/;

const keyOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A folder that all machines see. */
export function folderStore(root: string): Store {
  const place = (key: string) => join(root, key.slice(0, 2), key);
  return {
    async put(bytes) {
      const key = keyOf(bytes);
      if (existsSync(place(key))) return key;
      mkdirSync(join(root, key.slice(0, 2)), { recursive: true });
      writeFileAtomically(place(key), [bytes]);
      return key;
    },
    async get(key) {
      checkKey(key);
      if (!existsSync(place(key))) throw missing(key, root);
      return checked(key, readBytes(place(key)), root);
    },
  };
}

/** Seconds that bytes stay in Redis after they were last put there: a day, as results do. */
const LASTS = 24 * 3600;

/** Redis itself, for machines that share no folder; takes files up to 512 MB. */
export function redisStore(redis: Redis, prefix = 'espalier:store:'): Store {
  return {
    async put(bytes) {
      const key = keyOf(bytes);
      const name = prefix + key;
      if (!(await redis.expire(name, LASTS))) await redis.set(name, Buffer.from(bytes), 'EX', LASTS);
      return key;
    },
    async get(key) {
      checkKey(key);
      const bytes = await redis.getBuffer(prefix + key);
      if (!bytes) throw missing(key, 'redis');
      return checked(key, bytes, 'redis');
    },
  };
}

/** A key is the name of a file: nothing but a hash may be one. */
function checkKey(key: string): void {
  if (!KEY.test(key)) throw new EspalierError('invalid-data', `expected a SHA-256 as key, found ${key}`);
}

const missing = (key: string, where: string): EspalierError =>
  new EspalierError('missing-file', `nothing is stored under ${key.slice(0, 12)}…`, { where });

function checked(key: string, bytes: Uint8Array, where: string): Uint8Array {
  if (keyOf(bytes) === key) return bytes;
  throw new EspalierError('invalid-data', `the contents stored under ${key.slice(0, 12)}… were altered`, {
    where,
  });
}
