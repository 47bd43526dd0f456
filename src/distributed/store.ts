import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { EspalierError } from '../errors.ts';
import { readBytes, writeFileAtomically } from '../files.ts';

/** A content-addressed store that machines share: keys are the SHA-256 of the bytes, which is verified on reading. */
export interface Store {
  /** Stores bytes, unless they are already stored; returns their key. */
  put(bytes: Uint8Array): Promise<string>;
  /** Reads bytes. Throws `missing-file` if the key is unknown, `invalid-data` if the contents do not match the key. */
  get(key: string): Promise<Uint8Array>;
}

const KEY = /^[0-9a-f]{64}$/;

const keyOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A store in a folder that all machines can access. */
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
      return expectUnaltered(key, readBytes(place(key)), root);
    },
  };
}

/** Seconds for which bytes stay in Redis after they were last stored: a day, like results. */
const LASTS = 24 * 3600;

/** A store in Redis, for machines without a shared folder; files may have up to 512 MB. */
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
      return expectUnaltered(key, bytes, 'redis');
    },
  };
}

/** Rejects keys that are not hashes, since a key becomes a file name. */
function checkKey(key: string): void {
  if (!KEY.test(key)) throw new EspalierError('invalid-data', `expected a SHA-256 as key, found ${key}`);
}

const missing = (key: string, where: string): EspalierError =>
  new EspalierError('missing-file', `nothing is stored under ${key.slice(0, 12)}…`, { where });

function expectUnaltered(key: string, bytes: Uint8Array, where: string): Uint8Array {
  if (keyOf(bytes) === key) return bytes;
  throw new EspalierError('invalid-data', `the contents stored under ${key.slice(0, 12)}… were altered`, {
    where,
  });
}
