import { staticShape, type Value } from '../graph/graph.ts';
import { filled } from '../numeric/tensor.ts';
import { optimizers } from './optimizers.ts';
import type { Parameter } from './parameters.ts';
import type { StepGraphOptions, StepScope } from './step-graph.ts';

interface Updates {
  readonly parameters: readonly Parameter[];
  readonly gradientOf: ReadonlyMap<Value, Value>;
  readonly options: StepGraphOptions;
}

/** What follows each parameter: the optimiser's update by the gradient and the penalties, then what extensions make of it. */
export function appendUpdates(scope: StepScope, { parameters, gradientOf, options }: Updates): void {
  const { slots, update } = optimizers[options.optimizer];
  const learningRate = scope.scalar('learningRate');
  const step = scope.scalar('step');
  for (const parameter of parameters) {
    const { value, role } = parameter;
    const kept = slots.map((slot) => scope.state(`${value.name}.${slot}`, filled(staticShape(value), 0)));
    const weightDecay = options.noDecayOn?.includes(role) ? 0 : (options.weightDecay ?? 0);
    const call = {
      parameter: value,
      gradient: penalized(scope, parameter, { gradient: gradientOf.get(value)!, options }),
      slots: kept,
      learningRate,
      step,
      weightDecay,
    };
    const [next, ...nextSlots] = update(scope.g, call, options);
    const adjusted = (options.extensions ?? []).reduce((v, e) => e.adjust?.(scope, parameter, v) ?? v, next!);
    scope.setNext(value, adjusted);
    kept.forEach((slot, i) => {
      scope.setNext(slot, nextSlots[i]!);
    });
  }
}

function penalized(
  scope: StepScope,
  parameter: Parameter,
  { gradient, options }: { readonly gradient: Value; readonly options: StepGraphOptions },
): Value {
  return (options.extensions ?? []).reduce((sum, extension) => {
    const term = extension.penalize?.(scope, parameter);
    return term ? scope.g.Add(sum, term) : sum;
  }, gradient);
}
