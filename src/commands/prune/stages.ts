import type { Graph } from '../../graph/graph.ts';
import { formatPercent } from '../../report/quantities.ts';
import type { Context } from '../command.ts';
import type { PruneJob } from './job.ts';

/** How well the network classifies at one point of a step. */
export interface Stage {
  readonly stage: string;
  readonly top1: number;
  readonly top5: number;
  readonly loss: number;
}

interface Looking {
  readonly job: Pick<PruneJob, 'data' | 'executor'>;
  readonly context: Context;
  /** 0 before the first cut. */
  readonly step: number;
}

/** Evaluates a network on the test images. */
export async function stageOf(
  stage: string,
  network: Graph,
  { job, context, step }: Looking,
): Promise<Stage> {
  const { evaluate } = await import('../../measure/accuracy.ts');
  const { set, preprocessing } = job.data!;
  const bar = context.progress('evaluating', set.test.count, 'images');
  const progress = (done: number) => bar.to(done);
  const options = { executor: job.executor, preprocessing, progress, signal: context.signal };
  const { top1, top5, loss } = await evaluate(network, set.test, options);
  bar.done();
  context.note(`${step === 0 ? '' : `step ${step}  `}${stage.padEnd(11)}  top-1 ${formatPercent(top1)}`);
  return { stage, top1, top5, loss };
}
