import type { Graph } from '../graph/graph.ts';
import type { ImageSize } from '../measure/image-size.ts';
import type { ModelLatency } from '../measure/latency.ts';
import { printableLine } from '../printable.ts';
import { latencyChange, latencyMeasures, speedOf, speedText } from '../report/latency.ts';
import { formatCount, formatMacs, formatPercent } from '../report/quantities.ts';
import { textTable } from '../report/text-table.ts';
import type { ResidualRemoval } from '../residual/remove-residuals.ts';
import { type Context, defineCommand } from './command.ts';
import {
  choice,
  defaulted,
  flagSwitch,
  missingFlag,
  openSizeFlag,
  optional,
  positive,
  text,
} from './flags.ts';
import { inputFlags, inputOptions } from './input-flags.ts';
import { type LoadedModel, loadModel } from './model.ts';
import { verifyFlag } from './verify-flag.ts';
import { expectOtherFile, writeGiven, writeModel } from './write-model.ts';

export const rmnet = defineCommand({
  name: 'rmnet',
  summary:
    'remove residual connections: write an equivalent plain network, in which every layer can be pruned',
  arguments: [{ name: '<model>', summary: 'an .onnx file or a built-in network' }],
  options: {
    out: optional('--out <file>', 'file to write the plain network to (required unless --plan)', text),
    only: optional('--only <glob>', 'convert only the blocks whose Add nodes match (default: all)', text),
    maxGrowth: optional(
      '--max-growth <r>',
      'do not convert blocks whose convolutions would have more than r times the weights',
      positive,
    ),
    middle: defaulted(
      '--middle <name>',
      "how a block's input gets past its middle convolutions: widen them, or concat it beside them: smaller, but no plain chain",
      [choice(['widen', 'concat']), 'widen'],
    ),
    fuse: flagSwitch(
      '--fuse',
      'merge consecutive convolutions without an activation between them, even if that costs more: MobileNetV2 becomes a chain like MobileNetV1',
    ),
    plan: flagSwitch('--plan', 'print which blocks would be converted and at what cost, and write nothing'),
    verify: verifyFlag,
    size: openSizeFlag,
    ...inputFlags,
    benchSeconds: defaulted('--bench-seconds <s>', 'seconds for measuring the latency', [positive, 4]),
  },
  examples: [
    ['espalier rmnet resnet56.onnx --out plain.onnx', 'convert, verify and measure'],
    ['espalier rmnet resnet50.onnx --plan', 'print the cost of converting'],
    [
      'espalier rmnet resnet50.onnx --max-growth 3 --middle concat --out plain.onnx',
      'keep bottlenecks narrow',
    ],
  ],
  stopsCleanly: true,
  async run({ args: [name = ''], options }, context) {
    const { out, only, maxGrowth, middle, fuse, plan, verify, size } = options;
    if (out === undefined && !plan) throw missingFlag('--out <file>');
    expectOtherFile(name, out);
    const model = await loadModel(name, context, inputOptions(options));
    const { graph } = model;
    const { removeResiduals } = await import('../residual/remove-residuals.ts');
    const { costs } = await import('../measure/macs.ts');
    const folded = await prepared(graph);
    const removed = removeResiduals(folded, {
      middle,
      ...(only === undefined ? {} : { only: await additionsNamed(only, folded) }),
      ...(maxGrowth === undefined ? {} : { maxGrowth }),
    });
    const removal = fuse ? await fused(removed) : { ...removed, fused: 0 };
    const [before, after] = [folded, removal.graph].map((network) => {
      const { macs, parameters } = costs(network, { size });
      return { macs, parameters };
    });
    const { converted, refusals } = removal;
    const facts = { converted, refusals, fused: removal.fused, before: before!, after: after! };
    if (plan) return { data: { ...facts, out: null, error: null }, text: describe(facts) };
    context.note(costLine(facts));
    const finished = await finish(
      { model, removal, out: out! },
      { verify, size, seconds: options.benchSeconds, context },
    );
    return { data: { ...facts, out, ...finished }, text: `${describe(facts)}\n${ending(out!, finished)}` };
  },
});

/** Which additions a glob names; throws `usage` where it names none. */
async function additionsNamed(glob: string, { nodes }: Graph): Promise<(name: string) => boolean> {
  const { matcherOf } = await import('../graph/name-globs.ts');
  const additions = nodes.filter(({ op }) => op === 'Add' || op === 'Sum');
  const names = additions.map(({ name, outputs }) => name || outputs[0]!.name);
  return matcherOf([glob], names, { option: '--only', what: 'Add' });
}

/** Constants and BatchNormalization folded: what is carried must not pass a normalisation that could be part of a layer. */
async function prepared(graph: Graph): Promise<Graph> {
  const { foldBatchNormalization, foldConstants } = await import('../rewrite/index.ts');
  const { defaultExecutor } = await import('../runtime/default-executor.ts');
  return foldBatchNormalization(await foldConstants(graph, await defaultExecutor())).graph;
}

