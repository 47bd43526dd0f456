import { EspalierError } from '../../errors.ts';
import type { Threshold } from '../../grafting/threshold.ts';
import type { NetworkFacts } from '../../inspection/inspect.ts';
import type { ImageSize } from '../../measure/image-size.ts';
import type { LayerCost } from '../../measure/macs.ts';
import { formatBytes, formatCount, formatMacs } from '../../numeric/quantities.ts';
import { printableLine } from '../../printable.ts';
import { textTable } from '../../report/text-table.ts';
import { defaultExecutor } from '../../runtime/default-executor.ts';
import { defineCommand, type Output } from '../command.ts';
import { enginesText } from '../engines-text.ts';
import { flagSwitch, openSizeFlag } from '../flags.ts';
import { invalidFlag } from '../graft/invalid-flag.ts';
import { inputFlags, inputOptions } from '../input-flags.ts';
import { type LoadedModel, openModel } from '../model.ts';
import { entropyText, fedWith, groupsText, inputsText, shapeText } from './facts-text.ts';

export const inspect = defineCommand({
  name: 'inspect',
  summary:
    'print parameters, MACs and bytes per layer, channel groups and residual connections; --engine prints the engines of this machine',
  arguments: [{ name: '[model]', summary: 'an .onnx file, or a built-in network such as resnet20' }],
  options: {
    size: openSizeFlag,
    ...inputFlags,
    engine: flagSwitch('--engine', 'print which training engine this machine uses, and why; needs no model'),
    entropy: flagSwitch(
      '--entropy',
      "print the entropy of each convolution's weights and the number of its invalid filters",
    ),
    ...invalidFlag,
  },
  examples: [
    ['espalier inspect resnet20', 'inspect a built-in network'],
    ['espalier inspect model.onnx --json', 'inspect a file, with JSON output for programs'],
    ['espalier inspect --engine', 'show which training engine this machine uses, and why'],
  ],
  async run({ args: [name], options }, context) {
    const { size, engine, entropy, invalidBelow } = options;
    if (!name && !engine)
      throw new EspalierError('usage', 'expected a model or --engine, found neither: see --help');
    const model = name ? await openModel(name, inputOptions(options)) : null;
    for (const note of model?.notes ?? []) context.note(note);
    if (model?.obstacle) context.warn(`${name}: can only be inspected: ${model.obstacle.message}`);
    const parts = [
      ...(model ? [await modelPart(model, size)] : []),
      ...(model && entropy ? [await entropyPart(model, invalidBelow)] : []),
      ...(engine ? [await enginePart()] : []),
    ];
    return {
      data: Object.assign({}, ...parts.map(({ data }) => data)),
      text: parts.map(({ text }) => text).join('\n\n'),
    };
  },
});

async function modelPart(model: LoadedModel, size: ImageSize | undefined): Promise<Output> {
  const { inspectNetwork } = await import('../../inspection/inspect.ts');
  const facts = await inspectNetwork(model, { executor: await defaultExecutor(), size });
  const otherInputs = facts.otherInputs.map((input) => ({
    name: input.name,
    shape: input.shape,
    fedWith: fedWith(input),
  }));
  return { data: { model: model.name, ...facts, otherInputs }, text: describe(facts) };
}

/** Prints the entropy of each convolution's weights, and its number of invalid filters. */
async function entropyPart({ graph }: LoadedModel, threshold: Threshold): Promise<Output> {
  const { networkInformation } = await import('../../grafting/information.ts');
  const entropy = networkInformation(graph, threshold);
  return { data: { entropy }, text: entropyText(entropy) };
}

async function enginePart(): Promise<Output> {
  const { findEngines } = await import('../../runtime/engines.ts');
  const engine = await findEngines();
  return { data: { engine }, text: enginesText(engine) };
}

function describe(facts: NetworkFacts): string {
  return [
    textTable(facts.layers, [
      { head: 'layer', cell: (layer) => layer.name },
      { head: 'operator', cell: (layer) => layer.op },
      { head: 'kernel', cell: (layer) => layer.kernel.join('×') },
      { head: 'channels', cell: channels },
      { head: 'output', cell: (layer) => layer.outputShape.map((dim) => dim ?? '?').join('×') },
      { head: 'MACs', cell: (layer) => (layer.macs > 0 ? formatCount(layer.macs) : ''), align: 'right' },
      { head: 'share', cell: (layer) => share(layer.macs, facts.macs), align: 'right' },
      { head: 'parameters', cell: (layer) => formatCount(layer.parameters), align: 'right' },
    ]),
    '',
    `total       ${formatMacs(facts.macs)}, ${formatCount(facts.parameters)} parameters, ${formatBytes(facts.bytes)}`,
    ...[...namesOf(facts), ...inputsText(facts)].map(printableLine),
    `groups      ${groupsText(facts.groups)}`,
    `residuals   ${residualsText(facts.residuals)}`,
    `images      ${preprocessingText(facts.preprocessing)}`,
  ].join('\n');
}

const namesOf = ({ inputs, outputs, opsets, operators }: NetworkFacts): string[] => [
  ...inputs.map((value) => `input       ${signatureText(value)}`),
  ...outputs.map((value) => `output      ${signatureText(value)}`),
  `opset       ${Object.entries(opsets).map(opsetText).join(', ')}`,
  `operators   ${operatorsText(operators)}`,
];

const channels = ({ inChannels, outChannels }: LayerCost): string =>
  outChannels > 0 ? `${inChannels} → ${outChannels}` : '';

const share = (macs: number, total: number): string =>
  macs > 0 ? `${((100 * macs) / total).toFixed(1)} %` : '';

const signatureText = ({ name, dtype, shape }: NetworkFacts['inputs'][number]): string =>
  `${name}: ${dtype ?? 'unknown type'} [${shapeText(shape)}]`;

const opsetText = ([domain, opset]: [string, number]): string => `${domain || 'ai.onnx'} ${opset}`;

function operatorsText(operators: NetworkFacts['operators']): string {
  const sorted = Object.entries(operators).sort(([, a], [, b]) => b - a);
  return sorted.map(([op, count]) => `${op} ${count}`).join(', ');
}

function residualsText(residuals: NetworkFacts['residuals']): string {
  const kinds = new Map<string, number>();
  for (const { kind } of residuals) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const parts = [...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ');
  return residuals.length === 0 ? 'none' : `${residuals.length} (${parts})`;
}

const preprocessingText = (preprocessing: NetworkFacts['preprocessing']): string =>
  preprocessing
    ? `${preprocessing.height}×${preprocessing.width}, mean ${preprocessing.mean.join(',')}, std ${preprocessing.std.join(',')}`
    : 'preprocessing unknown: eval and train need --mean and --std';
