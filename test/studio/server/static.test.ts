import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStudio } from '../../../src/studio/open-studio.ts';
import { openedStudio, pageFolder } from '../../support/studio.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('the files of the page', () => {
  it('are served on 127.0.0.1 to isolated pages that request nothing else', async () => {
    const { url, ask } = await openedStudio();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const page = await ask('/');
    expect([page.status, page.text]).toEqual([200, '<!doctype html><title>Studio</title>']);
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    });
    const policy = String(page.headers['content-security-policy']);
    expect(policy).not.toMatch(/https?:|\*|'unsafe-eval'|script-src[^;]*'unsafe-inline'/);
    // The page has the same policy where it is served as plain files; only a header can forbid frames.
    const source = readFileSync(new URL('../../../studio/index.html', import.meta.url), 'utf8');
    const [, own] = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(source)!;
    expect(policy).toBe(`${own}; frame-ancestors 'none'`);
  });

  it.each([
    ['/assets/ort.wasm', 'application/wasm'],
    ['/assets/ort.mjs', 'text/javascript; charset=utf-8'],
    ['/assets/ort.wasm?v=1', 'application/wasm'],
  ])('have the type of their extension: %s', async (path, type) => {
    const { ask } = await openedStudio();
    const { status, headers } = await ask(path);
    expect([status, headers['content-type']]).toEqual([200, type]);
  });

  it('are all that can be read', async () => {
    const secret = join(temporaryFolder(), 'secret');
    writeFileSync(secret, 'secret');
    const { ask } = await openedStudio();
    const up = '../'.repeat(12);
    for (const path of [
      ...[`/${up}${secret}`, `/assets/${up}${secret}`, `/assets/%2e%2e/%2e%2e${secret}`, secret],
      ...[`/..%2f..%2f${secret}`, `/assets\\..\\..${secret}`, '/assets', '/assets/', '//', '/none', '/%00'],
      ...['/__proto__', '/constructor', '/api/run', '/api/start', '/reports/report.html'],
    ]) {
      const { status, text } = await ask(path);
      expect([path, status < 400, text.includes('secret"')]).toEqual([path, false, false]);
    }
    expect((await ask('/%')).status).toBe(400);
    expect(JSON.parse((await ask('/api/runs')).text)).toEqual({ folder: null, runs: [] });
  });

  it('are refused to other host names and other methods', async () => {
    const { url, ask } = await openedStudio();
    const { port } = new URL(url);
    const statusFor = async (host: string) => (await ask('/', { headers: { host } })).status;
    expect(await statusFor(`localhost:${port}`)).toBe(200);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1',
      `127.0.0.1.evil.example:${port}`,
    ])
      expect([host, await statusFor(host)]).toEqual([host, 403]);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect([method, (await ask('/', { method })).status]).toEqual([method, 405]);
    expect((await ask('/', { method: 'HEAD' })).status).toBe(200);
  });
});

describe('opening the studio', () => {
  const open = (options: object) =>
    openStudio({
      ...{ port: 0, page: pageFolder(), commandLine: ['false'], signal: AbortSignal.abort() },
      ...options,
    });

  it('names a port that is in use, and the way out', async () => {
    const { url } = await openedStudio();
    const port = Number(new URL(url).port);
    await expect(open({ port })).rejects.toThrow(
      `port ${port}: is used by another program: choose another \`port\`, or 0 for a free one`,
    );
  });

  it('says how to build a page that is missing', async () => {
    const page = temporaryFolder();
    await expect(open({ page })).rejects.toThrow(
      `${page}: contains no page: build it with npm run build:studio`,
    );
  });

  it('names a folder that is missing, or a file', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    for (const folder of ['/none', file])
      await expect(open({ folder })).rejects.toThrow(`${folder}: no such folder`);
    const made = join(temporaryFolder(), 'runs');
    mkdirSync(made);
    expect((await open({ folder: made })).token).toMatch(/^[0-9a-f]{32}$/);
    expect((await open({})).token).toBeNull();
  });
});
