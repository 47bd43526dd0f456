import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import * as v from 'valibot';
import { type Answer, failure } from './answers.ts';

/** Why a request that changes something is refused; null if it may. */
export function refusalOf({ headers }: IncomingMessage, token: string): Answer | null {
  const { origin, host, authorization = '' } = headers;
  const site = headers['sec-fetch-site'] ?? 'same-origin';
  if (origin !== `http://${host}` || site !== 'same-origin')
    return failure(403, 'origin', 'only the page of this server can start and stop runs');
  if (!isSame(authorization, `Bearer ${token}`))
    return failure(401, 'token', 'expected the token that espalier studio has printed');
  if (!/^application\/json\b/.test(headers['content-type'] ?? ''))
    return failure(415, 'usage', 'expected a body of type application/json');
  return null;
}

/** Compares texts in a time that does not depend on where they differ. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The longest body, in bytes. */
const LONGEST = 65_536;

/** The body of a request, or why it is refused: too long, not JSON, or not of the schema. */
export async function readBody<T>(
  request: IncomingMessage,
  schema: v.GenericSchema<unknown, T>,
): Promise<{ readonly body: T } | { readonly refused: Answer }> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= LONGEST) chunks.push(chunk);
  }
  if (length > LONGEST)
    return { refused: failure(413, 'usage', `expected a body of at most ${LONGEST} bytes`) };
  const parsed = v.safeParse(schema, parsedJson(Buffer.concat(chunks).toString()));
  if (parsed.success) return { body: parsed.output };
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue);
  return { refused: failure(400, 'usage', path ? `${path}: ${issue.message}` : issue.message) };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
