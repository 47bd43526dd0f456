import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Asked, openedStudio, recordedRun } from '../../support/studio.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** A studio with a run, and requests that may start and stop runs. */
async function opened() {
  const folder = temporaryFolder();
  recordedRun(join(folder, 'begun'), 2);
  const { ask, token, url } = await openedStudio({ folder });
  const headers = {
    origin: url,
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'sec-fetch-site': 'same-origin',
  };
  const post = async (path: string, data: unknown, changes: Asked = {}) => {
    const body = typeof data === 'string' ? data : JSON.stringify(data);
    const sent = Object.entries({ ...headers, ...changes.headers }).filter(([, value]) => value !== '');
    const told = await ask(path, { method: 'POST', body, ...changes, headers: Object.fromEntries(sent) });
    return {
      status: told.status,
      ...(JSON.parse(told.text) as { error?: { code: string; message: string } }),
    };
  };
  return { folder, post, token, url, ask };
}

const start = { recipe: 'swp-resnet56-cifar10-small', folder: 'new', set: [] };
const writing = ['/api/start', '/api/resume', '/api/stop'];

describe('starting and stopping runs', () => {
  it.each(writing)('needs the token: %s', async (path) => {
    const { post, token } = await opened();
    for (const authorization of ['', 'Bearer ', `Bearer ${token.slice(1)}`, token, `Bearer ${token}0`]) {
      const { status, error } = await post(path, start, { headers: { authorization } });
      expect([authorization, status, error?.code]).toEqual([authorization, 401, 'token']);
    }
  });

  it.each(writing)('is only for the page itself: %s', async (path) => {
    const { post, url } = await opened();
    const { port } = new URL(url);
    for (const [name, value] of [
      ['origin', ''],
      ['origin', 'null'],
      ['origin', 'http://evil.example'],
      ['origin', `http://127.0.0.1:${Number(port) + 1}`],
      ['origin', `https://127.0.0.1:${port}`],
      ['sec-fetch-site', 'cross-site'],
      ['sec-fetch-site', 'same-site'],
      ['sec-fetch-site', 'none'],
    ] as const) {
      const { status, error } = await post(path, start, { headers: { [name]: value } });
      expect([value, status, error?.code]).toEqual([value, 403, 'origin']);
    }
  });

  it('is no form, and no other method', async () => {
    const { post, ask } = await opened();
    for (const type of ['', 'text/plain', 'application/x-www-form-urlencoded'])
      expect((await post('/api/start', start, { headers: { 'content-type': type } })).status).toBe(415);
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE'])
      expect([method, (await ask('/api/start', { method })).status]).toEqual([method, 405]);
    expect((await post('/api/runs', {})).status).toBe(405);
  });

  it.each([
    ['{', 'Invalid type: Expected Object but received undefined'],
    ['null', 'Invalid type: Expected Object but received null'],
    [{ ...start, set: 'epochs=1' }, 'set: Invalid type: Expected Array'],
    [{ ...start, set: [1] }, 'set.0: '],
    [{ ...start, run: 'sh' }, 'run: '],
    [{ ...start, folder: '../elsewhere' }, 'folder: expected a name of letters'],
    [{ ...start, folder: '.hidden' }, 'folder: expected a name of letters'],
    [{ ...start, folder: 'a/b' }, 'folder: expected a name of letters'],
    [{ ...start, folder: 'begun' }, 'begun: exists already: choose another folder'],
    [{ ...start, recipe: '/tmp/mine.json' }, '/tmp/mine.json: is not a recipe that comes with espalier'],
    [{ ...start, set: ['epochs'] }, '--set: expected option=value'],
    [{ ...start, set: ['nothing=1'] }, 'expected an option of some step'],
    [{ ...start, set: ['epochs=-1'] }, '--epochs: expected a whole number'],
    [{ ...start, set: ['train.out=/tmp'] }, 'cannot use --out'],
    [
      { ...start, recipe: 'hrank-resnet56-small', set: ['prune.sensitivity=/tmp'] },
      'prune: workers do not accept the option sensitivity',
    ],
    [
      { ...start, set: ['train.replicas=2', 'train.redis=redis://evil.example'] },
      'train: workers do not accept the option redis',
    ],
  ])('refuses %j', async (body, message) => {
    const { post, folder } = await opened();
    const { status, error } = await post('/api/start', body);
    expect([status, error?.code]).toEqual([400, 'usage']);
    expect(error?.message).toContain(message);
    expect(existsSync(join(folder, 'new'))).toBe(false);
  });

  it('refuses a body that is too long', async () => {
    const { post } = await opened();
    expect((await post('/api/start', { ...start, recipe: 'a'.repeat(70_000) })).status).toBe(413);
  });

  it('stops only what it has started, and names runs that do not exist', async () => {
    const { post } = await opened();
    expect(await post('/api/stop', { id: 'begun' })).toMatchObject({
      status: 400,
      error: { message: 'begun: was not started here: stop it with Ctrl-C in its terminal' },
    });
    for (const path of ['/api/stop', '/api/resume'])
      expect((await post(path, { id: '../begun' })).status).toBe(404);
  });
});
