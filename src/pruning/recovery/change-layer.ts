import type { Matrix } from 'ml-matrix';
import { uniqueNames } from '../../graph/builder.ts';
import { type Graph, makeConstant, nodeName } from '../../graph/graph.ts';
import { connections } from '../../graph/topology.ts';
import { floats, type Tensor } from '../../numeric/tensor.ts';
import type { LinearLayer } from './linear-layer.ts';

/** Adds the change Δ [columns (and the bias), filters/group] of each group to a layer's weight and bias, in place. */
export function changeLayer(graph: Graph, layer: LinearLayer, changes: readonly Matrix[]): void {
  const { weight, columns, filters, groups, filterMajor, weightFactor, biasAt } = layer;
  const data = (weight.tensor.data as Float32Array).slice();
  const shift = new Float64Array(filters);
  const perGroup = filters / groups;
  changes.forEach((change, group) => {
    for (let i = 0; i < perGroup; i++) {
      const m = group * perGroup + i;
      for (let c = 0; c < columns; c++) {
        data[filterMajor ? m * columns + c : c * filters + m]! += change.get(c, i) / weightFactor;
      }
      if (biasAt !== null) shift[m] = change.get(columns, i);
    }
  });
  weight.tensor = floats(weight.tensor.shape, data);
  if (biasAt !== null) addBias(graph, { ...layer, biasAt }, shift);
}

/**
 * Adds to the bias. A missing bias, a single number for all filters, or a bias that other layers read is first replaced by
 * one of its own.
 */
function addBias(
  graph: Graph,
  { node, biasAt, biasFactor, filters }: LinearLayer & { readonly biasAt: number },
  shift: Float64Array,
): void {
  const old = node.inputs[biasAt];
  const before = old?.tensor?.data as Float32Array | undefined;
  const data = shift.map(
    (change, m) => (before?.[before.length === filters ? m : 0] ?? 0) + change / biasFactor,
  );
  const tensor: Tensor = floats([filters], data);
  if (old && connections(graph).uses.get(old)?.length === 1) {
    Object.assign(old, { tensor, shape: tensor.shape });
    return;
  }
  const bias = makeConstant(uniqueNames(graph)(`${nodeName(node)}.bias`), tensor);
  graph.initializers.push(bias);
  node.inputs[biasAt] = bias;
}
