import type { Value } from '../graph/graph.ts';
import type { Layers } from './layers.ts';

export interface ClassifierSettings {
  readonly classes: number;
  /** Name of the fully connected layer; default `fc`. */
  readonly name?: string;
}

/** Global average pooling and a fully connected layer: [N, C, H, W] → logits [N, classes]. */
export function classifier(layers: Layers, x: Value, { classes, name = 'fc' }: ClassifierSettings): Value {
  const { g } = layers;
  return layers.linear(g.named('flatten').Flatten(g.named('avgpool').GlobalAveragePool(x)), name, classes);
}
