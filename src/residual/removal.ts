import type { Graph } from '../graph/graph.ts';
import { matcherOf } from '../graph/name-globs.ts';
import { isOperator } from '../graph/operators/index.ts';
import { extents, type ImageSize } from '../measure/image-size.ts';
import { costs, type NetworkCost } from '../measure/macs.ts';
import {
  foldBatchNormalization,
  foldConstants,
  formsOf,
  mergeLinearPairs,
  type NetworkForms,
  verifyEquivalent,
} from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import type { Executor } from '../runtime/executor.ts';
import { type ConvertedResiduals, type ConvertOptions, convertResiduals } from './convert-residuals.ts';
import { residualDefaults } from './defaults.ts';

/** Options of {@link removeResiduals}. */
export interface RemoveResidualsOptions extends Omit<ConvertOptions, 'only'> {
  /** Converts only the blocks whose Add nodes this glob names; default: all. */
  readonly only?: string | undefined;
  /** Merges consecutive convolutions without an activation between them, even where that costs more. Default false. */
  readonly fuse?: boolean;
  /** Compares the result with the network that was given; default true. */
  readonly verify?: boolean;
  /** Height and width, where the network leaves them open. */
  readonly size?: ImageSize | undefined;
  /** Default: onnxruntime. */
  readonly executor?: Executor;
}

/** A network without the residual connections that could be removed. */
export interface PlainNetwork extends ConvertedResiduals {
  /** Pairs of convolutions that became one. */
  readonly fused: number;
  /** The largest error against the network given, relative to its largest output; null where nothing was compared. */
  readonly error: number | null;
  /** With BatchNormalization folded. */
  readonly before: NetworkCost;
  readonly after: NetworkCost;
}

/**
 * Makes a plain chain of a residual network: constants and BatchNormalization are folded, each block y = f(x) + s(x) is
 * converted (see {@link convertResiduals}), and the result is compared with the network given. Blocks that cannot be converted
 * stay, each with its reason. Throws `verification` where the networks differ, `usage` where `only` names no Add.
 *
 * @example
 * const { graph, converted, refusals } = await removeResiduals(readModelFile('resnet56.onnx'));
 */
export async function removeResiduals(
  network: Graph | NetworkForms,
  options: RemoveResidualsOptions = {},
): Promise<PlainNetwork> {
  const { executor = await defaultExecutor(), only, maxGrowth, size } = options;
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
    before: costOf(folded, size),
    after: costOf(plain, size),
  };
}

/** Which additions a glob names; throws `usage` where it names none. */
function additionsNamed(glob: string, { nodes }: Graph): (name: string) => boolean {
  const additions = nodes.filter((node) => isOperator(node, 'Add') || isOperator(node, 'Sum'));
  const names = additions.map(({ name, outputs }) => name || outputs[0]!.name);
  return matcherOf([glob], names, { option: '`only`', what: 'Add' });
}

function costOf(network: Graph, size: ImageSize | undefined): NetworkCost {
  const { macs, parameters } = costs(network, { size });
  return { macs, parameters };
}
