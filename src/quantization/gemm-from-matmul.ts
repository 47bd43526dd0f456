import { uniqueNames } from '../graph/builder.ts';
import { type Graph, makeConstant, type Node, type Value } from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';
import { type Connections, connections } from '../graph/topology.ts';
import { floats } from '../numeric/tensor.ts';

/**
 * Merges MatMul and the Add of its bias into one Gemm, in place, for x: [N, K]. The bias is then added to the integer sums,
 * and the output may stay in floating point. Exact.
 */
export function mergeMatMulAndBias(graph: Graph): void {
  const links = connections(graph);
  const unique = uniqueNames(graph);
  for (const product of [...graph.nodes]) {
    const sum = sumBehind(product, links);
    const bias = sum?.inputs.find((value) => value !== product.outputs[0]);
    const weight = product.inputs[1]?.tensor;
    if (!sum || !bias?.tensor || !weight || !isBiasOf(bias, weight.shape[1]!)) continue;
    const flat = makeConstant(
      unique(bias.name),
      floats([weight.shape[1]!], bias.tensor.data as Float32Array),
    );
    graph.initializers.push(flat);
    Object.assign(product, { op: 'Gemm', attributes: {}, inputs: [...product.inputs, flat] });
    product.outputs = sum.outputs;
    graph.nodes = graph.nodes.filter((node) => node !== sum);
  }
}

function sumBehind(product: Node, { uses }: Connections): Node | null {
  const [x, weight] = product.inputs;
  const isPlain = isOperator(product, 'MatMul') && product.inputs.length === 2;
  if (!isPlain || x?.shape?.length !== 2 || weight?.tensor?.shape.length !== 2) return null;
  const [use, ...others] = uses.get(product.outputs[0]!) ?? [];
  return isOperator(use?.node, 'Add') && others.length === 0 ? use.node : null;
}

const isBiasOf = ({ tensor }: Value, channels: number): boolean =>
  tensor?.dtype === 'float32' && tensor.data.length === channels && tensor.shape.at(-1) === channels;
