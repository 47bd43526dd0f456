import { type Graph, type Node, nodeLabel } from '../graph/graph.ts';
import { isOneOf, isOperator } from '../graph/operators/index.ts';
import { subgraphs } from '../graph/topology.ts';
import { broken } from './broken.ts';

const isConvolution = isOneOf('Conv', 'ConvTranspose', 'ConvInteger', 'QLinearConv');
const isPool = isOneOf('MaxPool', 'AveragePool', 'LpPool');
const positiveLists = ['kernel_shape', 'strides', 'dilations'];

/** Throws for attributes that would crash an engine instead of failing: empty filters, zero strides, zero groups. */
export function validate(graph: Graph): void {
  for (const node of graph.nodes) {
    if (isConvolution(node) || isPool(node)) validateWindow(node);
    for (const body of subgraphs(node)) validate(body);
  }
}

function validateWindow(node: Node): void {
  const where = nodeLabel(node);
  for (const name of positiveLists) {
    const attribute = node.attributes[name];
    if (attribute?.kind === 'ints' && attribute.value.some((size) => Number(size) < 1)) {
      throw broken(`expected ${name} of at least 1, found [${attribute.value}]`, where);
    }
  }
  if (!isConvolution(node)) return;
  const { group } = node.attributes;
  if (group?.kind === 'int' && Number(group.value) < 1) {
    throw broken(`expected at least one group, found ${group.value}`, where);
  }
  const weight = node.inputs[isOperator(node, 'QLinearConv') ? 3 : 1];
  const empty = weight?.shape?.indexOf(0) ?? -1;
  if (empty >= 0) {
    const axes = isOperator(node, 'ConvTranspose') ? ['channel', 'filter'] : ['filter', 'channel'];
    const what = axes[empty] ?? 'kernel position';
    throw broken(`expected at least one ${what}, found 0`, where);
  }
}
