import { foldDefaults } from '../folding/defaults.ts';
import { printableLine } from '../printable.ts';
import type { FoldingName } from '../rewrite/index.ts';
import { defineCommand } from './command.ts';
import { choice, choices, numberIn, openSizeFlag, optional, required, text } from './flags.ts';
import { inputFlags, inputOptions } from './input-flags.ts';
import { loadModel, openModel } from './model.ts';
import { verifyFlag } from './verify-flag.ts';
import { expectOtherFile, writeGiven, writeModel } from './write-model.ts';

/** Descriptions of each rewrite, for one node and for several. */
const rewrites = {
  batchnorm: ['folded', 'normalisation', 'normalisations'],
  'linear-pairs': ['merged', 'linear pair', 'linear pairs'],
  branches: ['merged', 'sum of branches', 'sums of branches'],
  pad: ['folded', 'padding', 'paddings'],
  leftovers: ['removed', 'left-over', 'left-overs'],
} as const satisfies { readonly [N in FoldingName]: readonly string[] };
const names = Object.keys(rewrites) as FoldingName[];

export const foldCommand = defineCommand({
  name: 'fold',
  summary:
    'merge BatchNormalization, padding, consecutive linear layers, parallel branches and redundant nodes into convolutions',
  arguments: [{ name: '<model>', summary: 'an .onnx file or a built-in network' }],
  options: {
    out: required('--out <file>', 'file to write the folded model to', text),
    only: optional(
      '--only <names>',
      `rewrites to apply: some of ${names.join(', ')} (default: all)`,
      choices(names),
    ),
    growth: optional(
      '--growth <r>',
      `merge layers if the result has up to r times their MACs and weights (default: ${foldDefaults.growth})`,
      numberIn(0),
    ),
    elementType: optional(
      '--element-type <type>',
      'convert the network, with its inputs and outputs, to float32 or float16 (default: not converted)',
      choice(['float32', 'float16']),
    ),
    verify: verifyFlag,
    size: openSizeFlag,
    ...inputFlags,
  },
  examples: [
    ['espalier fold model.onnx --out folded.onnx', 'fold and verify'],
    ['espalier fold repvgg-a0 --out deployed.onnx', 'merge each block of RepVGG into one convolution'],
    ['espalier fold model.onnx --only batchnorm,pad --out folded.onnx', 'apply only some rewrites'],
  ],
  async run({ args: [name = ''], options }, context) {
    const { out, verify, elementType, only, growth, size } = options;
    expectOtherFile(name, out);
    const inputs = inputOptions(options);
    const model = elementType ? await openModel(name, inputs) : await loadModel(name, context, inputs);
    const { fold: foldModel } = await import('../folding/fold-here.ts');
    const { graph, ...folded } = await foldModel(model, { only, growth, elementType, verify, size });
    if (folded.unchanged) {
      await writeGiven(model, out);
      context.warn(`${name}: nothing to fold, ${out} is the same file: ${whyUnchanged(folded.refusals)}`);
    } else await writeModel(graph, out);
    const { changed, unchanged, counts, error } = folded;
    const refusals = folded.refusals.map(({ where, reason }) => ({ where, reason }));
    const data = { out, folded: changed, unchanged, counts, refusals, error };
    return { data, text: describe(data) };
  },
});

const whyUnchanged = (refusals: readonly unknown[]): string =>
  refusals.length > 0
    ? 'every candidate was left alone, for the reasons below'
    : 'it has no BatchNormalization, padding, linear pairs, parallel branches or redundant nodes to merge';

interface Result {
  readonly out: string;
  readonly counts: { readonly [N in FoldingName]?: number };
  readonly refusals: readonly { readonly where: string; readonly reason: string }[];
  readonly error: number | null;
  /** Whether the written file is identical to the given one. */
  readonly unchanged: boolean;
}

function describe({ out, counts, refusals, error, unchanged }: Result): string {
  const proof = unchanged
    ? 'the same file'
    : error === null
      ? 'not verified'
      : `verified, relative error ${error.toExponential(1)}`;
  const done = names.flatMap((name) => {
    const count = counts[name];
    const [verb, one, several] = rewrites[name];
    return count ? [`${verb} ${count} ${count === 1 ? one : several}`] : [];
  });
  return [
    `${done.join(', ') || 'folded nothing'} (${proof})`,
    ...refusals.map(({ where, reason }) => printableLine(`left alone  ${where}: ${reason}`)),
    printableLine(`written to ${out}`),
  ].join('\n');
}
