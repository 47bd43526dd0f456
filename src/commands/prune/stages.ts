import type { Graph } from '../../graph/graph.ts';
import { formatPercent } from '../../report/quantities.ts';
import type { Context } from '../command.ts';
import { errorText } from '../outputs.ts';
import type { PruneJob } from './job.ts';

/** What the network does at one point of a step. */
export interface Stage {
  readonly stage: string;
  /** On the test images; null where they have no classes, or the network gives no class scores. */
  readonly top1: number | null;
  readonly top5: number | null;
  readonly loss: number | null;
  /** The mean of {@link outputErrors}. */
  readonly outputError: number;
  /** How far each output is from that of the network before the first cut: ‖y − y₀‖/‖y₀‖ on test images. */
  readonly outputErrors: Readonly<Record<string, number>>;
}

interface StageContext {
  readonly job: Pick<PruneJob, 'data' | 'executor' | 'comparison'>;
  readonly context: Context;
  /** 0 before the first cut. */
  readonly step: number;
}

/** Looks at what a network does on the test images. */
export async function stageOf(stage: string, network: Graph, looking: StageContext): Promise<Stage> {
  const { job, context, step } = looking;
  const comparison = await job.comparison!();
  const accuracy = job.data!.calibration.labelled ? await accuracyOf(network, looking) : null;
  const { outputError, outputErrors } = step === 0 ? comparison.original : await comparison.compare(network);
  if (step === 0) {
    for (const { name, reason } of comparison.ignored)
      context.note(`output ${name} does not count: ${reason}`);
  }
  const found = [
    ...(accuracy ? [`top-1 ${formatPercent(accuracy.top1)}`] : []),
    ...(step > 0 ? [`output error ${errorText(outputError, outputErrors)}`] : []),
  ];
  const where = `${step === 0 ? '' : `step ${step}  `}${stage.padEnd(11)}`;
  if (found.length > 0) context.note(`${where}  ${found.join('  ')}`);
  const none = { top1: null, top5: null, loss: null };
  return { stage, ...(accuracy ?? none), outputError, outputErrors };
}

async function accuracyOf(network: Graph, { job, context }: StageContext) {
  const { evaluate } = await import('../../measure/accuracy.ts');
  const { set, preprocessing } = job.data!;
  const bar = context.progress('evaluating', set.test.count, 'images');
  const progress = (done: number) => bar.to(done);
  const options = { executor: job.executor, preprocessing, progress, signal: context.signal };
  const { top1, top5, loss } = await evaluate(network, set.test, options);
  bar.done();
  return { top1, top5, loss };
}
