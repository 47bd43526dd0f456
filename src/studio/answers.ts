import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { EspalierError } from '../errors.ts';
import { isolation, mediaType } from '../loopback-server.ts';

/** What the server answers. */
export type Answer =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'report'; readonly html: string }
  | { readonly kind: 'json'; readonly status: number; readonly data: unknown }
  /** Server-sent events, until the client disconnects. */
  | { readonly kind: 'events'; readonly send: (response: ServerResponse) => void };

export const success = (data: unknown): Answer => ({ kind: 'json', status: 200, data });

/** An error in the form that commands print with --json. */
export const failure = (status: number, code: string, message: string): Answer => ({
  kind: 'json',
  status,
  data: { error: { code, message } },
});

/** The answer for an error that was thrown. */
export function thrown(error: unknown): Answer {
  if (error instanceof EspalierError) return failure(statuses[error.code] ?? 500, error.code, error.message);
  return failure(500, 'internal', `internal: ${error instanceof Error ? error.message : String(error)}`);
}

const statuses: { readonly [code in EspalierError['code']]?: number } = { usage: 400, 'missing-file': 404 };

/** The page may load, compile and request only its own files. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "connect-src 'self'",
  "img-src 'self' blob: data:",
  "style-src 'self' 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A report is a page without scripts and requests; the sandbox keeps it apart from the page even if its record is hostile. */
const reportPolicy = [
  'sandbox',
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headers = {
  ...isolation,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

type Answered<K extends Answer['kind']> = Extract<Answer, { kind: K }>;

/** How each kind of answer is sent. */
const senders: { readonly [K in Answer['kind']]: (response: ServerResponse, answer: Answered<K>) => void } = {
  file(response, { path }) {
    response.writeHead(200, {
      ...headers,
      'Content-Type': mediaType(path),
      'Content-Security-Policy': pagePolicy,
    });
    createReadStream(path)
      .on('error', () => response.destroy())
      .pipe(response);
  },
  report(response, { html }) {
    const type = mediaType('report.html');
    response
      .writeHead(200, { ...headers, 'Content-Type': type, 'Content-Security-Policy': reportPolicy })
      .end(html);
  },
  json(response, { status, data }) {
    response.writeHead(status, { ...headers, 'Content-Type': 'application/json' }).end(JSON.stringify(data));
  },
  events(response, { send }) {
    response.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream' });
    send(response);
  },
};

export function respond<K extends Answer['kind']>(response: ServerResponse, answer: Answered<K>): void {
  const send = senders[answer.kind as K] as (response: ServerResponse, answer: Answered<K>) => void;
  send(response, answer);
}
