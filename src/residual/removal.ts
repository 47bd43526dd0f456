import type { Graph } from '../graph/graph.ts';
import { matcherOf } from '../graph/name-globs.ts';
import { isOperator } from '../graph/operators/index.ts';
import { extents, type ImageSize } from '../measure/image-size.ts';
import { type NetworkCost, networkCost } from '../measure/macs.ts';
import {
  foldBatchNormalization,
  foldConstants,
  formsOf,
  mergeLinearPairs,
  type NetworkForms,
  verifyEquivalent,
} from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { type ConvertedResiduals, type ConvertOptions, convertResiduals } from './convert-residuals.ts';
import { residualDefaults } from './defaults.ts';

/** Options of {@link plainForm}. */
export interface PlainFormOptions extends Omit<ConvertOptions, 'only'> {
  /** A glob of Add nodes whose blocks are converted; default: all. */
  readonly only?: string | undefined;
  /**
   * Whether to merge consecutive convolutions without an activation between them, even if that is more costly. Default false.
   */
  readonly fuse?: boolean;
  /** Whether to compare the result with the given network; default true. */
  readonly verify?: boolean;
  /** Height and width, if the network leaves them open. */
  readonly size?: ImageSize | undefined;
  /** Evaluates constants and verifies. */
  readonly executor: Executor;
}

/** A network whose residual connections were removed as far as possible. */
export interface PlainNetwork extends ConvertedResiduals {
  /** Number of merged pairs of convolutions. */
  readonly fused: number;
  /** The largest error against the given network, relative to its largest output; null if not verified. */
  readonly error: number | null;
  /** Costs with BatchNormalization folded, before the conversion. */
  readonly before: NetworkCost;
  readonly after: NetworkCost;
}

/**
 * Makes a plain chain of a residual network: folds constants and BatchNormalization, converts each block y = f(x) + s(x) (see
 * {@link convertResiduals}), and compares the result with the given network. Blocks that cannot be converted are kept, with
 * the reason. Throws `verification` if the outputs differ, `usage` if `only` matches no Add.
 *
 * @example
 * import * as ort from 'onnxruntime-web';
 * const { graph, converted, refusals } = await plainForm(network, { executor: onnxruntimeWeb(ort) });
 */
export async function plainForm(
  network: Graph | NetworkForms,
  options: PlainFormOptions,
): Promise<PlainNetwork> {
  const { executor, only, maxGrowth, size } = options;
  const {
    middle = residualDefaults.middle,
    fuse = residualDefaults.fuse,
    verify = residualDefaults.verify,
  } = options;
  const { graph: prepared, given, form } = await formsOf(network, executor);
  const folded = foldBatchNormalization(await foldConstants(prepared, executor)).graph;
  const isChosen = only === undefined ? undefined : additionsNamed(only, folded);
  const { graph: chain, ...rest } = convertResiduals(folded, { middle, maxGrowth, only: isChosen });
  const { graph: plain, changed: fused } = fuse
    ? mergeLinearPairs(chain, { growth: Number.POSITIVE_INFINITY })
    : { graph: chain, changed: 0 };
  const graph = form.restore(plain);
  const isCompared = verify && (rest.converted.length > 0 || fused > 0);
  const at = size === undefined ? {} : { size: extents(size) };
  return {
    ...rest,
    graph,
    fused,
    error: isCompared ? (await verifyEquivalent(given, graph, { executor, ...at })).error : null,
    before: networkCost(folded, { size }),
    after: networkCost(plain, { size }),
  };
}

/** Returns a test for the Adds that a glob matches. Throws `usage` if it matches none. */
function additionsNamed(glob: string, { nodes }: Graph): (name: string) => boolean {
  const additions = nodes.filter((node) => isOperator(node, 'Add') || isOperator(node, 'Sum'));
  const names = additions.map(({ name, outputs }) => name || outputs[0]!.name);
  return matcherOf([glob], names, { option: '`only`', what: 'Add' });
}
