import type { Deployment } from '../../deploy/deploy.ts';
import { deploy } from '../../deploy/deploy-here.ts';
import { namedReasons } from '../../graph/edit/refused.ts';
import { formatDuration } from '../../numeric/quantities.ts';
import { printableLine } from '../../printable.ts';
import { expectFloatWeights } from '../../quantization/expect-float.ts';
import { hardlyFaster } from '../../report/deployed-network.ts';
import { disturbance } from '../../report/latency.ts';
import type { Recipe, RunDirectory } from '../../training/run-directory.ts';
import type { Context, Output } from '../command.ts';
import { inputOptions } from '../input-flags.ts';
import { loadModel } from '../model.ts';
import { openRun } from '../training/recipe.ts';
import { expectOtherFile } from '../write-model.ts';
import type { DeploySettings } from './flags.ts';
import { quantizeModel } from './quantize.ts';
import { describeDeployment } from './result.ts';
import { writeDeployment } from './write.ts';

/** A run that is about to start or to resume. */
export interface PlannedDeployment {
  readonly settings: DeploySettings;
  readonly recipe: Recipe;
  readonly existing: RunDirectory | null;
}

/** Deploys a network into a file, or into a run directory. */
export async function runDeployment(planned: PlannedDeployment, context: Context): Promise<Output> {
  const { settings } = planned;
  const { out } = settings;
  const began = performance.now();
  expectOtherFile(settings.model, out);
  const model = await loadModel(settings.model, context, inputOptions(settings));
  if (settings.int8) expectFloatWeights(model.graph, '--int8', model.name);
  const run = await openRun(planned);
  const { target, threads, seconds, size, cache, verify } = settings;
  const made = await deploy(model, {
    ...{ target, threads, seconds, size, cache, verify },
    signal: context.signal,
    onLayer: ({ name, best, cached }) =>
      context.note(`${name}: ${best.form}${cached ? ', cached time' : ''}`),
  });
  const { graph: deployed, float32, ...facts } = made;
  const quantized = settings.int8
    ? await quantizeModel({ model: { ...model, graph: float32 }, settings, seconds, threads }, context)
    : { graph: deployed, int8: null, lines: [] };
  const { graph, int8, lines } = quantized;
  const tried = { ...facts, threads, int8 };
  const path = await writeDeployment(
    { network: model.given, quick: float32, graph },
    { run, settings, facts: tried },
  );
  warn(facts, { path, inIntegers: int8 !== null }, context);
  const took = (performance.now() - began) / 1000;
  const data = {
    ...{ out, model: path, target, ...tried, seconds: took },
    leftAlone: namedReasons(facts.leftAlone),
    int8: int8 && { ...int8, leftAlone: namedReasons(int8.leftAlone) },
  };
  const text = [
    describeDeployment(facts),
    ...lines.map(printableLine),
    printableLine(`written to ${path} in ${formatDuration(took)}`),
  ];
  return { data, text: text.join('\n') };
}

interface DeployedFile {
  readonly path: string;
  readonly inIntegers: boolean;
}

function warn(facts: Omit<Deployment, 'graph'>, { path, inIntegers }: DeployedFile, context: Context): void {
  const hardly = inIntegers ? null : hardlyFaster(facts);
  if (hardly) context.warn(hardly);
  const disturbed = disturbance([{ path, ...facts.latency }]);
  if (disturbed) context.warn(disturbed);
}
