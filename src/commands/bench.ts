import type { Benchmark } from '../measure/latency.ts';
import { formatDuration, formatMs, formatRatio } from '../report/quantities.ts';
import { textTable } from '../report/text-table.ts';
import { defineCommand } from './command.ts';
import { defaulted, optional, positive, wholeNumber } from './flags.ts';
import { isModelPath, loadModel } from './model.ts';

export const bench = defineCommand({
  name: 'bench',
  summary: 'latency of models in onnxruntime on this machine, measured in turns',
  arguments: [
    {
      name: '<models...>',
      summary: '.onnx files or names of the zoo; the first is what others are compared to',
    },
  ],
  options: {
    batch: defaulted('--batch <n>', 'images a run', [wholeNumber(), 1]),
    threads: defaulted('--threads <n>', 'threads of the engine', [wholeNumber(), 1]),
    seconds: defaulted('--seconds <s>', 'time to measure', [positive, 5]),
    size: optional('--size <n>', 'height and width, for models with a free input size', wholeNumber()),
  },
  examples: [
    ['espalier bench before.onnx after.onnx', 'how much faster is it?'],
    ['espalier bench resnet20 resnet56 --batch 8 --threads 2', 'networks of the zoo, two threads'],
  ],
  stopsCleanly: true,
  async run({ args, options: { batch, threads, seconds, size } }, context) {
    const models = await Promise.all(args.map(benchmarked));
    const { benchmark } = await import('../measure/latency.ts');
    context.note(`measuring for ${formatDuration(seconds)}`);
    const result = named(
      await benchmark(models, { batch, threads, seconds, size, signal: context.signal }),
      args,
    );
    const text = textTable(result.models, [
      { head: 'model', cell: (model) => model.path },
      { head: 'median', cell: (model) => formatMs(model.medianMs), align: 'right' },
      { head: 'min', cell: (model) => formatMs(model.minMs), align: 'right' },
      { head: 'p90', cell: (model) => formatMs(model.p90Ms), align: 'right' },
      { head: 'speed', cell: (model) => formatRatio(model.ratio), align: 'right' },
      { head: 'spread', cell: (model) => spread(model.ratioSpread), align: 'right' },
    ]);
    for (const { path, warning } of result.models) if (warning) context.warn(`${path}: ${warning}`);
    return { data: result, text: `${text}\n${conditions(result)}` };
  },
});

/** A path as it is, and the bytes of a network of the zoo. */
async function benchmarked(name: string): Promise<string | Uint8Array> {
  if (isModelPath(name)) return name;
  const { graph } = await loadModel(name);
  const { serializeModel } = await import('../onnx/index.ts');
  return serializeModel(graph);
}

const named = (result: Benchmark, names: readonly string[]): Benchmark => ({
  ...result,
  models: result.models.map((model, i) => ({ ...model, path: names[i]! })),
});

const conditions = ({ batch, threads, rounds }: Benchmark): string =>
  `batch ${batch}, ${threads} thread${threads === 1 ? '' : 's'}, ${rounds} rounds`;

const spread = ([low, high]: readonly [number, number]): string => `${low.toFixed(2)}–${high.toFixed(2)}`;
