import { compileDefaults as defaults, tuningNames, weightTypes } from '../../compile/defaults.ts';
import { defineCommand } from '../command.ts';
import {
  choice,
  defaulted,
  numberIn,
  openSizeFlag,
  optional,
  required,
  text,
  wholeNumber,
} from '../flags.ts';
import { inputFlags, inputOptions } from '../input-flags.ts';
import { loadModel } from '../model.ts';
import { verifyFlag } from '../verify-flag.ts';

export const compileCommand = defineCommand({
  name: 'compile',
  summary:
    'write a WebAssembly module with kernels that are generated for the network, for any browser and Node',
  arguments: [{ name: '<model>', summary: 'an .onnx file or a built-in network' }],
  options: {
    out: required('--out <dir>', 'folder for the module, its weights and a script that loads them', text),
    size: openSizeFlag,
    ...inputFlags,
    batch: optional(
      '--batch <n>',
      'images per run (default: the batch size that the model fixes, else 1)',
      wholeNumber(),
    ),
    threads: defaulted(
      '--threads <n>',
      'threads that share a run, in Node and in cross-origin isolated pages; elsewhere one thread is used',
      [wholeNumber(), defaults.threads],
    ),
    weights: defaulted(
      '--weights <type>',
      'float16 halves the download; the weights are decoded when they are loaded',
      [choice(weightTypes), defaults.weights],
    ),
    tune: defaulted(
      '--tune <runtime>',
      'choose the tiles of convolutions by timing them in headless Chromium or in Node, once on this machine; none predicts them',
      [choice(tuningNames), defaults.tune],
    ),
    seconds: defaulted('--seconds <s>', 'seconds for timing the steps; 0 skips it', [
      numberIn(0),
      defaults.seconds,
    ]),
    verify: verifyFlag,
  },
  examples: [
    [
      'espalier compile runs/half/model-dense.onnx --out compiled',
      'code of a convolution skips zero stripes',
    ],
    ['espalier compile mobilenetv2 --size 224 --weights float16 --out compiled', 'with a smaller download'],
  ],
  async run({ args: [name = ''], options }, context) {
    const { out, ...settings } = options;
    const { expectCompiledOrEmpty, writeCompiled } = await import('../../compile/folder/write.ts');
    const { compile } = await import('../../compile/compile-here.ts');
    const { compiledOutput } = await import('./result.ts');
    expectCompiledOrEmpty(out);
    const model = await loadModel(name, context, inputOptions(options));
    const compiled = await compile(model, { ...settings, preprocessing: model.zooPreprocessing });
    writeCompiled(compiled, out);
    return compiledOutput(compiled, out);
  },
});
