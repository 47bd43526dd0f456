import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeFileAtomically } from '../../files.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Timer } from '../../measure/timer.ts';
import type { LatencyTable } from '../../stripes/shared/latency/table.ts';
import type { Context } from '../command.ts';
import { openTimer } from '../measuring.ts';
import type { TrainingSession } from '../training/session.ts';

/**
 * What blocks of a network can come to take, timed here as a run begins, as deploy times and remembers it; a resumed run
 * goes by what was timed then.
 */
export async function stripeLatencies(
  { network, run }: TrainingSession,
  block: number,
  context: Context,
): Promise<LatencyTable> {
  const file = join(run.path, 'latencies.json');
  if (existsSync(file)) return readJson(file) as LatencyTable;
  const { foldBatchNormalization } = await import('../../rewrite/index.ts');
  const { stripeLayers } = await import('../../stripes/layers.ts');
  const { measureLatencies } = await import('../../stripes/shared/latency/measure.ts');
  context.note('timing what each layer can come to take');
  const { timer, close } = await openTimer('node', { threads: 1, signal: context.signal });
  try {
    const whole = foldBatchNormalization(network).graph;
    const time = (graphs: readonly Graph[]) => timeGraphs(graphs, timer);
    const table = await measureLatencies(network, stripeLayers(network).layers, { block, whole, time });
    writeFileAtomically(file, [JSON.stringify(table)]);
    return table;
  } finally {
    await close();
  }
}

async function timeGraphs(graphs: readonly Graph[], timer: Timer): Promise<readonly number[]> {
  const { rank, timedGraph } = await import('../../measure/timer.ts');
  return (
    await rank(
      graphs.map((graph) => timedGraph(graph)),
      timer,
    )
  ).ms;
}
