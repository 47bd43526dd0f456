import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withFileErrors } from '../../src/data/file-system.ts';
import { EspalierError } from '../../src/errors.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('file errors', () => {
  test.skipIf(process.platform !== 'linux')('a full disk is an io error that says so', async () => {
    const work = withFileErrors('cache', () => writeFile('/dev/full', 'x'));
    await expect(work).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('no space left'),
    });
  });

  test('an absent file is a missing-file error with its path', async () => {
    const path = join(temporaryFolder(), 'absent', 'file');
    const work = withFileErrors('cache', () => writeFile(path, 'x'));
    await expect(work).rejects.toMatchObject({ code: 'missing-file', where: path });
  });

  test('refused permission is an io error', async () => {
    const refused = Object.assign(new Error('EACCES'), { code: 'EACCES', syscall: 'open' });
    const work = withFileErrors('cache', () => Promise.reject(refused));
    await expect(work).rejects.toMatchObject({
      code: 'io',
      message: 'cache: permission denied',
      cause: refused,
    });
  });

  test('other errors pass unchanged', async () => {
    const named = new EspalierError('invalid-data', 'odd');
    const bug = new TypeError('bug');
    await expect(withFileErrors('cache', () => Promise.reject(named))).rejects.toBe(named);
    await expect(withFileErrors('cache', () => Promise.reject(bug))).rejects.toBe(bug);
  });
});
