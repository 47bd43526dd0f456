import { cloneGraph } from '../graph/clone.ts';
import { type Attribute, type Graph, type Node, nodeLabel, type Value } from '../graph/graph.ts';
import type { Tensor } from '../numeric/tensor.ts';
import { zip } from '../numeric/zip.ts';

/** Describes the first difference between two networks besides weights and names; null if there is none. */
export function firstDifference(first: Graph, second: Graph): string | null {
  const same = new Map<Value | null, Value | null>([[null, null]]);
  second.inputs.forEach((value, i) => {
    same.set(value, first.inputs[i] ?? null);
  });
  for (const [i, node] of second.nodes.entries()) {
    const wanted = first.nodes[i];
    if (!wanted) return `${nodeLabel(node)}: expected no more nodes`;
    const found = nodeDifference([wanted, node], same);
    if (found !== null) return `${nodeLabel(node)}: ${found}`;
    node.outputs.forEach((value, k) => {
      same.set(value, wanted.outputs[k] ?? null);
    });
  }
  const missing = first.nodes[second.nodes.length];
  if (missing) return `expected ${nodeLabel(missing)} after ${second.nodes.length} nodes, found the end`;
  return second.outputs.every((value, i) => same.get(value) === first.outputs[i])
    ? null
    : 'its output is a different value';
}

/** The first network with the weights of another one of the same architecture, whose names may differ. */
export function withWeightsOf(first: Graph, other: Graph): Graph {
  const weights = new Map<string, Tensor>();
  for (const [own, others] of zip(first.nodes, other.nodes))
    own.inputs.forEach((value, k) => {
      const tensor = others.inputs[k]?.tensor;
      if (value?.tensor && tensor) weights.set(value.name, tensor);
    });
  const graph = cloneGraph(first);
  for (const value of graph.initializers) value.tensor = weights.get(value.name) ?? value.tensor;
  return graph;
}

/** Corresponding values: those of the second network by those of the first. */
type Pairs = Map<Value | null, Value | null>;

function nodeDifference([wanted, found]: readonly [Node, Node], same: Pairs): string | null {
  if (wanted.op !== found.op || wanted.domain !== found.domain)
    return `expected ${nodeLabel(wanted)} instead`;
  const names = new Set([...Object.keys(wanted.attributes), ...Object.keys(found.attributes)]);
  for (const name of names) {
    const [is, was] = [textOf(found.attributes[name]), textOf(wanted.attributes[name])];
    if (is !== was) return `${name}: expected ${was}, found ${is}`;
  }
  for (let k = 0; k < Math.max(wanted.inputs.length, found.inputs.length); k++) {
    const message = inputDifference([wanted.inputs[k] ?? null, found.inputs[k] ?? null], same);
    if (message !== null) return `input ${k}: ${message}`;
  }
  return wanted.outputs.length === found.outputs.length
    ? null
    : `expected ${wanted.outputs.length} outputs, found ${found.outputs.length}`;
}

function inputDifference([wanted, found]: readonly [Value | null, Value | null], same: Pairs): string | null {
  if (!wanted?.tensor || !found?.tensor) {
    const alike = !wanted?.tensor && !found?.tensor && same.get(found) === wanted;
    return alike ? null : `expected ${wanted?.name ?? 'nothing'}, found ${found?.name ?? 'nothing'}`;
  }
  // A weight that two layers share must be shared in both networks.
  if (same.has(found) && same.get(found) !== wanted) return `expected ${wanted.name}, found ${found.name}`;
  same.set(found, wanted);
  const [was, is] = [wanted.tensor, found.tensor].map(({ dtype, shape }) => `${dtype} [${shape.join(', ')}]`);
  if (was !== is) return `expected ${was}, found ${is}`;
  const isWeight = wanted.tensor.dtype === 'float32';
  return isWeight || contents(wanted.tensor) === contents(found.tensor)
    ? null
    : `${found.name} has different contents`;
}

const contents = ({ data }: Tensor): string => Array.from(data as ArrayLike<unknown>, String).join();

function textOf(attribute: Attribute | undefined): string {
  if (!attribute) return 'nothing';
  return JSON.stringify(attribute.value, (_, value) => (typeof value === 'bigint' ? Number(value) : value));
}
