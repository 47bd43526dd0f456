import { formatMs, formatRatio } from '../report/quantities.ts';
import { textTable } from '../report/text-table.ts';
import { defineCommand } from './command.ts';
import { defaulted, optional, positive, wholeNumber } from './flags.ts';
import { loadModel } from './model.ts';

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
  async run({ args, options: { batch, threads, seconds, size } }, context) {
    const models = await Promise.all(
      args.map(async (path) => ({ path, graph: (await loadModel(path)).graph })),
    );
    const { benchmark } = await import('../measure/index.ts');
    const bar = context.progress('measuring', 100);
    const progress = (part: number) => bar.to(Math.round(100 * part));
    const result = await benchmark(models, { batch, threads, seconds, size, progress });
    bar.done();
    const text = textTable(result.models, [
      { head: 'model', cell: (model) => model.path },
      { head: 'median', cell: (model) => formatMs(model.medianMs), align: 'right' },
      { head: 'min', cell: (model) => formatMs(model.minMs), align: 'right' },
      { head: 'p90', cell: (model) => formatMs(model.p90Ms), align: 'right' },
      { head: 'speed', cell: (model) => formatRatio(model.ratio), align: 'right' },
    ]);
    if (result.warning) context.warn(result.warning);
    return { data: result, text: `${text}\nbatch ${batch}, ${threads} thread${threads === 1 ? '' : 's'}` };
  },
});
