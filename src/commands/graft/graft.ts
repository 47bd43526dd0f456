import { EspalierError } from '../../errors.ts';
import {
  checkGrafting,
  graftDefaults as defaults,
  graftLevels,
  graftMomenta,
  graftSources,
} from '../../grafting/defaults.ts';
import { formatPercent, significant } from '../../numeric/quantities.ts';
import { printableLine } from '../../printable.ts';
import { textTable } from '../../report/text-table.ts';
import { defineCommand, type Invocation } from '../command.ts';
import { choice, defaulted, numberIn, wholeNumber } from '../flags.ts';
import { queueFlags } from '../queue-flags.ts';
import { trainingFlags } from '../training/flags.ts';
import { planRun, type Settings, trainingNeeds } from '../training/recipe.ts';
import { invalidFlag } from './invalid-flag.ts';
import type { RingResult } from './run.ts';

const flags = {
  ...trainingFlags,
  networks: defaulted('--networks <n>', 'number of networks to train together', [wholeNumber(), 2]),
  source: defaulted(
    '--source <name>',
    "source of new weights for invalid filters: external (another network), internal (the network's own filters), noise, or none (for comparison)",
    [choice(graftSources), defaults.source],
  ),
  level: defaulted(
    '--level <name>',
    'with --source external: layer: one blending weight per layer, by entropy; filter: one per filter, by the scale of BatchNormalization',
    [choice(graftLevels), defaults.level],
  ),
  graftMomentum: defaulted(
    '--graft-momentum <name>',
    "what happens to the optimiser's momentum of grafted weights: keep, blend or reset",
    [choice(graftMomenta), defaults.graftMomentum],
  ),
  ...invalidFlag,
  noise: defaulted(
    '--noise <a>',
    'with --source noise: the noise in epoch t has a standard deviation of aᵗ',
    [numberIn(0, 1), defaults.noise],
  ),
  ...queueFlags,
  processes: defaulted(
    '--processes <n>',
    'number of networks that train at the same time, each in its own process',
    [wholeNumber(), 2],
  ),
};

export type GraftCommandSettings = Settings<typeof flags>;

export const graftCommand = defineCommand({
  name: 'graft',
  summary:
    'train several networks together and re-activate the invalid filters of each with weights of another (filter grafting)',
  arguments: [
    {
      name: '[models...]',
      summary:
        'a built-in network, one file from which all networks start, or one file for each network; not needed with --resume',
    },
  ],
  options: flags,
  examples: [
    [
      'espalier graft resnet20 --networks 2 --data cifar10 --epochs 60 --schedule cosine --out runs/grafted',
      'graft two networks with each other',
    ],
    [
      'espalier graft resnet20 --networks 1 --source internal --data cifar10 --epochs 60 --out runs/internal',
      'graft one network with its own filters',
    ],
    [
      'espalier graft a.onnx b.onnx --data photos --epochs 20 --lr 0.01 --out runs/tuned',
      'graft two trained networks of the same architecture',
    ],
    ['espalier graft --resume runs/grafted', 'continue an interrupted run'],
  ],
  stopsCleanly: true,
  async check(invocation) {
    await planGrafting(invocation);
  },
  async run(invocation, context) {
    const planned = await planGrafting(invocation);
    const { runGrafting } = await import('./run.ts');
    const result = await runGrafting(planned, context);
    return { data: result, text: describe(result) };
  },
});

/** The settings of a run. Throws `usage` for invalid combinations. */
async function planGrafting(invocation: Invocation<typeof flags>) {
  const planned = await planRun('graft', withCount(invocation), trainingNeeds);
  const { networks, models } = planned.settings;
  if (models.length > 1 && networks !== models.length)
    throw new EspalierError(
      'usage',
      `--networks: expected ${models.length}, one per model, found ${networks}`,
    );
  checkGrafting(planned.settings);
  return planned;
}

/** Several models set the number of networks. */
function withCount(invocation: Invocation<typeof flags>): Invocation<typeof flags> {
  const { args, options, given } = invocation;
  if (args.length < 2 || given.has('networks')) return invocation;
  return {
    args,
    options: { ...options, networks: args.length },
    given: new Set([...given, 'networks' as const]),
  };
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
    printableLine(`best        network ${best}: ${model}`),
    ...(ensemble === null
      ? []
      : [`ensemble    top-1 ${formatPercent(ensemble)}, by the mean output of all ${members.length}`]),
  ].join('\n');
}
