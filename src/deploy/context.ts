import { builderOf } from '../graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../graph/graph.ts';
import { layerCosts } from '../measure/macs.ts';
import { filled } from '../numeric/tensor.ts';
import type { FormPlan } from './forms/plan.ts';
import { type DeadStripeLayer, lowerOrdered } from './lower.ts';

/** Channels at both ends of a context: a single block, so that the ends cost little. */
const END = 16;
const PREFIX = 'context.';

/**
 * A network in which a plan of a layer is timed: between pointwise convolutions, and with the operator that reads it. In
 * isolation a layer would have to convert its memory layout, which it shares with its neighbours, and could not be fused.
 * Without a plan, the neighbours only.
 */
export function inContext(layer: DeadStripeLayer, plan: FormPlan | null): Graph {
  const { conv, reader } = layer;
  const graph = emptyGraph(layer.name);
  const g = builderOf(graph);
  const pointwise = (x: Value, filters: number, strides: readonly [number, number]) => {
    const weight = g.constant(filled([filters, Number(x.shape![1]), 1, 1], 0.01));
    return g.named(`${PREFIX}pointwise`).Conv(x, weight, { kernel_shape: [1, 1], strides: [...strides] });
  };
  const size = conv.input ?? [1, 1];
  const image = g.input('x', 'float32', [1, END, ...size]);
  const x = g.Relu(pointwise(image, conv.channels * conv.group, [1, 1]));
  if (!plan) {
    g.output(pointwise(x, END, conv.strides), 'y');
    return graph;
  }
  const after = plan.joins && reader === 'Relu' ? (map: Value) => g.Relu(map) : undefined;
  const maps = lowerOrdered(g, { ...conv, x }, { plan, after, sorted: layer.own });
  const sum = reader === 'Add' ? g.Add(maps, pointwise(x, conv.filters, conv.strides)) : maps;
  g.output(pointwise(after || reader === null ? sum : g.Relu(sum), END, [1, 1]), 'y');
  return graph;
}

/** MACs of a plan per image, without its context. */
export const planMacs = (layer: DeadStripeLayer, plan: FormPlan): number =>
  layerCosts(inContext(layer, plan))
    .filter(({ name }) => !name.startsWith(PREFIX))
    .reduce((sum, { macs }) => sum + macs, 0);
