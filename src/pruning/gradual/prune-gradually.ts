import type { Graph } from '../../graph/graph.ts';
import { separateUniform, verifyEquivalent } from '../../rewrite/index.ts';
import { criteria } from '../criteria/index.ts';
import { type RetrainingJob, rankingOptions } from '../iterative/job.ts';
import type { PruningSettings } from '../iterative/settings.ts';
import { type PruningStage, stageOf } from '../iterative/stages.ts';
import { type PrunedInSteps, partsLeft } from '../iterative/steps.ts';
import { type PreparedNetwork, prepareChannels } from '../prepared-network.ts';
import { type UnitOutcome, unitOutcome } from '../prune-channels.ts';
import { expectLayers } from '../rank-channels.ts';
import type { PruningUnit } from '../ranking/units.ts';
import { untiedScheme } from '../untied/untied-scheme.ts';
import { criterionScores } from './criterion-scores.ts';
import { recalibrateTrained } from './recalibrate-trained.ts';
import { costingOf, type GradualScheme, lossReads } from './scheme.ts';
import { tiedCosts } from './tied-costs.ts';
import { tiedSets } from './tied-sets.ts';
import { trainGradually } from './train-gradually.ts';

/**
 * Prunes a network while it trains, in a single run, and recalibrates it at the end. The result is compared with the trained,
 * masked network.
 */
export async function pruneGradually(job: RetrainingJob): Promise<PrunedInSteps> {
  const { settings, executor, original } = job;
  const { target, layerRatios = [] } = settings;
  const scheme = await schemes[settings.residual](separateUniform(original.graph), job);
  const { prepared, sets, finish } = scheme;
  expectLayers(layerRatios, prepared);
  const {
    network: masked,
    state,
    epochs,
    controller,
  } = await trainGradually(job, { ...scheme, ...scoring(prepared, job) });
  const trained = controller.reduced(state);
  const errors = settings.verify ? [(await verifyEquivalent(masked, trained, { executor })).error] : [];
  const { network: recalibrated, stages } = await recovered(trained, job);
  const network = finish?.(recalibrated) ?? recalibrated;
  if (finish && settings.verify)
    errors.push((await verifyEquivalent(recalibrated, network, { executor, tolerance: EXACT })).error);
  const error = settings.verify ? Math.max(...errors) : null;
  const units = sets.units.map((unit) => outcome(unit, controller.pruned()));
  const step = {
    step: 1,
    target,
    met: controller.met(),
    left: partsLeft(network, job),
    error,
    stages,
    epochs,
  };
  const { step: number, epochs: _, ...recorded } = step;
  job.run?.record({ type: 'prune-step', number, ...recorded });
  const cut = { network, controller: null, masks: null, units, met: step.met, error, reconstruction: null };
  return { network, steps: [step], cut, ...(finish && { residual: recalibrated }) };
}

/** The error that a conversion to a plain network may have. */
const EXACT = 1e-5;

const schemes: Readonly<
  Record<PruningSettings['residual'], (network: Graph, job: RetrainingJob) => Promise<GradualScheme>>
> = { tied: tiedScheme, untied: untiedScheme };

async function tiedScheme(network: Graph, job: RetrainingJob): Promise<GradualScheme> {
  const prepared = await prepareChannels(network, job.executor, job.original);
  const sets = tiedSets(prepared, lossReads(prepared.graph, job));
  return { prepared, sets, costs: await tiedCosts(prepared, costingOf(job)) };
}

/** The scores of the settings' criterion; gradients by default. */
function scoring(prepared: PreparedNetwork, job: RetrainingJob) {
  const { criterion } = job.settings;
  return criterion === 'taylor' || criterion === criteria.taylor
    ? {}
    : { score: criterionScores(prepared, { ...rankingOptions(job), per: null }) };
}

async function recovered(
  trained: Graph,
  job: RetrainingJob,
): Promise<{ readonly network: Graph; readonly stages: readonly PruningStage[] }> {
  const { retraining, settings } = job;
  const stage = retraining.distillation ? 'distilled' : 'retrained';
  const stages = [await stageOf(trained, job, { stage, step: 1 })];
  if (settings.recover?.length === 0) return { network: trained, stages };
  const network = await recalibrateTrained(trained, job);
  return { network, stages: [...stages, await stageOf(network, job, { stage: 'recalibrate', step: 1 })] };
}

function outcome(unit: PruningUnit, pruned: ReadonlySet<number>): UnitOutcome {
  const { sets, reasons } = unit;
  const kept = sets.filter((root) => !pruned.has(root)).length;
  const [reason] = reasons.values();
  return unitOutcome(unit, { original: sets.length, kept, reason });
}
