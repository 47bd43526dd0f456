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
import type { Executor } from '../runtime/executor.ts';
import { foldDefaults } from './defaults.ts';

/** Options of {@link foldAndVerify}. */
export interface VerifiedFoldOptions {
  /** The rewrites to apply; default: all. */
  readonly only?: readonly FoldingName[] | undefined;
  /** Merged layers may have up to this many times the multiply-accumulates and weights of their parts; default 1. */
  readonly growth?: number | undefined;
  /** Converts the network including its inputs and outputs; default: types are kept. */
  readonly elementType?: 'float32' | 'float16' | undefined;
  /** Whether to compare the result with the given network; default true. */
  readonly verify?: boolean;
  /** Height and width, if the network leaves them open. */
  readonly size?: ImageSize | undefined;
  /** Evaluates constants and verifies. */
  readonly executor: Executor;
}

/** A folded network, and its comparison with the given network. */
export interface FoldedNetwork {
  readonly graph: Graph;
  /** Number of rewritten nodes. */
  readonly changed: number;
  /** Number of rewritten nodes by rewrite. */
  readonly counts: { readonly [N in FoldingName]?: number };
  readonly refusals: readonly Refused[];
  /** The largest error against the given network, relative to its largest output; null if not verified. */
  readonly error: number | null;
  /** Whether the result is identical to the given network. */
  readonly unchanged: boolean;
}

/**
 * Folds BatchNormalization, padding, consecutive linear layers, parallel branches and redundant nodes into convolutions, and
 * compares the result with the given network. Throws `verification` if the outputs differ, or if the result is larger.
 *
 * @example
 * import * as ort from 'onnxruntime-web';
 * const { graph, counts, error } = await foldAndVerify(network, { executor: onnxruntimeWeb(ort) });
 */
export async function foldAndVerify(
  network: Graph | NetworkForms,
  options: VerifiedFoldOptions,
): Promise<FoldedNetwork> {
  const { executor, only, elementType, size } = options;
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

/**
 * The error against the given network, or against its float32 form if no engine runs it; inputs and outputs are cast to its
 * types.
 */
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
