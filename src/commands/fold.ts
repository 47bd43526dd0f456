import type { Graph } from '../graph/graph.ts';
import type { ImageSize } from '../measure/image-size.ts';
import { printableLine } from '../printable.ts';
import type { FoldingName } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import { defineCommand } from './command.ts';
import { choice, choices, numberIn, openSizeFlag, optional, required, text } from './flags.ts';
import { inputFlags, inputOptions } from './input-flags.ts';
import { type LoadedModel, loadModel, openModel } from './model.ts';
import { verifyFlag } from './verify-flag.ts';
import { expectOtherFile, writeGiven, writeModel } from './write-model.ts';

/** Each rewrite with what it does to one node, and to several. */
const rewrites = {
  batchnorm: ['folded', 'normalisation', 'normalisations'],
  'linear-pairs': ['merged', 'linear pair', 'linear pairs'],
  branches: ['merged', 'sum of branches', 'sums of branches'],
  pad: ['folded', 'padding', 'paddings'],
  leftovers: ['removed', 'left-over', 'left-overs'],
} as const satisfies { readonly [N in FoldingName]: readonly string[] };
const names = Object.keys(rewrites) as FoldingName[];

export const fold = defineCommand({
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
      'merge layers if the result has up to r times their MACs and weights (default: 1)',
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
    if (model.obstacle) throw model.obstacle;
    const { foldNetwork } = await import('../rewrite/index.ts');
    const executor = await defaultExecutor();
    const folded = await foldNetwork(model.graph, { executor, only, growth });
    const { withElementType } = await import('../rewrite/index.ts');
    const written = elementType
      ? withElementType(folded.graph, elementType)
      : model.form.restore(folded.graph);
    const isUnchanged =
      folded.changed === 0 && !elementType && folded.graph.nodes.length === model.given.nodes.length;
    const verified = verify && !isUnchanged ? await verifiedAgainst(model, written, size) : null;
    if (verified && !elementType)
      await expectSmaller([model.given, model.form.restore(folded.withConstants)], written, growth);
    if (isUnchanged) await writeGiven(model, out);
    else await writeModel(written, out);
    if (isUnchanged)
      context.warn(`${name}: nothing to fold, ${out} is the same file: ${whyUnchanged(folded.refusals)}`);
    const { changed, counts, refusals } = folded;
    const data = {
      out,
      folded: changed,
      unchanged: isUnchanged,
      counts,
      refusals,
      error: verified?.error ?? null,
    };
    return { data, text: describe(data) };
  },
});

/** Against the file that was given, or its float32 form where nothing runs the file; inputs and outputs are cast to its types. */
async function verifiedAgainst(
  { given, graph, form }: LoadedModel,
  written: Graph,
  size: ImageSize | undefined,
) {
  const { signatureOf, toleranceOf, verifyEquivalent, withSignature } = await import('../rewrite/index.ts');
  const before = form.elementType === 'bfloat16' ? graph : given;
  const isHalf = [given, written].some(({ inputs }) => inputs.some(({ dtype }) => dtype === 'float16'));
  const tolerance = toleranceOf(isHalf || form.elementType === 'float16' ? 'float16' : 'float32');
  const after = withSignature(written, signatureOf(before));
  const { extents } = await import('../measure/image-size.ts');
  const at = size === undefined ? {} : { size: extents(size) };
  return verifyEquivalent(before, after, { executor: await defaultExecutor(), tolerance, ...at });
}

async function expectSmaller(before: readonly Graph[], after: Graph, growth = 1): Promise<void> {
  const { expectNoGrowth } = await import('../measure/growth.ts');
  expectNoGrowth({ before, after, rewrite: 'folding', growth: Math.max(1, growth) });
}

const whyUnchanged = (refusals: readonly unknown[]): string =>
  refusals.length > 0
    ? 'what could be folded is left alone, as said below'
    : 'it has no BatchNormalization, padding, linear pairs, parallel branches or left-overs that a layer could take in';

interface Result {
  readonly out: string;
  readonly counts: { readonly [N in FoldingName]?: number };
  readonly refusals: readonly { readonly where: string; readonly reason: string }[];
  readonly error: number | null;
  /** Whether the file is the one that was given. */
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
