import type { Graph } from '../graph/graph.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { bindImages, withFixedShapes } from '../measure/bind-shapes.ts';
import type { ImageSize } from '../measure/image-size.ts';
import { foldNetwork, type NetworkForms } from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';

/** A network as kernels are generated for it, and what the result is compared with. */
export interface PreparedForCompilation {
  /** Fixed shapes, float32, folded. */
  readonly graph: Graph;
  /** The file with the same shapes; its float32 form where it has another element type. */
  readonly reference: Graph;
}

export interface PreparationOptions {
  /** Evaluates constants. */
  readonly executor: Executor;
  /** Images in a run; default: as many as the network fixes, else 1. */
  readonly batch?: number | undefined;
  /** Height and width, where the network leaves them open. */
  readonly size?: ImageSize | undefined;
}

/** Fixes all shapes and folds what is constant. Throws `usage` where a shape stays open. */
export async function prepareForCompilation(
  { graph, given, form }: NetworkForms,
  { executor, batch, size }: PreparationOptions,
): Promise<PreparedForCompilation> {
  const fixed = (network: Graph) =>
    batch === undefined ? withFixedShapes(network, { size }) : bindImages(network, { batch, size });
  const folded = await foldNetwork(fixed(graph), { executor });
  inferShapes(folded.graph);
  return { graph: folded.graph, reference: fixed(form.elementType === 'float32' ? given : graph) };
}
