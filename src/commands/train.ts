import { formatMacs, formatPercent } from '../report/quantities.ts';
import { defineCommand } from './command.ts';
import { isModelPath } from './model.ts';
import { sparseFlag, sparseTraining } from './sparse-flag.ts';
import { trainedModel, trainingFlags } from './training-flags.ts';
import { planRun } from './training-recipe.ts';
import { openSession, trainOptions } from './training-session.ts';

const sparseTrainingFlags = { ...trainingFlags, sparse: sparseFlag };

export const trainModel = defineCommand({
  name: 'train',
  summary: 'train a network of the zoo, or fine-tune an .onnx file',
  arguments: [trainedModel],
  options: sparseTrainingFlags,
  examples: [
    ['espalier train resnet20 --data cifar10 --epochs 30 --out runs/base', 'train from scratch'],
    [
      'espalier train model.onnx --data photos --epochs 5 --lr 0.01 --schedule cosine --out runs/tuned',
      'fine-tune on a folder of images by class',
    ],
    [
      'espalier train vgg16 --data cifar10 --sparse bn-scale:1e-4 --epochs 160 --out runs/slim',
      'push the scales of BatchNormalization to zero, to prune the channels that do not need theirs',
    ],
    ['espalier train --resume runs/base', 'go on after an interruption, exactly where it stopped'],
  ],
  stopsCleanly: true,
  async check(invocation) {
    await planRun('train', invocation);
  },
  async run(invocation, context) {
    const planned = await planRun<typeof sparseTrainingFlags>('train', invocation);
    const session = await openSession(planned, context);
    const { train } = await import('../training/train.ts');
    const { finishRun, measureNetwork, sizes } = await import('./training-result.ts');
    const { settings } = planned;
    const before = isModelPath(settings.model)
      ? await measureNetwork(session.network, session, context)
      : { graph: session.network, measures: sizes(session.network) };
    const { network, epochs } = await train({
      ...trainOptions(session, settings, context),
      ...(await sparseTraining(session.network, settings.sparse)),
    });
    const after = await measureNetwork(network, session, context);
    const model = await finishRun(session, { before, after });
    const { top1, macs } = after.measures;
    const text = `${model}: top-1 ${formatPercent(top1!)}, ${formatMacs(macs!)}; report in ${session.run.path}/report.html`;
    return { data: { model, epochs, before: before.measures, after: after.measures }, text };
  },
});
