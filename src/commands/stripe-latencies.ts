import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readBytes, writeFileAtomically } from '../files.ts';
import type { LatencyTable } from '../stripes/shared/latency/table.ts';
import type { Context } from './command.ts';
import type { TrainingSession } from './training-session.ts';

/** What blocks of a network can come to take, timed here as a run begins; a resumed run goes by what was timed then. */
export async function stripeLatencies(
  { network, run }: TrainingSession,
  block: number,
  context: Context,
): Promise<LatencyTable> {
  const file = join(run.path, 'latencies.json');
  if (existsSync(file)) return JSON.parse(readBytes(file).toString()) as LatencyTable;
  const { benchmark } = await import('../measure/latency.ts');
  const { serializeModel } = await import('../onnx/index.ts');
  const { foldBatchNormalization } = await import('../rewrite/index.ts');
  const { stripeLayers } = await import('../stripes/layers.ts');
  const { measureLatencies } = await import('../stripes/shared/latency/measure.ts');
  context.note('timing what each layer can come to take');
  const table = await measureLatencies(network, stripeLayers(network).layers, {
    block,
    whole: foldBatchNormalization(network).graph,
    async time(graphs) {
      const options = { seconds: SECONDS * graphs.length, signal: context.signal };
      const { models } = await benchmark(graphs.map(serializeModel), options);
      return models.map(({ minMs }) => minMs); // what disturbs only ever adds
    },
  });
  writeFileAtomically(file, [JSON.stringify(table)]);
  return table;
}

/** To time one convolution in. */
const SECONDS = 0.05;
