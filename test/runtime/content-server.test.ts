import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { serveContents } from '../../src/runtime/onnxruntime-web/server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function served() {
  const server = await serveContents();
  onTestFinished(() => server.close());
  const file = join(temporaryFolder(), 'secret.wasm');
  writeFileSync(file, 'from a file');
  server.contents
    .set('/page.html', 'page')
    .set('/bytes', Uint8Array.of(1, 2, 3))
    .set('/ort/x.wasm', { file });
  return { server, file };
}

/** The status of a request as it is, its path not normalised. */
const status = (url: string, path: string, headers = {}): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    request({ hostname, port, path, headers }, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });

it('serves text, bytes and files to isolated pages', async () => {
  const { server } = await served();
  const page = await fetch(`${server.url}/page.html?threads=2`);
  expect(await page.text()).toBe('page');
  expect(Object.fromEntries(page.headers)).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  });
  expect(new Uint8Array(await (await fetch(`${server.url}/bytes`)).arrayBuffer())).toEqual(
    Uint8Array.of(1, 2, 3),
  );
  const wasm = await fetch(`${server.url}/ort/x.wasm`);
  expect([wasm.headers.get('content-type'), await wasm.text()]).toEqual(['application/wasm', 'from a file']);
});

it('serves nothing else, to no other name and no other machine', async () => {
  const { server, file } = await served();
  for (const path of ['/', '/ort/', `/..${file}`, `/ort/../..${file}`, file, '/page.html/'])
    expect([path, await status(server.url, path)]).toEqual([path, 404]);
  expect(await status(server.url, '/page.html')).toBe(200);
  expect(await status(server.url, '/page.html', { host: 'elsewhere.example' })).toBe(403);
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect((await fetch(`${server.url}/page.html`, { method: 'POST' })).status).toBe(404);
});
