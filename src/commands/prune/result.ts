import type { StripeGain } from '../../deploy/deploy-stripes.ts';
import { namedReasons } from '../../graph/edit/refused.ts';
import type { Graph } from '../../graph/graph.ts';
import type { PruningStage } from '../../pruning/iterative/stages.ts';
import type { PrunedInSteps } from '../../pruning/iterative/steps.ts';
import type { LayerPoint } from '../../report/index.ts';
import type { Measured, SizedMeasures } from '../../report/measured-network.ts';
import { restorationError } from '../../rewrite/index.ts';
import type { Context } from '../command.ts';
import { compiledRun } from '../compile/compile-flag.ts';
import type { CompiledRun } from '../compile/compile-run.ts';
import { writeModel } from '../write-model.ts';
import type { PruneJob } from './job.ts';

/** The result of pruning. */
export interface PruneResult {
  /** The path of the pruned model. */
  readonly model: string;
  readonly before: SizedMeasures;
  readonly after: SizedMeasures;
  /** Error against the masked network; null if not verified. */
  readonly error: number | null;
  readonly leftAlone: readonly { readonly name: string; readonly reason: string }[];
  /** Output errors against the original network on test images; null without images. */
  readonly outputs: Pick<PruningStage, 'outputError' | 'outputErrors'> | null;
  /** The speed-up from zero stripes; null if there are none. */
  readonly gain: StripeGain | null;
  /** null without --compile. */
  readonly compiled: CompiledRun | null;
}

interface JobWithOriginal {
  readonly job: PruneJob;
  readonly context: Context;
  /** The evaluation of the original network. */
  readonly original: PruningStage | null;
}

/** Measures both networks, and writes the pruned one, with the record of the run if there is one. */
export async function finishPruning(
  { network, residual, steps, cut }: PrunedInSteps,
  { job, context, original }: JobWithOriginal,
): Promise<PruneResult> {
  const { sizes, withLatencies } = await import('../../report/measured-network.ts');
  const { deployPruned } = await import('../../deploy/deploy-pruned.ts');
  const {
    options: { size, benchSeconds: seconds, verify, granularity, insertBatchnorm, form: written },
    model: { form },
    executor,
    retraining,
  } = job;
  const folds = insertBatchnorm === true && retraining?.distillation != null;
  const deploying = { executor, form: written, seconds, size, types: form, verify, folds };
  const deployed = await deployPruned(network, granularity, deploying);
  const last = steps.at(-1)!.stages.at(-1) ?? null;
  const measured = (network: Graph, stage: PruningStage | null, layers?: readonly LayerPoint[]): Measured => {
    const graph = form.restore(network);
    const measures = { ...sizes(graph, size), ...accuracyIn(stage) };
    return { graph, measures, ...(layers ? { layers } : {}) };
  };
  const both = [measured(job.original.network, original), measured(deployed.graph, last, deployed.layers)];
  const restored = verify ? await restorationError(deployed.graph, form, job.executor) : null;
  const [before, after] = (await withLatencies(both, { seconds, size, signal: context.signal })) as [
    Measured,
    Measured,
  ];
  const leftAlone = [
    ...cut.units.flatMap(({ name, reason }) => (reason === undefined ? [] : [{ name, reason }])),
    ...namedReasons(deployed.leftAlone),
  ];
  job.run?.record({ type: 'prune-groups', groups: cut.units });
  const model = await write(
    { before, after },
    {
      job,
      leftAlone,
      beside: { ...deployed.beside, ...(residual && { 'residual.onnx': form.restore(residual) }) },
    },
  );
  const errors = [deployed.error, restored, ...steps.map(({ error }) => error)].filter(
    (error) => error !== null,
  );
  return {
    model,
    before: before.measures,
    after: after.measures,
    error: errors.length === 0 ? null : Math.max(...errors),
    leftAlone,
    outputs: last && { outputError: last.outputError, outputErrors: last.outputErrors },
    gain: deployed.gain,
    compiled: job.run && (await compiledRun(job.run, job.options, context)),
  };
}

const accuracyIn = (stage: PruningStage | null) =>
  stage?.top1 == null || stage.top5 === null ? {} : { top1: stage.top1, top5: stage.top5 };

interface PrunedFiles {
  readonly job: PruneJob;
  readonly leftAlone: PruneResult['leftAlone'];
  readonly beside: Readonly<Record<string, Graph>>;
}

async function write(
  { before, after }: { readonly before: Measured; readonly after: Measured },
  { job: { run, data, options, model }, leftAlone, beside }: PrunedFiles,
): Promise<string> {
  if (run) {
    const { finishRun } = await import('../training/result.ts');
    run.record({ type: 'left-alone', layers: leftAlone });
    const images = data ? { data: data.set, preprocessing: data.preprocessing } : {};
    return finishRun({ run, model, ...images }, { before, after }, beside);
  }
  await writeModel(after.graph, options.out!, { form: model.form, preprocessing: data?.preprocessing });
  return options.out!;
}