/** Linear pairs merged into one convolution each (W = W₂W₁): what a removed residual connection leaves between blocks. */
async function fused(removal: ResidualRemoval): Promise<ResidualRemoval & { readonly fused: number }> {
  const { mergeLinearPairs } = await import('../rewrite/index.ts');
  const { graph, changed } = mergeLinearPairs(removal.graph, { growth: Number.POSITIVE_INFINITY });
  return { ...removal, graph, fused: changed };
}

interface RmnetResult {
  readonly model: LoadedModel;
  readonly removal: ResidualRemoval & { readonly fused: number };
  readonly out: string;
}

interface Finishing {
  readonly verify: boolean;
  readonly size: ImageSize | undefined;
  readonly seconds: number;
  readonly context: Context;
}

/** Proves the plain network, writes it, and times it beside the one that was given. */
async function finish({ model, removal, out }: RmnetResult, { verify, size, seconds, context }: Finishing) {
  const { verifyEquivalent } = await import('../rewrite/index.ts');
  const { serializeModel } = await import('../onnx/index.ts');
  const { benchmark } = await import('../measure/latency.ts');
  const { inputFeedsOf } = await import('../graph/inputs/input-feeds.ts');
  const { defaultExecutor } = await import('../runtime/default-executor.ts');
  const executor = await defaultExecutor();
  const { given, form } = model;
  const plain = form.restore(removal.graph);
  const isUnchanged = removal.converted.length === 0 && removal.fused === 0;
  const { extents } = await import('../measure/image-size.ts');
  const at = size === undefined ? {} : { size: extents(size) };
  const verified = verify && !isUnchanged ? await verifyEquivalent(given, plain, { executor, ...at }) : null;
  if (isUnchanged) {
    await writeGiven(model, out);
    context.warn(`no residual connection was removed, ${out} is the same file: ${whyUnchanged(removal)}`);
    return { error: null, latencyMs: null, latency: null };
  }
  await writeModel(plain, out);
  const models = [given, plain].map((network) => serializeModel(network));
  const timed = await benchmark(models, {
    seconds,
    size,
    inputs: inputFeedsOf(given),
    signal: context.signal,
  });
  const [before, after] = timed.models as [ModelLatency, ModelLatency];
  if (speedOf(after) === 'slower')
    context.warn(`slower than the residual network (${speedText(after)}): it is there to be pruned`);
  const latencyMs = { before: before.medianMs, after: after.medianMs };
  const latency = { before: latencyMeasures(before), after: latencyMeasures(after) };
  return { error: verified?.error ?? null, latencyMs, latency };
}

const whyUnchanged = ({ refusals }: ResidualRemoval): string =>
  refusals.length > 0 ? 'each is left alone, as said below' : 'the network has none';

type Finished = Awaited<ReturnType<typeof finish>>;

interface Facts {
  /** Pairs of convolutions that became one. */
  readonly fused: number;
  readonly converted: ResidualRemoval['converted'];
  readonly refusals: ResidualRemoval['refusals'];
  readonly before: { readonly macs: number; readonly parameters: number };
  readonly after: { readonly macs: number; readonly parameters: number };
}

const costLine = ({ before, after }: Facts): string =>
  `MACs ${formatMacs(before.macs)} → ${formatMacs(after.macs)} (${formatPercent(after.macs / before.macs, 0)}), ` +
  `parameters ${formatCount(before.parameters)} → ${formatCount(after.parameters)} (${formatPercent(after.parameters / before.parameters, 0)})`;

function describe(facts: Facts): string {
  const { converted, refusals } = facts;
  return [
    textTable(converted, [
      { head: 'residual connection', cell: ({ add }) => add },
      { head: 'from', cell: ({ from }) => from },
      { head: 'channels carried', cell: ({ carried }) => formatCount(carried), align: 'right' },
      { head: 'weights', cell: (block) => formatCount(block.weightsBefore), align: 'right' },
      { head: 'without it', cell: (block) => formatCount(block.weightsAfter), align: 'right' },
    ]),
    '',
    costLine(facts),
    ...(facts.fused > 0 ? [`${facts.fused} pairs of convolutions became one each`] : []),
    ...refusals.map(({ where, reason }) => printableLine(`left alone  ${where}: ${reason}`)),
  ].join('\n');
}

function ending(out: string, { error, latency }: Finished): string {
  if (!latency) return printableLine(`the same file, written to ${out}`);
  const change = latencyChange(latency.before, latency.after);
  const proof = error === null ? 'not verified' : `verified, relative error ${error.toExponential(1)}`;
  return `latency     ${change}, one image on one thread\n${proof}\n${printableLine(`written to ${out}`)}`;
}
