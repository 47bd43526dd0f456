import { formatDuration } from '../../report/quantities.ts';
import { defineCommand } from '../command.ts';
import { choice, defaulted, openSizeFlag, positive, wholeNumber } from '../flags.ts';
import { openMeasuring, runtimeNames } from '../measuring.ts';
import { isModelPath, openModel } from '../model.ts';
import { benchText, disturbance, type NamedModel, withCosts } from './result.ts';

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
    runtime: defaulted(
      '--runtime <name>',
      'onnxruntime in Node or in a browser: headless Chromium, WebAssembly',
      [choice(runtimeNames), 'node'],
    ),
    batch: defaulted('--batch <n>', 'images a run', [wholeNumber(), 1]),
    threads: defaulted('--threads <n>', 'threads of the engine', [wholeNumber(), 1]),
    seconds: defaulted('--seconds <s>', 'time to measure', [positive, 5]),
    coldStarts: defaulted(
      '--cold-starts <n>',
      'fresh processes (or pages) a model, for load time, first run and peak memory; 0 leaves them out',
      [wholeNumber(0), 3],
    ),
    size: openSizeFlag,
  },
  examples: [
    ['espalier bench before.onnx after.onnx', 'how much faster is it?'],
    ['espalier bench resnet20 resnet56 --batch 8 --threads 2', 'networks of the zoo, two threads'],
    ['espalier bench before.onnx after.onnx --runtime web', 'and in a browser?'],
  ],
  stopsCleanly: true,
  async run({ args, options: { runtime, coldStarts: starts, seconds, ...options } }, context) {
    const { signal } = context;
    const models = await Promise.all(args.map(named));
    const sources = models.map(({ source }) => source);
    const engine = await openMeasuring[runtime]();
    try {
      context.note(`measuring for ${formatDuration(seconds)} in ${engine.version}`);
      const measured = await engine.benchmark(sources, { ...options, seconds, signal });
      if (starts > 0) context.note('starting each model afresh');
      const cold = starts > 0 ? await engine.coldStarts(sources, { ...options, starts, signal }) : null;
      const result = await withCosts(models, measured, { cold, size: options.size });
      const data = { ...result, runtime, engine: engine.version };
      for (const { path, warning } of data.models) if (warning) context.warn(`${path}: ${warning}`);
      const disturbed = disturbance(data.models);
      if (disturbed) context.warn(disturbed);
      return { data, text: benchText(data) };
    } finally {
      await engine.close();
    }
  },
});

/** A path as it is, and the bytes of a network of the zoo. */
async function named(name: string): Promise<NamedModel> {
  const { given: graph } = await openModel(name);
  if (isModelPath(name)) return { name, graph, source: name };
  const { serializeModel } = await import('../../onnx/index.ts');
  return { name, graph, source: serializeModel(graph) };
}
