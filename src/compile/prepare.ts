import type { Graph } from '../graph/graph.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { bindImages, withFixedShapes } from '../measure/bind-shapes.ts';
import type { ImageSize } from '../measure/image-size.ts';
import { foldNetwork, type NetworkForms } from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';

/** A network that is ready for code generation, and the reference for its verification. */
export interface PreparedForCompilation {
  /** With fixed shapes, float32, folded. */
  readonly graph: Graph;
  /** The given network with the same shapes, converted to float32 if it has another element type. */
  readonly reference: Graph;
}

export interface PreparationOptions {
  /** Evaluates constants. */
  readonly executor: Executor;
  /** Images per run; default: the batch size that the network fixes, else 1. */
  readonly batch?: number | undefined;
  /** Image height and width, if the network leaves them open. */
  readonly size?: ImageSize | undefined;
}

/** Fixes all shapes and folds constants. Throws `usage` if a shape stays open. */
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
