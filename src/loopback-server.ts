import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { EspalierError } from './errors.ts';

/** A web server on 127.0.0.1, which only this machine can access. */
export interface LoopbackServer {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Headers that isolate pages: these get threads, and a clock with a resolution of 5 µs instead of 100. */
export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * Serves on a port of 127.0.0.1; 0 is a free one. Refuses requests for other hosts, whose names pages of other sites could
 * resolve to this address. Throws `io` if the port is in use.
 */
export async function serveOnLoopback(handle: RequestListener, port = 0): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    if (ownHosts(request).includes(request.headers.host ?? '')) return handle(request, response);
    response.writeHead(403, { 'Content-Type': 'text/plain' }).end('not a host name of this server\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(cause, port)));
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The values that the header `Host` may have. */
function ownHosts({ socket }: IncomingMessage): string[] {
  return ['127.0.0.1', 'localhost'].map((name) => `${name}:${socket.localPort}`);
}

function listenError(cause: NodeJS.ErrnoException, port: number): EspalierError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'is used by another program: choose another `port`, or 0 for a free one',
    EACCES: 'is not permitted: choose a `port` above 1023, or 0 for a free one',
  };
  return new EspalierError('io', reasons[cause.code ?? ''] ?? cause.message, {
    where: `port ${port}`,
    cause,
  });
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** The media type of a file, by its extension. */
export const mediaType = (path: string): string => types[extname(path)] ?? 'application/octet-stream';
