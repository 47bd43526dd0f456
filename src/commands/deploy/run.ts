import { type Deployment, deployNetwork } from '../../deploy/deploy.ts';
import { inElementType, openTimer } from '../../measure/runtimes.ts';
import { printableLine } from '../../printable.ts';
import { formatDuration } from '../../report/quantities.ts';
import { defaultExecutor } from '../../runtime/default-executor.ts';
import type { Recipe, RunDirectory } from '../../training/run-directory.ts';
import { disturbance } from '../bench/result.ts';
import type { Context, Output } from '../command.ts';
import { inputOptions } from '../input-flags.ts';
import { type LoadedModel, loadModel } from '../model.ts';
import { expectFloatWeights } from '../quantized.ts';
import { openRun } from '../training/recipe.ts';
import { expectOtherFile } from '../write-model.ts';
import type { DeploySettings } from './flags.ts';
import { quantizeIfAsked } from './quantize.ts';
import { describeDeployment, hardlyFaster } from './result.ts';
import { write } from './write.ts';

/** A run that is about to start, or to be done again. */
export interface PlannedDeployment {
  readonly settings: DeploySettings;
  readonly recipe: Recipe;
  readonly existing: RunDirectory | null;
}

/** Deploys a network into a file, or a folder that records the run. */
export async function runDeployment(planned: PlannedDeployment, context: Context): Promise<Output> {
  const { settings } = planned;
  const { out, target, threads, seconds } = settings;
  const began = performance.now();
  expectOtherFile(settings.model, out);
  const model = await loadModel(settings.model, context, inputOptions(settings));
  if (settings.int8) expectFloatWeights(model.graph, '--int8', model.name);
  const run = await openRun(planned);
  const { engine: timedIn, deployment } = await deployed(model, settings, context);
  const { graph: quick, ...facts } = deployment;
  const quantized = await quantizeIfAsked(quick, { model, settings, seconds, threads }, context);
  const { int8, lines } = quantized;
  // Integers work on float32; inputs and outputs keep their types.
  const graph = int8 ? model.form.restoreSignature(quantized.graph) : model.form.restore(quick);
  const tried = { ...facts, engine: timedIn, threads, int8 };
  const path = await write({ network: model.given, quick, graph }, { run, settings, tried });
  warn(facts, { path, inIntegers: int8 !== null }, context);
  const took = (performance.now() - began) / 1000;
  const data = { out, model: path, target, ...tried, seconds: took };
  const text = [
    describeDeployment(facts),
    ...lines.map(printableLine),
    printableLine(`written to ${path} in ${formatDuration(took)}`),
  ];
  return { data, text: text.join('\n') };
}

async function deployed(
  { graph, given, form }: LoadedModel,
  { target, threads, seconds, size, cache, verify }: DeploySettings,
  context: Context,
): Promise<{ readonly deployment: Deployment; readonly engine: string }> {
  const { timer, close } = await openTimer(target, { threads, cache, signal: context.signal });
  try {
    const deployment = await deployNetwork(graph, {
      executor: await defaultExecutor(),
      timer: inElementType(timer, form),
      size,
      seconds,
      verify,
      reference: { graph: given, restore: form.restore },
      onLayer: ({ name, best, cached }) =>
        context.note(`${name}: ${best.form}${cached ? ', cached time' : ''}`),
    });
    return { deployment, engine: timer.engine };
  } finally {
    await close();
  }
}

interface Written {
  readonly path: string;
  readonly inIntegers: boolean;
}

function warn(facts: Omit<Deployment, 'graph'>, { path, inIntegers }: Written, context: Context): void {
  const hardly = inIntegers ? null : hardlyFaster(facts);
  if (hardly) context.warn(hardly);
  const disturbed = disturbance([{ path, ...facts.latency }]);
  if (disturbed) context.warn(disturbed);
}
