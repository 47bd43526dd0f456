import { formatDuration } from '../../report/quantities.ts';
import { defineCommand } from '../command.ts';
import { choice, defaulted, flagSwitch, optional, positive, required, text, wholeNumber } from '../flags.ts';
import { openTimer, runtimeNames } from '../measuring.ts';
import { loadModel } from '../model.ts';
import { checkQuantizeFlags, quantizeFlags } from './quantize-flags.ts';

export const deploy = defineCommand({
  name: 'deploy',
  summary: 'what is dead is skipped, in the form of each layer that is measured to be quickest',
  arguments: [{ name: '<model>', summary: 'an .onnx file or a name of the zoo' }],
  options: {
    out: required('--out <file>', 'where the quick model goes', text),
    target: defaulted('--target <name>', 'where it will run: onnxruntime in Node, or in a browser', [
      choice(runtimeNames),
      'node',
    ]),
    threads: defaulted('--threads <n>', 'threads of the engine', [wholeNumber(), 1]),
    seconds: defaulted('--seconds <s>', 'time to measure the result in', [positive, 4]),
    ...quantizeFlags,
    size: optional('--size <n>', 'height and width, for a model with a free input size', wholeNumber()),
    cache: flagSwitch('--no-cache', 'measure anew, and keep nothing for the next time'),
  },
  examples: [
    ['espalier deploy runs/half/model-dense.onnx --out fast.onnx', 'for this machine, one thread'],
    ['espalier deploy masked.onnx --target web --threads 2 --out web.onnx', 'for a browser'],
    ['espalier deploy model.onnx --int8 --data cifar10 --out int8.onnx', 'in 8-bit integers'],
  ],
  stopsCleanly: true,
  async run({ args: [name = ''], options, given }, context) {
    checkQuantizeFlags(options, given);
    const { out, target, threads, seconds, size, cache } = options;
    const model = await loadModel(name);
    const { deployNetwork } = await import('../../deploy/deploy.ts');
    const { describeDeployment, hardlyFaster } = await import('./result.ts');
    const { disturbance } = await import('../bench/result.ts');
    const { writeModelFile } = await import('../../onnx/index.ts');
    const { engine } = await import('../engine.ts');
    const began = performance.now();
    const { timer, close } = await openTimer(target, { threads, cache, signal: context.signal });
    try {
      const deployed = await deployNetwork(model.graph, {
        executor: await engine(),
        timer,
        size,
        seconds,
        onLayer: ({ name: layer, best, cached }) =>
          context.note(`${layer}: ${best.form}${cached ? ', measured before' : ''}`),
      });
      const { graph: quick, ...facts } = deployed;
      const { quantizeIfAsked } = await import('./quantize.ts');
      const job = { model, settings: options, seconds, threads };
      const { graph, int8, lines } = await quantizeIfAsked(quick, job, context);
      writeModelFile(graph, out);
      const warning = int8 ? null : hardlyFaster(facts);
      if (warning) context.warn(warning);
      const disturbed = disturbance([{ path: out, ...facts.latency }]);
      if (disturbed) context.warn(disturbed);
      const took = (performance.now() - began) / 1000;
      const data = { out, target, threads, engine: timer.engine, ...facts, int8, seconds: took };
      const text = [describeDeployment(data), ...lines, `written to ${out} in ${formatDuration(took)}`];
      return { data, text: text.join('\n') };
    } finally {
      await close();
    }
  },
});
