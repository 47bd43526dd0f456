import type { Graph } from '../graph/graph.ts';
import type { ImageSize } from '../measure/image-size.ts';
import { formatCount, formatMacs, formatPercent } from '../numeric/quantities.ts';
import { printableLine } from '../printable.ts';
import type { NetworkMeasures } from '../report/index.ts';
import { latencyChange, speedBetween, speedOf, speedText } from '../report/latency.ts';
import { textTable } from '../report/text-table.ts';
import { middles, residualDefaults } from '../residual/defaults.ts';
import type { PlainNetwork } from '../residual/removal.ts';
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
      "how a block's input passes its middle convolutions: widen (through additional filters), or concat (beside them, which is smaller but not a plain chain)",
      [choice(middles), residualDefaults.middle],
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
    const { out, only, maxGrowth, middle, fuse, plan, verify, size, benchSeconds } = options;
    if (out === undefined && !plan) throw missingFlag('--out <file>');
    expectOtherFile(name, out);
    const model = await loadModel(name, context, inputOptions(options));
    const { removeResiduals } = await import('../residual/removal-here.ts');
    const { graph, refusals, ...made } = await removeResiduals(model, {
      ...{ only, maxGrowth, middle, size },
      fuse,
      verify: verify && !plan,
    });
    const facts = { ...made, refusals: refusals.map(({ where, reason }) => ({ where, reason })) };
    if (plan) return { data: { ...facts, out: null }, text: describe(facts) };
    context.note(costLine(facts));
    const latency = await write(graph, { model, facts, out: out! }, { size, seconds: benchSeconds, context });
    return {
      data: { ...facts, out, ...latency },
      text: `${describe(facts)}\n${ending(out!, facts, latency)}`,
    };
  },
});

interface Facts extends Omit<PlainNetwork, 'graph' | 'refusals'> {
  readonly refusals: readonly { readonly where: string; readonly reason: string }[];
}

interface PlainFile {
  readonly model: LoadedModel;
  readonly facts: Facts;
  readonly out: string;
}

interface LatencyTiming {
  readonly size: ImageSize | undefined;
  readonly seconds: number;
  readonly context: Context;
}

/** Writes the plain network, and measures its latency beside the given one; no latencies if both are equal. */
async function write(
  plain: Graph,
  { model, facts, out }: PlainFile,
  { size, seconds, context }: LatencyTiming,
) {
  const { converted, fused } = facts;
  if (converted.length === 0 && fused === 0) {
    await writeGiven(model, out);
    context.warn(`no residual connection was removed, ${out} is the same file: ${whyUnchanged(facts)}`);
    return { latencyMs: null, latency: null };
  }
  await writeModel(plain, out);
  const { withLatencies } = await import('../report/measured-network.ts');
  const { given } = model;
  const measures: NetworkMeasures = {};
  const timed = await withLatencies(
    [given, plain].map((graph) => ({ graph, measures })),
    { seconds, size, signal: context.signal },
  );
  const [before, after] = timed.map(({ measures }) => measures) as [NetworkMeasures, NetworkMeasures];
  const speed = speedBetween(before, after);
  if (speedOf(speed) === 'slower')
    context.warn(`slower than the residual network (${speedText(speed)}): prune it`);
  return {
    latencyMs: { before: before.latencyMs, after: after.latencyMs },
    latency: { before, after },
  };
}

const whyUnchanged = ({ refusals }: Facts): string =>
  refusals.length > 0 ? 'each was left alone, for the reason below' : 'the network has none';

const costLine = ({ before, after }: Facts): string =>
  `MACs ${formatMacs(before.macs)} → ${formatMacs(after.macs)} (${formatPercent(after.macs / before.macs, 0)}), ` +
  `parameters ${formatCount(before.parameters)} → ${formatCount(after.parameters)} (${formatPercent(after.parameters / before.parameters, 0)})`;

function describe(facts: Facts): string {
  const { converted, refusals } = facts;
  return [
    textTable(converted, [
      { head: 'residual connection', cell: ({ add }) => add },
      { head: 'from', cell: ({ from }) => from },
      { head: 'channels copied', cell: ({ carried }) => formatCount(carried), align: 'right' },
      { head: 'weights', cell: (block) => formatCount(block.weightsBefore), align: 'right' },
      { head: 'weights after', cell: (block) => formatCount(block.weightsAfter), align: 'right' },
    ]),
    '',
    costLine(facts),
    ...(facts.fused > 0 ? [`${facts.fused} pairs of convolutions were merged`] : []),
    ...refusals.map(({ where, reason }) => printableLine(`left alone  ${where}: ${reason}`)),
  ].join('\n');
}

function ending(out: string, { error }: Facts, { latency }: Awaited<ReturnType<typeof write>>): string {
  if (!latency) return printableLine(`the same file, written to ${out}`);
  const change = latencyChange(latency.before, latency.after);
  const proof = error === null ? 'not verified' : `verified, relative error ${error.toExponential(1)}`;
  return `latency     ${change}, one image on one thread\n${proof}\n${printableLine(`written to ${out}`)}`;
}
