import { statSync } from 'node:fs';
import { openMeasuring, runtimeNames } from '../../measure/runtimes.ts';
import { formatDuration } from '../../numeric/quantities.ts';
import type { NamedModel } from '../../report/benchmarked-models.ts';
import { disturbance } from '../../report/latency.ts';
import { defineCommand } from '../command.ts';
import { choice, defaulted, openSizeFlag, positive, wholeNumber } from '../flags.ts';
import { inputFlags, readInputFeeds } from '../input-flags.ts';
import { isModelPath, openModel } from '../model.ts';
import { benchText } from './result.ts';

export const bench = defineCommand({
  name: 'bench',
  summary:
    'compare the latency of models in onnxruntime, and of compiled folders, on this machine, in alternating rounds',
  arguments: [
    {
      name: '<models...>',
      summary:
        '.onnx files, built-in networks or folders that compile has written; the others are compared to the first',
    },
  ],
  options: {
    runtime: defaulted(
      '--runtime <name>',
      'onnxruntime in Node (node), or in headless Chromium on WebAssembly (web)',
      [choice(runtimeNames), 'node'],
    ),
    batch: defaulted('--batch <n>', 'images per run', [wholeNumber(), 1]),
    threads: defaulted('--threads <n>', 'threads of the engine', [wholeNumber(), 1]),
    seconds: defaulted('--seconds <s>', 'seconds of measuring', [positive, 5]),
    coldStarts: defaulted(
      '--cold-starts <n>',
      'number of fresh processes (or pages) per model that measure load time, first run and peak memory; 0 for none',
      [wholeNumber(0), 3],
    ),
    size: openSizeFlag,
    ...inputFlags,
  },
  examples: [
    ['espalier bench before.onnx after.onnx', 'compare two models'],
    ['espalier bench resnet20 resnet56 --batch 8 --threads 2', 'compare built-in networks on two threads'],
    ['espalier bench before.onnx after.onnx --runtime web', 'compare them in a browser'],
    [
      'espalier bench dense.onnx compiled --runtime web',
      'compare a file with a compiled network in a browser',
    ],
  ],
  stopsCleanly: true,
  async run({ args, options: typed }, context) {
    const { runtime, coldStarts: starts, seconds, batch, threads, size } = typed;
    const { signal } = context;
    const { fedModels, withCosts } = await import('../../report/benchmarked-models.ts');
    const inputs = await readInputFeeds(typed);
    const options = { batch, threads, size, inputs };
    const models = await Promise.all(args.map(named));
    const fed = fedModels(models, inputs);
    const sources = models.map(({ source }) => source);
    const engine = await openMeasuring[runtime]();
    try {
      context.note(`measuring for ${formatDuration(seconds)} in ${engine.version}`);
      const measured = await engine.benchmark(sources, { ...options, seconds, signal });
      if (starts > 0) context.note('measuring cold starts');
      const cold = starts > 0 ? await engine.coldStarts(sources, { ...options, starts, signal }) : null;
      const result = withCosts(fed, measured, { cold, size: options.size });
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

/** Resolves a model argument: a path is kept, a compiled folder is read, a built-in network becomes bytes. */
async function named(name: string): Promise<NamedModel> {
  if (await isFolder(name)) {
    const { readCompiledFolder } = await import('../../compile/folder/read.ts');
    return { name, source: readCompiledFolder(name) };
  }
  const { given: graph } = await openModel(name);
  if (isModelPath(name)) return { name, graph, source: name };
  const { serializeModel } = await import('../../onnx/index.ts');
  return { name, graph, source: serializeModel(graph) };
}

/**
 * A folder with the name of a network counts only if it contains a compiled network, because the demo creates one that does
 * not.
 */
async function isFolder(name: string): Promise<boolean> {
  if (!statSync(name, { throwIfNoEntry: false })?.isDirectory()) return false;
  const { isCompiledFolder } = await import('../../compile/folder/write.ts');
  const { isModelName } = await import('../../models/index.ts');
  return isCompiledFolder(name) || !isModelName(name);
}
