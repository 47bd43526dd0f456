import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { isolation, type LoopbackServer, mediaType, serveOnLoopback } from '../../loopback-server.ts';

/** The contents at a path: bytes, text, or a file that is read on request. */
export type Content = Uint8Array | string | { readonly file: string };

/** A web server on a free port of 127.0.0.1. */
export interface ContentServer extends LoopbackServer {
  /** By path, starting with `/`; other paths are not found. */
  readonly contents: Map<string, Content>;
}

const headers = {
  ...isolation,
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self' blob:",
  'Cache-Control': 'no-store',
};

/** Serves contents to isolated pages. */
export async function serveContents(): Promise<ContentServer> {
  const contents = new Map<string, Content>();
  const server = await serveOnLoopback(({ method, url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://127.0.0.1');
    const content = contents.get(pathname);
    if (method !== 'GET' || content === undefined) response.writeHead(404).end();
    else send(response, pathname, content);
  });
  return { ...server, contents };
}

function send(response: ServerResponse, path: string, content: Content): void {
  response.writeHead(200, { ...headers, 'Content-Type': mediaType(path) });
  if (typeof content === 'string' || content instanceof Uint8Array) response.end(content);
  else
    createReadStream(content.file)
      .on('error', () => response.destroy())
      .pipe(response);
}
