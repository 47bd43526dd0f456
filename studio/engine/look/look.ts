import { filterShapes, type LayerShapes, type NetworkFacts, networkFacts } from 'espalier/core';
import type { EngineTools, Version } from '../types.ts';
import { coupledChannels } from './coupled.ts';
import { type Drawing, drawingOf } from './drawing.ts';

/** What the page shows of a network before anything is done. Plain data. */
export interface Look {
  readonly facts: NetworkFacts;
  readonly drawing: Drawing;
  /** Why the network can only be looked at; null if operations accept it. */
  readonly obstacle: string | null;
}

/** Looks at a version: the facts that `espalier inspect` prints, and the graph with its channel groups. */
export async function lookAt(version: Version, tools: EngineTools): Promise<Look> {
  const { forms, costs } = version;
  const coupled = await coupledChannels(version, tools);
  const facts = networkFacts(forms, { costs, coupling: coupled.coupling });
  return {
    facts,
    drawing: drawingOf(forms.graph, { facts, coupled }),
    obstacle: forms.obstacle?.message ?? null,
  };
}

/** The filter shapes of the layers that have zero stripes, and the number of layers that could have some. */
export interface ShapesFound {
  readonly layers: readonly LayerShapes[];
  readonly dense: number;
}

/** Reads which stripes of each filter are not zero. */
export function shapesOf({ network }: Version): ShapesFound {
  const shapes = filterShapes(network);
  const layers = shapes.filter(({ kernel: [kH, kW], masks }) =>
    masks.some((mask) => mask + 1 !== 2 ** (kH * kW)),
  );
  return { layers, dense: shapes.length - layers.length };
}
