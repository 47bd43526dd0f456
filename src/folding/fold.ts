import type { Refused } from '../graph/edit/refused.ts';
import type { Graph } from '../graph/graph.ts';
import { expectNoGrowth } from '../measure/growth.ts';
import { extents, type ImageSize } from '../measure/image-size.ts';
import {
  type FoldingName,
  foldNetwork,
  formsOf,
  type NetworkForms,
  signatureOf,
  toleranceOf,
  verifyEquivalent,
  withElementType,
  withSignature,
} from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import type { Executor } from '../runtime/executor.ts';
import { foldDefaults } from './defaults.ts';

/** Options of {@link fold}. */
export interface FoldOptions {
  /** Rewrites to apply; default: all. */
  readonly only?: readonly FoldingName[] | undefined;
  /** Merged layers may have this many times the multiply-accumulates and weights of their parts; default 1. */
  readonly growth?: number | undefined;
  /** Converts the network, with its inputs and outputs; default: it keeps its types. */
  readonly elementType?: 'float32' | 'float16' | undefined;
  /** Compares the result with the network that was given; default true. */
  readonly verify?: boolean;
  /** Height and width, where the network leaves them open. */
  readonly size?: ImageSize | undefined;
  /** Default: onnxruntime. */
  readonly executor?: Executor;
}

/** A folded network, and how it compares with the network given. */
export interface FoldedNetwork {
  readonly graph: Graph;
  /** How many nodes were rewritten. */
  readonly changed: number;
  /** The same by rewrite. */
  readonly counts: { readonly [N in FoldingName]?: number };
  readonly refusals: readonly Refused[];
  /** The largest error against the network given, relative to its largest output; null where nothing was compared. */
  readonly error: number | null;
  /** Whether the result is the network that was given. */
  readonly unchanged: boolean;
}

/**
 * Folds BatchNormalization, padding, consecutive linear layers, parallel branches and redundant nodes into convolutions, and
 * compares the result with the network given. Throws `verification` where they differ, or the result is larger.
 *
 * @example
 * const { graph, counts, error } = await fold(readModelFile('model.onnx'));
 */
export async function fold(network: Graph | NetworkForms, options: FoldOptions = {}): Promise<FoldedNetwork> {
  const { executor = await defaultExecutor(), only, elementType, size } = options;
  const { growth = foldDefaults.growth, verify = foldDefaults.verify } = options;
  const forms = await formsOf(network, executor);
  const folded = await foldNetwork(forms.graph, { executor, only, growth });
  const { changed, counts, refusals } = folded;
  const graph = elementType ? withElementType(folded.graph, elementType) : forms.form.restore(folded.graph);
  const unchanged = changed === 0 && !elementType && folded.graph.nodes.length === forms.given.nodes.length;
  const made = { graph, changed, counts, refusals, unchanged };
  if (!verify || unchanged) return { ...made, error: null };
  const error = await errorOf(forms, graph, { executor, size });
  if (!elementType) {
    const before = [forms.given, forms.form.restore(folded.withConstants)];
    expectNoGrowth({ before, after: graph, rewrite: 'folding', growth: Math.max(1, growth) });
  }
  return { ...made, error };
}

/** Against the network given, or its float32 form where nothing runs the network; inputs and outputs are cast to its types. */
async function errorOf(
  { given, graph, form }: NetworkForms,
  made: Graph,
  { executor, size }: { readonly executor: Executor; readonly size: ImageSize | undefined },
): Promise<number> {
  const before = form.elementType === 'bfloat16' ? graph : given;
  const isHalf = [given, made].some(({ inputs }) => inputs.some(({ dtype }) => dtype === 'float16'));
  const tolerance = toleranceOf(isHalf || form.elementType === 'float16' ? 'float16' : 'float32');
  const after = withSignature(made, signatureOf(before));
  const at = size === undefined ? {} : { size: extents(size) };
  return (await verifyEquivalent(before, after, { executor, tolerance, ...at })).error;
}
