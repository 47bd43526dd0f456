import type { CoupledLayer } from '../../channels/coupling/scope.ts';
import { isRefusal, type Refusal, refuse } from '../../graph/edit/refused.ts';
import type { Node, Value } from '../../graph/graph.ts';
import { layerTail } from '../../graph/layer-tail.ts';
import { inputsOf, isOneOf, isOperator } from '../../graph/operators/index.ts';
import type { LayerScores, Scoring } from './criterion.ts';

/** The feature maps of a layer after its activation, with their channel axis. */
export interface FeatureMap {
  readonly layer: CoupledLayer;
  readonly value: Value;
  readonly axis: number;
  /** The activation operator; null if there is none. */
  readonly activation: string | null;
  /** A description of the readers, for layers without activation. */
  readonly readers: string;
  /** The minimum of the activation; −∞ if unknown. */
  readonly least: number;
}

/** The feature maps of every layer, or the reason why it has none. */
export function featureMaps({ layers, found, links }: Scoring): Map<CoupledLayer, FeatureMap | Refusal> {
  return new Map(
    layers.map(({ layer }): [CoupledLayer, FeatureMap | Refusal] => {
      const { value, activation, readers } = layerTail(layer.node, links);
      const channels = found.carried.get(value);
      if (channels?.axes.length !== 1 || channels.labels.length !== layer.count) {
        const reason = `its channels are not along a single axis of ${value.name}`;
        return [layer, refuse('unsupported', reason)];
      }
      const op = activation && (isOperator(activation, 'Mul') ? 'SiLU' : activation.op);
      const least = activation ? leastOf(activation) : Number.NEGATIVE_INFINITY;
      return [layer, { layer, value, axis: channels.axes[0]!, activation: op, readers, least }];
    }),
  );
}

const isRectifier = isOneOf('Relu', 'ThresholdedRelu');

function leastOf(activation: Node): number {
  if (isRectifier(activation)) return 0;
  const min = isOperator(activation, 'Clip') ? inputsOf(activation, 'Clip').min?.tensor : null;
  return min ? Number(min.data[0]) : Number.NEGATIVE_INFINITY;
}

/** Separates the feature maps that can be measured from the results of layers without. */
export function usable(
  maps: ReadonlyMap<CoupledLayer, FeatureMap | Refusal>,
  obstacle: (map: FeatureMap) => Refusal | null,
): { readonly good: FeatureMap[]; readonly results: Map<CoupledLayer, LayerScores> } {
  const good: FeatureMap[] = [];
  const results = new Map<CoupledLayer, LayerScores>();
  for (const [layer, map] of maps) {
    const refusal = isRefusal(map) ? map : obstacle(map);
    if (refusal) results.set(layer, refusal);
    else if (!isRefusal(map)) good.push(map);
  }
  return { good, results };
}
