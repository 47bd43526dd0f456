import { staticShape, type Value } from '../graph/graph.ts';
import { filled } from '../numeric/tensor.ts';
import { zip } from '../numeric/zip.ts';
import { clipNorm } from './clip-norm.ts';
import { optimizers } from './optimizers.ts';
import type { Parameter } from './parameters.ts';
import type { StepGraphOptions, StepScope } from './step-graph.ts';

interface Updates {
  readonly parameters: readonly Parameter[];
  readonly gradientOf: (value: Value) => Value;
  readonly options: StepGraphOptions;
}

/** Appends the update of each parameter: gradient and penalties, clipped, the optimiser's rule, then adjustments by extensions. */
export function appendUpdates(scope: StepScope, { parameters, gradientOf, options }: Updates): void {
  const { update } = optimizers[options.optimizer];
  const learningRate = scope.scalar('learningRate');
  const step = scope.scalar('step');
  const whole = parameters.map((parameter) =>
    penalized(scope, parameter, { gradient: gradientOf(parameter.value), options }),
  );
  const clipped = options.clipNorm === undefined ? whole : clipNorm(scope.g, whole, options.clipNorm);
  for (const [parameter, gradient] of zip(parameters, clipped)) {
    const { value, role } = parameter;
    const weightDecay = options.noDecayOn?.includes(role) ? 0 : (options.weightDecay ?? 0);
    const call = {
      parameter: value,
      gradient,
      slot: (name: string) => scope.state(`${value.name}.${name}`, filled(staticShape(value), 0)),
      learningRate,
      step,
      weightDecay,
    };
    const next = update(scope.g, call, options);
    const extensions = options.extensions ?? [];
    scope.setNext(
      value,
      extensions.reduce((v, e) => e.adjust?.(scope, parameter, v) ?? v, next.parameter),
    );
    for (const [slot, nextSlot] of next.slots) scope.setNext(slot, nextSlot);
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
