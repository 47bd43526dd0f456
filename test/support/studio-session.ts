import type { Graph } from '../../src/graph/graph.ts';
import { onnxruntime } from '../../src/index.ts';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import type { Executor } from '../../src/runtime/executor.ts';
import { openSession, type Session } from '../../studio/engine/session.ts';
import type { Control, EngineTools, Progress, Version } from '../../studio/engine/types.ts';

/** What the studio's engine needs, in Node. */
export const tools: EngineTools = {
  executor: onnxruntime,
  now: () => performance.now(),
  machine: { machine: { processor: 'a test', cores: 2 }, versions: {} },
};

/** A session of a dropped network, and the bytes that were dropped. */
export async function sessionOf(
  network: Graph,
  executor: Executor = onnxruntime,
): Promise<{ readonly session: Session; readonly bytes: Uint8Array }> {
  const bytes = serializeModel(network);
  const files = [{ name: `${network.name}.onnx`, bytes }];
  return { session: await openSession(files, { ...tools, executor }), bytes };
}

/** The network in the file that is downloaded for a version. */
export const downloaded = (version: Version): Graph => parseModel(version.bytes());

/** Follows an operation, and cancels it at the first phase of a label, if one is given. */
export function followed(cancelAt?: string): Control & { readonly seen: Progress[] } {
  const controller = new AbortController();
  const seen: Progress[] = [];
  return {
    seen,
    signal: controller.signal,
    progress(progress) {
      seen.push(progress);
      if (progress.label === cancelAt) controller.abort();
    },
  };
}
