import { maskedReference } from '../../src/channels/masked-reference.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { onnxruntime } from '../../src/index.ts';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import type { Executor } from '../../src/runtime/executor.ts';
import type { PruneChoice } from '../../studio/engine/prune/choice.ts';
import { plannedChannels } from '../../studio/engine/prune/job.ts';
import { openSession, type Session } from '../../studio/engine/session.ts';
import type { Control, EngineTools, Progress, Version } from '../../studio/engine/types.ts';
import { normals } from './run-graph.ts';

/** What the studio's engine needs, in Node. */
export const tools: EngineTools = {
  executor: onnxruntime,
  now: () => performance.now(),
  surroundings: { machine: { processor: 'a test', cores: 2 }, versions: {} },
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

/** A network whose chosen channels are multiplied by 0, in its canonical form. */
export async function maskedOriginal(network: Graph, choice: PruneChoice): Promise<Graph> {
  const { session } = await sessionOf(network);
  const source = { version: session.current, images: null, executor: onnxruntime };
  const { prepared, removed } = await plannedChannels(source, choice);
  return maskedReference(session.current.forms.graph, prepared.coupling.found, removed)!;
}

/** Random images for a network. */
export const inputOf = ({ inputs: [input] }: Graph, images: number) =>
  normals(
    input!.shape!.map((dim) => (typeof dim === 'number' ? dim : images)),
    5,
  );

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
