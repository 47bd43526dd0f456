import { builderOf } from '../graph/builder.ts';
import { emptyGraph } from '../graph/graph.ts';
import { serializeModel } from '../onnx/index.ts';

/** y = x with x: [1]: loaded first, it takes upon itself what an engine needs to start. */
export function identityModel(): Uint8Array {
  const graph = emptyGraph('identity');
  const g = builderOf(graph);
  g.output(g.Identity(g.input('x', 'float32', [1])), 'y');
  return serializeModel(graph);
}
