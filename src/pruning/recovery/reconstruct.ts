import type { Matrix } from 'ml-matrix';
import { type ProbeContext, requireCalibration } from '../../calibration/probe.ts';
import { cloneGraph } from '../../graph/clone.ts';
import { type Refusal, type Refused, refuse } from '../../graph/edit/refused.ts';
import type { Graph } from '../../graph/graph.ts';
import { changeLayer } from './change-layer.ts';
import { errorAfter, errorBefore, solve } from './least-squares.ts';
import type { LinearLayer } from './linear-layer.ts';
import { type FitAndHeldOut, normalEquations } from './normal-equations.ts';
import { findRefits, type KeptFilters } from './refits.ts';
import { type SampledRefit, sampleTargets } from './samples.ts';

/** Options of {@link reconstruct}. */
export interface ReconstructOptions extends ProbeContext {
  readonly original: Graph;
  /** The network as the cut left it: BatchNormalization has the statistics of the original. */
  readonly pruned: Graph;
  /** The filters that the pruned network keeps, by the name of a layer's output; layers without entry keep all. */
  readonly keptFilters: KeptFilters;
  /** Weight of ‖ΔW‖² relative to the sums of squared inputs; default: the one with the smallest error on held-out images. */
  readonly ridge?: number;
  /** Seed of the random positions at which layers are compared; default 0. */
  readonly seed?: number;
}

/** The relative squared error ‖ŷ − y‖²/‖y‖² of a layer's output on held-out images, before and after the fit. */
export interface RefitLayer {
  readonly name: string;
  readonly errorBefore: number;
  readonly errorAfter: number;
}

/** A pruned network with weights fitted to the original's outputs. */
export interface Reconstruction {
  readonly graph: Graph;
  readonly layers: readonly RefitLayer[];
  readonly skipped: readonly Refused[];
}

/**
 * Fits weights and bias of every layer that lost inputs or lies behind one that did, in order, so that it computes the output
 * of the original's layer (the reconstruction of He et al., Channel Pruning, ICCV 2017, arXiv:1707.06168): least squares over
 * positions of calibration images, where the layer reads the pruned network with all earlier fits. The ridge towards the
 * previous weights is ours. A fit is accepted only if it reduces the error on held-out images. Statistics of BatchNormalization
 * remain those of the original, which the fitted outputs have: recalibrated ones do not match them.
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

/** The candidate ridges; few samples of many inputs need a strong one. */
const RIDGES = [1e-4, 1e-2, 0.1, 1];

interface Fit extends SampledRefit {
  readonly ridges: readonly number[];
}

/** Fits a layer, and changes it if that reduces the error. */
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

/** The fit with the smallest ridge that no stronger one improves on the held-out samples. */
function bestFit({ fit, held }: FitAndHeldOut, layer: LinearLayer, ridges: readonly number[]) {
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
