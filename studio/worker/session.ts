import { EspalierError } from 'espalier/core';
import type { SessionImages } from '../engine/images/images.ts';
import type { Session } from '../engine/session.ts';
import type { EngineTools } from '../engine/types.ts';
import { engineVersion, executor } from './executor.ts';

/** What the engine needs of the worker. */
export const tools: EngineTools = {
  executor,
  now: () => performance.now(),
  surroundings: {
    machine: { processor: navigator.userAgent, cores: navigator.hardwareConcurrency },
    versions: { 'onnxruntime-web': engineVersion },
  },
};

let session: Session | null = null;
let images: SessionImages | null = null;

/** The session of the open network. Throws `usage` if none is open. */
export function openedSession(): Session {
  if (!session) throw new EspalierError('usage', 'no network is open: drop an .onnx file first');
  return session;
}

/** Replaces the session of the open network, without images. */
export function replaceSession(next: Session | null): void {
  session = next;
  images = null;
}

/** The images that were dropped for the open network; null if there are none. */
export const sessionImages = (): SessionImages | null => images;

/** The images that were dropped for the open network. Throws `usage` if there are none. */
export function droppedImages(): SessionImages {
  if (!images) throw new EspalierError('usage', 'expected images: drop some first');
  return images;
}

/** Replaces the images of the open network. */
export function replaceImages(next: SessionImages | null): void {
  images = next;
}
