import { expect, test } from 'vitest';
import { compile } from '../src/compile/compile-here.ts';
import { deploy } from '../src/deploy/deploy-here.ts';
import { graft } from '../src/grafting/graft.ts';
import type { Graph } from '../src/graph/graph.ts';
import { prune } from '../src/pruning/prune.ts';
import { quantize } from '../src/quantization/quantize-on-images.ts';
import { trainStripes } from '../src/stripe-pruning/train-stripes.ts';
import { train } from '../src/training/train.ts';
import { plainNetwork } from './support/small-network.ts';
import { trainingOptions } from './support/training-options.ts';

const { data, preprocessing } = trainingOptions(plainNetwork());
const retraining = { data, preprocessing, epochs: 1 };

/** Functions of the library, called with options that their types exclude, as JavaScript can. */
const library = {
  train: (network, options) => train(trainingOptions(network, options)),
  graft: (network, options) => graft([network, network], { ...retraining, ...options }),
  trainStripes: (network, options) => trainStripes(network, { ...retraining, ...options }),
  prune: (network, options) => prune(network, { ratio: 0.5, ...options }),
  retrain: (network, options) => prune(network, { ratio: 0.5, ...retraining, training: options }),
  deploy: (network, options) => deploy(network, options),
  compile: (network, options) => compile(network, options),
  quantize: (network, options) => quantize(network, { data, preprocessing, ...options }),
} satisfies Record<string, (network: Graph, options: object) => Promise<unknown>>;

const wholeNumber = 'expected a whole number of at least 1';
const fraction = 'expected a number from 0 to 1';

test.each<[keyof typeof library, object, string]>([
  ['train', { epochs: '3' }, `\`epochs\`: ${wholeNumber}, found "3"`],
  ['train', { batch: 0 }, `\`batch\`: ${wholeNumber}, found 0`],
  ['train', { schedule: 'cosin' }, '`schedule`: expected constant, step, cosine or one-cycle, found "cosin"'],
  ['train', { optimizer: 'adam' }, '`optimizer`: expected sgd or adamw, found "adam"'],
  [
    'train',
    { learningRate: Number.NaN },
    "`learningRate`: expected a number of at least 0, or 'auto', found NaN",
  ],
  [
    'train',
    { learningRate: 'Auto' },
    '`learningRate`: expected a number of at least 0, or \'auto\', found "Auto"',
  ],
  ['train', { momentum: 1 }, '`momentum`: expected a number of at least 0, below 1, found 1'],
  ['train', { clipNorm: 0 }, '`clipNorm`: expected a number above 0, found 0'],
  ['train', { milestones: 0.5 }, '`milestones`: expected a list of numbers, found 0.5'],
  [
    'train',
    { noDecayOn: ['bn'] },
    '`noDecayOn`: expected a list of some of weight, bias, scale, shift, found ["bn"]',
  ],
  ['train', { evaluateEvery: -1 }, '`evaluateEvery`: expected a whole number of at least 0, found -1'],
  ['graft', { source: 'self' }, '`source`: expected external, internal, noise or none, found "self"'],
  ['graft', { level: 'filters' }, '`level`: expected layer or filter, found "filters"'],
  [
    'graft',
    { invalidBelow: '60' },
    '`invalidBelow`: expected a number of at least 0, or a percentage such as 60%',
  ],
  ['graft', { schedule: 'cosin' }, '`schedule`: expected constant'],
  ['trainStripes', { pace: 'fast' }, '`pace`: expected threshold or gradual, found "fast"'],
  ['trainStripes', { macs: 50 }, '`macs`: expected a fraction above 0, up to 1, found 50'],
  ['trainStripes', { form: 'shapes' }, '`form`: expected dense, shape or stripe, found "shapes"'],
  ['trainStripes', { distill: { labelWeight: 2 } }, '`labelWeight`: expected a number from 0 to 1, found 2'],
  [
    'prune',
    { recover: 'none' },
    '`recover`: expected a list of some of recalibrate, reconstruct, found "none"',
  ],
  [
    'prune',
    { recover: ['none'] },
    '`recover`: expected a list of some of recalibrate, reconstruct, found ["none"]',
  ],
  [
    'prune',
    { granularity: 'layer' },
    '`granularity`: expected filter, channel, group, stripe or weight, found "layer"',
  ],
  ['prune', { scope: 'all' }, '`scope`: expected local or global, found "all"'],
  ['prune', { criterion: 'l3-norm' }, '`criterion`: expected l1-norm'],
  ['prune', { steps: 0 }, `\`steps\`: ${wholeNumber}, found 0`],
  ['prune', { round: '8' }, `\`round\`: ${wholeNumber}, found "8"`],
  ['prune', { ratio: 50 }, `\`ratio\`: ${fraction}, found 50`],
  ['retrain', { schedule: 'cosin' }, '`schedule`: expected constant'],
  ['deploy', { target: 'browser' }, '`target`: expected node or web, found "browser"'],
  ['compile', { tune: 'web' }, '`tune`: expected none, chromium or node, found "web"'],
  ['compile', { weights: 'int8' }, '`weights`: expected float32 or float16, found "int8"'],
  [
    'quantize',
    { calibration: 'max' },
    "`calibration`: expected 'minmax', or a percentile above 50, up to 100",
  ],
  ['quantize', { calibration: { percentile: 0.99 } }, 'up to 100, found {"percentile":0.99}'],
  ['quantize', { weightBits: 4 }, '`weightBits`: expected 7 or 8, found 4'],
])('%s refuses %j, which its types exclude', async (name, options, message) => {
  await expect(library[name](plainNetwork(), options)).rejects.toThrow(message);
});
