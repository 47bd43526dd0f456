import { formatMacs, formatPercent } from '../../numeric/quantities.ts';
import { printableLine } from '../../printable.ts';
import type { NetworkMeasures } from '../../report/index.ts';
import { type Context, defineCommand, type Invocation } from '../command.ts';
import { isModelPath } from '../model.ts';
import { trainedModel, trainingFlags } from './flags.ts';
import { planRun, type Settings, trainingNeeds } from './recipe.ts';
import { checkReplicas, replicaFlags } from './replica-flags.ts';
import { openTrainingSession, type TrainingSession, trainOptions } from './session.ts';
import { sparseFlag, sparseTraining } from './sparse-flag.ts';
import { checkTeacher, distillingOf, teacherFlags } from './teacher-flags.ts';

const flags = { ...trainingFlags, sparse: sparseFlag, ...replicaFlags, ...teacherFlags };

export const trainModel = defineCommand({
  name: 'train',
  summary: 'train a built-in network from scratch, or fine-tune an .onnx file',
  arguments: [trainedModel],
  options: flags,
  examples: [
    ['espalier train resnet20 --data cifar10 --epochs 30 --out runs/base', 'train from scratch'],
    [
      'espalier train model.onnx --data photos --epochs 5 --lr 0.01 --schedule cosine --out runs/tuned',
      'fine-tune on a folder of images by class',
    ],
    [
      'espalier train vgg16 --data cifar10 --sparse bn-scale:1e-4 --epochs 160 --out runs/slim',
      'push the scales of BatchNormalization towards zero, so that more channels can be pruned',
    ],
    [
      'espalier train resnet20 --data cifar10 --epochs 30 --replicas 4 --redis redis://10.0.0.1 --out runs/many',
      'train one network on four machines',
    ],
    [
      'espalier train small.onnx --teacher original.onnx --data photos --epochs 5 --lr 0.01 --schedule cosine --out runs/recovered',
      'recover a pruned network of any kind on images without labels',
    ],
    ['espalier train --resume runs/base', 'continue an interrupted run exactly where it stopped'],
  ],
  stopsCleanly: true,
  async check(invocation) {
    await planned(invocation);
  },
  async run(invocation, context) {
    const plan = await planned(invocation);
    const distilling = await distillingOf(plan.settings, context);
    const session = await openTrainingSession(plan, context, distilling);
    const { finishRun, measureNetwork, untrained } = await import('./result.ts');
    const { settings } = plan;
    const fixed = await heldFixed(session, context);
    const before = isModelPath(settings.model)
      ? await measureNetwork(session.network, session, context)
      : untrained(session);
    const { network, epochs } = await trained(session, settings, context);
    const { foldInserted } = await import('../../pruning/recovery/insert-on-images.ts');
    const isFolded = settings.insertBatchnorm && settings.teacher !== undefined;
    const written = isFolded ? await foldInserted(network, session.executor) : network;
    const after = await measureNetwork(written, session, context);
    const model = await finishRun(session, { before, after });
    const { macs } = after.measures;
    const text = printableLine(
      `${model}: ${resultText(after.measures)}, ${formatMacs(macs)}; report in ${session.run.path}/report.html`,
    );
    return { data: { model, epochs, fixed, before: before.measures, after: after.measures }, text };
  },
});

const resultText = ({ top1, outputError }: NetworkMeasures): string =>
  typeof top1 === 'number' ? `top-1 ${formatPercent(top1)}` : `output error ${formatPercent(outputError!)}`;

/** Prints the values that training does not change, in one line. */
async function heldFixed({ network, data }: TrainingSession, { note }: Context) {
  const { fixedValues } = await import('../../training/parameters.ts');
  const found = fixedValues(network, { classes: data.train.classes.length }).map(({ value, reason }) => ({
    name: value.name,
    shape: value.shape,
    reason,
  }));
  const listed = found.slice(0, SHOWN_FIXED).map(({ name, shape, reason }) => `${name} [${shape}] ${reason}`);
  const more = found.length > SHOWN_FIXED ? `; ${found.length - SHOWN_FIXED} more` : '';
  if (found.length > 0) note(`not trained: ${listed.join('; ')}${more}`);
  return found;
}

const SHOWN_FIXED = 4;

async function planned(invocation: Invocation<typeof flags>) {
  const plan = await planRun('train', invocation, trainingNeeds);
  checkReplicas(plan.settings);
  checkTeacher(plan.settings);
  return plan;
}

async function trained(session: TrainingSession, settings: Settings<typeof flags>, context: Context) {
  if ((settings.replicas ?? 1) > 1) {
    const { trainAsReplicas } = await import('./replicas.ts');
    return trainAsReplicas(session, settings, context);
  }
  const { train } = await import('../../training/train.ts');
  return train({
    ...trainOptions(session, settings, context),
    ...(await sparseTraining(session.network, settings.sparse)),
  });
}
