import * as v from 'valibot';
import { type ProbeContext, requireCalibration } from '../calibration/probe.ts';
import { EspalierError } from '../errors.ts';
import type { Refused } from '../graph/edit/refused.ts';
import { type Graph, nodeLabel, nodeTitle } from '../graph/graph.ts';
import { matcherOf } from '../graph/name-globs.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { expectOptions, type OptionSchemas } from '../option-schemas.ts';
import { canonicalForm, expectFloat32, foldNetwork, withKnownShapes } from '../rewrite/index.ts';
import { quantizationDefaults as defaults } from './defaults.ts';
import { mergeMatMulAndBias } from './gemm-from-matmul.ts';
import { insertQuantization } from './insert.ts';
import { layerErrors } from './layer-errors.ts';
import { correctBias, roundLayers } from './layers.ts';
import { type CalibrationMethod, observeRanges } from './observe-ranges.ts';
import { isQuantized } from './operators.ts';
import { type Int8Plan, planInt8 } from './plan.ts';
import type { RoundedLayer } from './quantized-values.ts';
import { activationScales } from './shared-scales.ts';

/** Options of {@link quantizeCalibrated}. */
export interface QuantizeOptions {
  /** How ranges are derived from activations. Default 'minmax'. */
  readonly calibration?: CalibrationMethod;
  /** Globs of node names of layers that stay in floating point. Default: none. */
  readonly floatLayers?: readonly string[];
  /** Bits of weights; 7 avoids overflow of int16 in sums of two products, on x86 without VNNI. Default 8. */
  readonly weightBits?: 7 | 8;
  /** Whether each output channel of a weight has its own scale; default true. */
  readonly perChannel?: boolean;
  /** Whether biases compensate the mean error of their channel; default true. */
  readonly correctBias?: boolean;
}

const METHODS = "expected 'minmax', or a percentile above 50, up to 100";
const percentile = v.pipe(v.number(METHODS), v.gtValue(50, METHODS), v.maxValue(100, METHODS));

const schemas: OptionSchemas<QuantizeOptions> = {
  calibration: v.union([v.literal('minmax'), v.object({ percentile })], METHODS),
  weightBits: v.picklist([7, 8], 'expected 7 or 8'),
};

/** A layer whose weights were quantised. */
export interface QuantizedLayer {
  readonly name: string;
  readonly bits: 7 | 8;
  /** Whether its sums are integers, too; else only its weights are stored as integers. */
  readonly computesInInt8: boolean;
  /** Signal-to-quantisation-noise ratio of its output if only this layer is rounded, in dB. */
  readonly sqnrDb: number;
}

/** A network in QDQ form with 8-bit weights and activations. */
export interface Quantized {
  readonly graph: Graph;
  readonly layers: readonly QuantizedLayer[];
  /** Nodes that stay in floating point, with the reason. */
  readonly leftAlone: readonly Refused[];
}

/**
 * Static post-training quantisation in QDQ form (Jacob et al., CVPR 2018; Nagel et al., arXiv:2106.08295): symmetric int8
 * weights with a scale per channel, asymmetric uint8 activations with ranges observed on calibration images, int32 biases.
 * The network is folded first; inputs and outputs stay float32. Throws `unsupported` if no layer can run on integers; `usage`
 * without images, for a glob that matches nothing, for a percentile out of range, and for a network that is already
 * quantised; `diverged` if activations are not finite.
 *
 * @example
 * const context = { calibration, executor: onnxruntime };
 * const { graph, leftAlone } = await quantizeCalibrated(network, context, { calibration: { percentile: 99.99 } });
 */
export async function quantizeCalibrated(
  network: Graph,
  context: ProbeContext,
  options: QuantizeOptions = {},
): Promise<Quantized> {
  expectOptions(schemas, options);
  const method = options.calibration ?? defaults.calibration;
  requireCalibration(context.calibration, 'quantisation');
  const graph = await prepare(network, context);
  const plan = planInt8(graph, floatLayers(graph, options.floatLayers ?? []));
  if (![...plan.rows.values()].some(({ axis }) => axis)) throw nothingToQuantize(graph, plan);
  const ranges = await observeRanges(graph, plan.rounded, { context, method });
  const scales = activationScales(graph, plan, ranges);
  const { weightBits: bits = defaults.weightBits, perChannel = true } = options;
  const uncorrected = roundLayers(plan, scales, { bits, perChannel });
  const errors = await layerErrors(graph, uncorrected, context);
  const corrects = ({ takesBias }: RoundedLayer) => takesBias && options.correctBias !== false;
  const layers = uncorrected.map((layer) =>
    corrects(layer) ? correctBias(layer, errors.get(layer.node)!, { bits, perChannel }) : layer,
  );
  const described = layers.map((layer) => {
    const { sqnrDb, centredSqnrDb } = errors.get(layer.node)!;
    return describe(layer, { bits, sqnrDb: corrects(layer) ? centredSqnrDb : sqnrDb });
  });
  insertQuantization(graph, { plan, scales, layers });
  return { graph, leftAlone: plan.leftAlone, layers: described };
}

const describe = (
  { node, input }: RoundedLayer,
  figures: Pick<QuantizedLayer, 'bits' | 'sqnrDb'>,
): QuantizedLayer => ({
  name: nodeTitle(node),
  computesInInt8: input !== null,
  ...figures,
});

/** A folded copy for quantisation: only exact rewrites that do not change its layers are applied. */
async function prepare(network: Graph, { executor }: ProbeContext): Promise<Graph> {
  expectFloat32(network);
  const quantized = network.nodes.find(isQuantized);
  if (quantized) {
    const message = 'expected a float network, found one that is already quantised';
    throw new EspalierError('usage', message, { where: nodeLabel(quantized) });
  }
  const only = ['leftovers', 'pad', 'batchnorm'] as const;
  const known = await withKnownShapes(canonicalForm(network).graph, executor);
  const { graph } = await foldNetwork(known.graph, { executor, only });
  inferShapes(graph);
  mergeMatMulAndBias(graph);
  return graph;
}

const floatLayers = (graph: Graph, globs: readonly string[]): ((name: string) => boolean) =>
  matcherOf(globs, graph.nodes.map(nodeTitle), { option: '`floatLayers`', what: 'layer' });

function nothingToQuantize(graph: Graph, { leftAlone }: Int8Plan): EspalierError {
  const first = leftAlone[0];
  const reason = first ? ` (${first.where}: ${first.reason})` : '';
  const message = `expected a layer that can run on 8-bit integers, found none${reason}`;
  return new EspalierError('unsupported', message, { where: graph.name });
}
