import { builderOf } from '../../../graph/builder.ts';
import { emptyGraph, type Graph, type Node } from '../../../graph/graph.ts';
import { knownOperator, type OperatorName } from '../../../graph/operators/index.ts';
import { removeDeadNodes } from '../../../graph/topology.ts';
import { asTwoAxes, transposedConvolution } from './convolution.ts';
import { depthToSpace, spaceToDepth } from './depth.ts';
import { knownShape } from './known-shape.ts';
import { gemm, matMul } from './matrix.ts';
import {
  batchNormalization,
  groupNormalization,
  instanceNormalization,
  localResponseNormalization,
  lpNormalization,
} from './normalization.ts';
import { globalAveragePool, globalPool, meanOfInputs, reductionSimplifications } from './reduction.ts';
import type { Simplification } from './simplification.ts';

const rows: { readonly [Op in OperatorName]?: Simplification } = {
  Conv: asTwoAxes,
  MaxPool: asTwoAxes,
  AveragePool: asTwoAxes,
  ConvTranspose: transposedConvolution,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  MatMul: matMul,
  Gemm: gemm,
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  LpNormalization: lpNormalization,
  LRN: localResponseNormalization,
  GlobalMaxPool: globalPool('ReduceMax'),
  GlobalAveragePool: globalAveragePool,
  Mean: meanOfInputs,
  ...reductionSimplifications,
  Reshape: knownShape('Reshape'),
  Expand: knownShape('Expand'),
};

/** Replaces operators without kernels by equivalent operators that have kernels, where possible. */
export function simplify(graph: Graph): Graph {
  const copy = { ...graph, nodes: graph.nodes.flatMap(simplified) };
  removeDeadNodes(copy);
  return copy;
}

function simplified(node: Node): Node[] {
  const op = knownOperator(node);
  const row = op && rows[op];
  if (!row) return [node];
  const scratch = emptyGraph(node.name);
  if (!row(node, builderOf(scratch))) return [node];
  for (const made of scratch.nodes) made.name = node.name;
  const last = scratch.nodes.at(-1);
  if (last) last.outputs = node.outputs;
  return scratch.nodes.flatMap(simplified);
}
