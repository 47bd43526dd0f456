import type { Matrix } from 'ml-matrix';
import { type ProbeContext, requireCalibration } from '../../calibration/probe.ts';
import { cloneGraph } from '../../graph/clone.ts';
import { type Refusal, type Refused, refuse } from '../../graph/edit/refused.ts';
import type { Graph } from '../../graph/graph.ts';
import { changeLayer } from './change-layer.ts';
import { errorAfter, errorBefore, solve } from './least-squares.ts';
import type { LinearLayer } from './linear-layer.ts';
import { normalEquations, type Observed } from './normal-equations.ts';
import { findRefits, type KeptFilters } from './refits.ts';
import { restoreStatistics } from './restore-statistics.ts';
import { type SampledRefit, sampleTargets } from './samples.ts';

/** Options of {@link reconstruct}. */
export interface ReconstructOptions extends ProbeContext {
  readonly original: Graph;
  readonly pruned: Graph;
  /** The filters that the pruned network keeps, by the name of a layer's output; all where it is not told. */
  readonly keptFilters: KeptFilters;
  /** Weight of ‖ΔW‖² relative to the inputs' own squares; default: what does best on images that are held out. */
  readonly ridge?: number;
  /** Draws the places at which layers are compared; default 0. */
  readonly seed?: number;
}

/** ‖ŷ − y‖²/‖y‖² of a layer's output on images that the fit has not seen. */
export interface RefitLayer {
  readonly name: string;
  readonly errorBefore: number;
  readonly errorAfter: number;
}

/** A pruned network whose weights were fit to the original's outputs. */
export interface Reconstruction {
  readonly graph: Graph;
  readonly layers: readonly RefitLayer[];
  readonly skipped: readonly Refused[];
}

/**
 * Fits the weights and the bias of every layer that lost inputs, from the first on, so that it gives what the original's
 * layer does (the reconstruction of He et al., Channel Pruning, ICCV 2017, arXiv:1707.06168): least squares over places of
 * calibration images, from what the layer reads in the pruned network, earlier fits included. The ridge holds weights to
 * what they were, ours. A fit is taken only where the error falls on images that were held out. Normalisations have the
 * original's statistics again: those of the cut network, recalibrated, would not suit what layers then give.
 *
 * @example
 * const options = { executor: onnxruntime, target: { measure: 'macs', fraction: 0.5 } } as const;
 * const { prepared, graph: pruned, keptFilters } = await pruneChannels(network, options);
 * const { graph, layers } = await reconstruct({
 *   original: prepared.graph,
 *   pruned,
 *   keptFilters,
 *   calibration,
 *   executor: onnxruntime,
 * });
 */
export async function reconstruct(options: ReconstructOptions): Promise<Reconstruction> {
  const { original, pruned, keptFilters, ridge, executor, seed = 0 } = options;
  const calibration = requireCalibration(options.calibration, 'reconstruction');
  const context = { calibration, executor };
  const graph = cloneGraph(pruned);
  restoreStatistics(graph, original, keptFilters);
  const { refits, skipped } = findRefits(original, graph, keptFilters);
  const layers: RefitLayer[] = [];
  if (refits.length === 0) return { graph, layers, skipped };
  for (const sampled of await sampleTargets(original, refits, { ...context, seed })) {
    const fit = { ...sampled, ridges: ridge === undefined ? RIDGES : [ridge] };
    const result = await refitLayer(graph, fit, context);
    if (result.errorAfter < result.errorBefore) layers.push(result);
    else skipped.push({ ...noBetter(result), where: result.name });
  }
  return { graph, layers, skipped };
}

/** Few samples of many inputs want a strong one. */
const RIDGES = [1e-4, 1e-2, 0.1, 1];

interface Fit extends SampledRefit {
  readonly ridges: readonly number[];
}

/** Changes the layer where that helps. */
async function refitLayer(
  graph: Graph,
  { refit, runs, ridges }: Fit,
  context: ProbeContext,
): Promise<RefitLayer> {
  const { layer, name } = refit;
  const equations = await normalEquations(graph, { refit, runs }, context);
  const { changes, error } = bestFit(equations, layer, ridges);
  const result = { name, errorBefore: errorBefore(equations.held), errorAfter: error };
  if (result.errorAfter < result.errorBefore) changeLayer(graph, layer, changes);
  return result;
}

/** The fit of the first ridge that a stronger one does not better on the samples held out. */
function bestFit({ fit, held }: Observed, layer: LinearLayer, ridges: readonly number[]) {
  let best: { changes: Matrix[]; error: number } | null = null;
  for (const ridge of ridges) {
    const changes = solve(fit, layer, ridge);
    const error = errorAfter(held, layer, changes);
    if (best && !(error < best.error)) break;
    best = { changes, error };
  }
  return best!;
}

function noBetter({ errorBefore: before, errorAfter: after }: RefitLayer): Refusal {
  if (before === 0) return refuse('unsupported', 'its output did not change');
  return refuse(
    'inexact',
    `the fit has an error of ${after.toExponential(1)}, more than the ${before.toExponential(1)} without it`,
  );
}
