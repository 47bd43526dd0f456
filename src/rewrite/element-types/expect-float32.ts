import { EspalierError } from '../../errors.ts';
import type { Graph } from '../../graph/graph.ts';
import type { DataType } from '../../numeric/tensor.ts';

const halves: ReadonlySet<DataType | null> = new Set<DataType>(['float16', 'bfloat16']);

/**
 * Throws `unsupported` if a network has weights or inputs in half precision: passes that change weights need the form of
 * {@link toFloat32}.
 */
export function expectFloat32(graph: Graph): void {
  const value = [...graph.inputs, ...graph.initializers].find(({ dtype }) => halves.has(dtype));
  if (!value) return;
  const message = `expected float32, found ${value.dtype}: convert the network with toFloat32(graph) first`;
  throw new EspalierError('unsupported', message, { where: value.name });
}
