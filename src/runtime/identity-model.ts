import { builderOf } from '../graph/builder.ts';
import { emptyGraph } from '../graph/graph.ts';
import { serializeModel } from '../onnx/index.ts';

/**
 * A model y = x with x: [1]. It is loaded first, so that the start-up costs of an engine do not count for the models that are
 * measured.
 */
export function identityModel(): Uint8Array {
  const graph = emptyGraph('identity');
  const g = builderOf(graph);
  g.output(g.Identity(g.input('x', 'float32', [1])), 'y');
  return serializeModel(graph);
}
