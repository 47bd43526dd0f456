import { assert, EspalierError } from '../../errors.ts';
import type { Graph } from '../../graph/graph.ts';
import { mixedOperands } from '../../graph/operand-types.ts';
import { newerThanOpset } from '../../graph/operators/versions.ts';
import type { DataType } from '../../numeric/tensor.ts';
import type { Executor } from '../../runtime/executor.ts';

/**
 * Throws `unsupported` if the operands of a node differ in type; and, unless the network is float32 or bfloat16, `runtime` if
 * the engine cannot load it.
 */
export async function expectWritable(
  graph: Graph,
  elementType: DataType,
  openExecutor: () => Promise<Executor>,
): Promise<void> {
  const newer = newerThanOpset(graph);
  assert(newer === null, `${newer}: opset ${graph.opsets['']} does not have it`);
  const mixed = mixedOperands(graph);
  if (mixed) {
    const message = `${mixed}: nothing was written; fold the network with \`elementType\` float32 first`;
    throw new EspalierError('unsupported', message);
  }
  if (elementType === 'float32' || elementType === 'bfloat16') return;
  const executor = await openExecutor();
  await (await executor.compile(graph, { optimization: 'disabled', threads: 1 })).close();
}
