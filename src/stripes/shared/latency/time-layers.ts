import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeFileAtomically } from '../../../files.ts';
import type { Graph } from '../../../graph/graph.ts';
import { withTimer } from '../../../measure/runtimes.ts';
import { rank, type Timer, timedGraph } from '../../../measure/timer.ts';
import { foldBatchNormalization } from '../../../rewrite/index.ts';
import type { RunDirectory } from '../../../training/run-directory.ts';
import { stripeLayers } from '../../layers.ts';
import { measureLatencies } from './measure.ts';
import type { LatencyTable } from './table.ts';

interface TimingOptions {
  /** Number of filters per block. */
  readonly block: number;
  /** Stores the times, so that a resumed run uses the same; null stores nothing. */
  readonly run: RunDirectory | null;
  /** Default: onnxruntime in Node on one thread. */
  readonly timer?: Timer | undefined;
  readonly signal?: AbortSignal | undefined;
  onNote?(line: string): void;
}

/** Times the possible shapes of each layer, like {@link deploy} would; a resumed run uses the times stored at its start. */
export async function timeLayers(network: Graph, options: TimingOptions): Promise<LatencyTable> {
  const { block, run, onNote } = options;
  const file = run && join(run.path, 'latencies.json');
  if (file && existsSync(file)) return readJson(file) as LatencyTable;
  onNote?.('timing each layer at every size that it may get');
  const whole = foldBatchNormalization(network).graph;
  const table = await withTimer(options, (timer) => {
    const time = async (graphs: readonly Graph[]) => {
      const timed = await Promise.all(graphs.map((graph) => timedGraph(graph)));
      return (await rank(timed, timer)).ms;
    };
    return measureLatencies(network, stripeLayers(network).layers, { block, whole, time });
  });
  if (file) writeFileAtomically(file, [JSON.stringify(table)]);
  return table;
}
