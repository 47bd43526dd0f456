import type { Value } from '../graph/graph.ts';
import { scalar } from '../numeric/tensor.ts';
import type { ConvolutionSettings, Layers } from './layers.ts';

export interface UnitSettings extends ConvolutionSettings {
  /** Name of the unit, whose layers are `NAME.0`, `NAME.1` and `NAME.2`, as in torchvision. */
  readonly name: string;
}

/** min(max(BN(x ⋆ w), 0), 6), as used in both MobileNets. */
export function relu6Unit(layers: Layers, x: Value, { name, ...settings }: UnitSettings): Value {
  const { g } = layers;
  const y = layers.batchNormalization(layers.convolution(x, `${name}.0`, settings), `${name}.1`);
  const [least, most] = [0, 6].map((bound, i) => g.constant(scalar(bound), `${name}.2.${['min', 'max'][i]}`));
  return g.named(`${name}.2`).Clip(y, least, most);
}
