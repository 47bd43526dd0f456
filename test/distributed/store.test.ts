import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shownAddress } from '../../src/distributed/connection.ts';
import { folderStore } from '../../src/distributed/store.ts';
import { checkedTask } from '../../src/distributed/tasks.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const bytes = Uint8Array.of(1, 2, 3);
/** SHA-256 of 01 02 03, from the command line. */
const KEY = '039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81';

describe('the store', () => {
  it('gives back what was put there, under its hash, once', async () => {
    const folder = temporaryFolder();
    const store = folderStore(folder);
    expect(await store.put(bytes)).toBe(KEY);
    expect(await store.put(bytes)).toBe(KEY);
    expect(readdirSync(join(folder, '03'))).toEqual([KEY]);
    expect(Uint8Array.from(await store.get(KEY))).toEqual(bytes);
  });

  it('tells what is missing from what was altered, and takes no path for a key', async () => {
    const folder = temporaryFolder();
    const store = folderStore(folder);
    await expect(store.get(KEY)).rejects.toThrow('nothing is stored under 039058c6f2c0…');
    await store.put(bytes);
    writeFileSync(join(folder, '03', KEY), Uint8Array.of(1, 2, 4));
    await expect(store.get(KEY)).rejects.toThrow('the contents stored under 039058c6f2c0… were altered');
    await expect(store.get('../../etc/passwd')).rejects.toThrow(
      'expected a SHA-256 as key, found ../../etc/passwd',
    );
  });
});

describe('tasks', () => {
  it.each<[string, unknown, string]>([
    ['nothing', null, 'not an espalier task'],
    ['another kind', { kind: 'run', code: 'rm -rf /' }, 'not an espalier task: kind'],
    [
      'a run that is a path',
      { kind: 'train', run: '../../home', network: 0 },
      'not an espalier task: run: expected letters, digits and dashes',
    ],
  ])('that are %s are refused', (_name, data, message) => {
    expect(() => checkedTask(data)).toThrow(message);
  });
});

it('addresses are shown without their password', () => {
  expect(shownAddress('rediss://user:secret@queue.example.org:6380/2')).toBe(
    'rediss://queue.example.org:6380/2',
  );
});
