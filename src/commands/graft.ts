import { EspalierError } from '../errors.ts';
import { formatPercent, significant } from '../report/quantities.ts';
import { textTable } from '../report/text-table.ts';
import { defineCommand, type Invocation } from './command.ts';
import { choice, defaulted, numberIn, optional, positive, text, wholeNumber } from './flags.ts';
import type { RingResult } from './graft-run.ts';
import { trainedModel, trainingFlags } from './training-flags.ts';
import { planRun, type Settings } from './training-recipe.ts';

const flags = {
  ...trainingFlags,
  networks: defaulted('--networks <n>', 'how many are trained side by side', [wholeNumber(), 2]),
  source: defaulted(
    '--source <name>',
    "what re-activates invalid filters: external, another network's; internal, the network's own; noise",
    [choice(['external', 'internal', 'noise']), 'external'],
  ),
  level: defaulted(
    '--level <name>',
    'with external: layer, one weight a layer, by entropy; filter, one a filter, by the scale of BatchNormalization',
    [choice(['layer', 'filter']), 'layer'],
  ),
  graftMomentum: defaulted(
    '--graft-momentum <name>',
    "the optimiser's state of what was grafted: keep, blend or reset",
    [choice(['keep', 'blend', 'reset']), 'keep'],
  ),
  invalidBelow: defaulted('--invalid-below <x>', 'a filter whose |γ|·Σ|w| is below this is invalid', [
    numberIn(0),
    1e-2,
  ]),
  noise: defaulted('--noise <a>', 'noise in epoch t has a standard deviation of aᵗ', [numberIn(0, 1), 0.5]),
  redis: optional(
    '--redis <url>',
    'train on the machines where espalier worker listens to this server, in place of processes here',
    text,
  ),
  store: optional(
    '--store <dir>',
    'with --redis: a folder that all machines see; Redis itself where left out',
    text,
  ),
  patience: defaulted('--patience <s>', 'with --redis: seconds to wait for a worker to show up', [
    positive,
    600,
  ]),
  processes: defaulted(
    '--processes <n>',
    'networks that train at the same time, each in a process of its own',
    [wholeNumber(), 2],
  ),
};

export type GraftSettings = Settings<typeof flags>;

export const graft = defineCommand({
  name: 'graft',
  summary: "train networks side by side that re-activate one another's invalid filters (filter grafting)",
  arguments: [trainedModel],
  options: flags,
  examples: [
    [
      'espalier graft resnet20 --networks 2 --data cifar10 --epochs 60 --schedule cosine --out runs/grafted',
      'two networks, one ring',
    ],
    [
      'espalier graft resnet20 --networks 1 --source internal --data cifar10 --epochs 60 --out runs/internal',
      'one, from its own filters',
    ],
    ['espalier graft --resume runs/grafted', 'go on after an interruption'],
  ],
  stopsCleanly: true,
  async check(invocation) {
    await planGrafting(invocation);
  },
  async run(invocation, context) {
    const planned = await planGrafting(invocation);
    const { growRing } = await import('./graft-run.ts');
    const result = await growRing(planned, context);
    return { data: result, text: describe(result) };
  },
});

/** The settings of a run; throws `usage` where they do not fit together. */
async function planGrafting(invocation: Invocation<typeof flags>) {
  const planned = await planRun('graft', invocation);
  const { networks, source } = planned.settings;
  if (source === 'external' && networks < 2)
    throw new EspalierError('usage', '--source external needs --networks 2 or more');
  return planned;
}

function describe({ model, members, best, ensemble }: RingResult): string {
  const table = textTable(members, [
    { head: 'network', cell: ({ network }) => String(network) },
    { head: 'top-1', cell: ({ top1 }) => formatPercent(top1), align: 'right' },
    { head: 'learning rate', cell: ({ learningRate }) => significant(learningRate), align: 'right' },
    { head: 'invalid filters', cell: ({ invalid }) => String(invalid), align: 'right' },
    { head: 'mean entropy', cell: ({ entropy }) => entropy.toFixed(3), align: 'right' },
  ]);
  return [
    table,
    '',
    `best        network ${best}: ${model}`,
    ...(ensemble === null
      ? []
      : [`ensemble    top-1 ${formatPercent(ensemble)} of all ${members.length} together`]),
  ].join('\n');
}
