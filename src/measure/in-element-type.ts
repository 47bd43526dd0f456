import { parseModel, serializeModel } from '../onnx/index.ts';
import type { Float32Form } from '../rewrite/index.ts';
import type { Timer } from './timer.ts';

/** A timer that converts float32 networks to the element type in which they will be written before it times them. */
export function inElementType(timer: Timer, { elementType, restore }: Float32Form): Timer {
  if (elementType === 'float32') return timer;
  const benchmark: Timer['benchmark'] = (models, options) =>
    timer.benchmark(
      models.map((model) => serializeModel(restore(parseModel(model)))),
      options,
    );
  return { ...timer, engine: `${timer.engine}, ${elementType}`, benchmark };
}
