import { createReadStream } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The contents at a path: bytes, text, or a file that is read on request. */
export type Content = Uint8Array | string | { readonly file: string };

/** A web server on a free port of 127.0.0.1, which only this machine can access. */
export interface ContentServer {
  readonly url: string;
  /** By path, starting with `/`; other paths are not found. */
  readonly contents: Map<string, Content>;
  close(): Promise<void>;
}

/** Headers that isolate pages: these get threads, and a clock with a resolution of 5 µs instead of 100. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self' blob:",
};

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript',
  mjs: 'text/javascript',
  wasm: 'application/wasm',
};

/** Serves contents to isolated pages. */
export async function serveContents(): Promise<ContentServer> {
  const contents = new Map<string, Content>();
  const server = createServer(({ method, url = '/', headers }, response) => {
    const { pathname } = new URL(url, 'http://127.0.0.1');
    const content = contents.get(pathname);
    // Rejects requests from pages of other sites, whose names could resolve to this address.
    const own = headers.host === `127.0.0.1:${(server.address() as AddressInfo).port}`;
    if (method !== 'GET' || !own || content === undefined) response.writeHead(404).end();
    else send(response, pathname, content);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    contents,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, path: string, content: Content): void {
  const extension = /\.(\w+)$/.exec(path)?.[1] ?? '';
  response.writeHead(200, {
    ...isolation,
    'Content-Type': types[extension] ?? 'application/octet-stream',
    'Cache-Control': 'no-store',
  });
  if (typeof content === 'string' || content instanceof Uint8Array) response.end(content);
  else
    createReadStream(content.file)
      .on('error', () => response.destroy())
      .pipe(response);
}
