import type { Preprocessing } from '../data/preprocessing.ts';
import { EspalierError } from '../errors.ts';
import { formatCount, formatDuration, formatPercent } from '../numeric/quantities.ts';
import { printableLine } from '../printable.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import { type Context, countingBar, defineCommand, type Output } from './command.ts';
import { DATA_SUMMARY, dataName, logitsFlag, openData } from './data-flags.ts';
import { choice, defaulted, type Options, optional, required, text, wholeNumber } from './flags.ts';
import { inputFlags, inputOptions } from './input-flags.ts';
import { type LoadedModel, loadModel } from './model.ts';
import { preprocessingFlags } from './preprocessing.ts';

const flags = {
  data: required('--data <name>', DATA_SUMMARY, dataName),
  limit: optional('--limit <n>', 'use a seeded subset of n test images', wholeNumber()),
  seed: defaulted('--seed <n>', 'seed of the subset', [wholeNumber(0), 1]),
  batch: defaulted('--batch <n>', 'images per run', [wholeNumber(), 128]),
  threads: optional('--threads <n>', 'threads of the engine (default: one per core)', wholeNumber()),
  executor: defaulted('--executor <name>', 'onnxruntime, or webassembly (kernels generated for the model)', [
    choice(['onnxruntime', 'webassembly']),
    'onnxruntime',
  ]),
  teacher: optional(
    '--teacher <model>',
    'measure how far the outputs are from those of this model, on images without labels',
    text,
  ),
  ...preprocessingFlags,
  ...logitsFlag,
  ...inputFlags,
};

export const evaluateModel = defineCommand({
  name: 'eval',
  summary: 'measure accuracy and loss of a model on test images',
  arguments: [{ name: '<model>', summary: 'an .onnx file or a built-in network' }],
  options: flags,
  examples: [
    ['espalier eval model.onnx --data cifar10', 'on the 10 000 test images of CIFAR-10'],
    [
      'espalier eval model.onnx --data photos --labels names.txt --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225',
      'on a folder of images by class, with a model that does not contain its preprocessing',
    ],
    [
      'espalier eval small.onnx --teacher original.onnx --data photos',
      'compare the outputs of two networks on any folder of images',
    ],
  ],
  stopsCleanly: true,
  async run({ args: [name = ''], options }, context) {
    const model = await loadModel(name, context, inputOptions(options));
    const { resolvePreprocessing } = await import('../measure/resolve-preprocessing.ts');
    const preprocessing = resolvePreprocessing(model, options);
    if (options.teacher !== undefined)
      return compared(model, { ...options, teacher: options.teacher, preprocessing }, context);
    const { labels, limit, seed, batch, threads, logits, fit, pad } = options;
    const wanted = { labels, testLimit: limit, seed, fit, pad };
    const { test } = await openData(options.data, preprocessing, wanted);
    const { evaluate } = await import('../measure/accuracy.ts');
    const { describeOthers, withOthersFed } = await import('../measure/beside-image.ts');
    const network = withOthersFed(model.graph, { size: preprocessing });
    for (const line of describeOthers(model.graph, network)) context.note(line);
    const started = performance.now();
    const engine = await defaultExecutor();
    const isCompiled = options.executor === 'webassembly';
    const executor = isCompiled ? (await import('../runtime/webassembly/executor.ts')).webassembly : engine;
    const progress = countingBar(context, 'evaluating', 'images');
    const { signal } = context;
    const settings = { executor, preprocessing, batch, threads, logits, progress, signal };
    const evaluated = isCompiled
      ? (await (await import('../rewrite/index.ts')).foldNetwork(network, { executor: engine })).graph
      : model.form.restore(network);
    const result = await evaluate(evaluated, test, settings);
    const { top1, top5, loss, images } = result;
    const seconds = formatDuration((performance.now() - started) / 1000);
    const accuracy = `top-1 ${formatPercent(top1)}  top-5 ${formatPercent(top5)}  loss ${loss.toFixed(4)}`;
    return {
      data: { top1, top5, loss, images },
      text: `${accuracy}  (${formatCount(images)} images in ${seconds})`,
    };
  },
});

type Comparing = Options<typeof flags> & { readonly teacher: string; readonly preprocessing: Preprocessing };

/** Compares the outputs of a model with those of a teacher. */
async function compared(model: LoadedModel, options: Comparing, context: Context): Promise<Output> {
  const { preprocessing, limit: testLimit, seed, batch, threads, fit, pad } = options;
  if (options.executor !== 'onnxruntime')
    throw new EspalierError('usage', `--teacher needs --executor onnxruntime, found ${options.executor}`);
  const { compareNetworks } = await import('../training/tasks/distillation/compare-networks.ts');
  const teacher = await loadModel(options.teacher, context);
  const settings = { testLimit, seed, fit, pad, nested: true, purpose: 'evaluate' } as const;
  const { test } = await openData(options.data, preprocessing, settings);
  const result = await compareNetworks(model.graph, teacher.graph, {
    ...{ source: test, preprocessing, batch, threads, executor: await defaultExecutor() },
    signal: context.signal,
    progress: countingBar(context, 'evaluating', 'images'),
  });
  const lines = Object.entries(result.errors).map(([name, error]) => {
    const part = result.agreements[name];
    const same = part === undefined ? '' : `, the same class ${formatPercent(part)}`;
    return printableLine(`${name}: error ${formatPercent(error)}${same}`);
  });
  const images = `${formatCount(test.count)} images beside ${options.teacher}`;
  return { data: { ...result, images: test.count }, text: [...lines, printableLine(images)].join('\n') };
}
