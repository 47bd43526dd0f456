import { EspalierError } from 'espalier/core';
import type { Session } from '../engine/session.ts';
import type { EngineTools } from '../engine/types.ts';
import { executor } from './executor.ts';

/** What the engine needs of the worker. */
export const tools: EngineTools = { executor, now: () => performance.now() };

let session: Session | null = null;

/** The session of the open network. Throws `usage` if none is open. */
export function openedSession(): Session {
  if (!session) throw new EspalierError('usage', 'no network is open: drop an .onnx file first');
  return session;
}

/** Replaces the session of the open network. */
export function replaceSession(next: Session | null): void {
  session = next;
}
