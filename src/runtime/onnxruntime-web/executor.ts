import { serializeModel } from '../../onnx/index.ts';
import type { Executor } from '../executor.ts';
import { executorOn } from '../onnxruntime/executor.ts';
import { holdSession, type Onnxruntime } from '../onnxruntime/held-session.ts';

/**
 * The executor of a page: its own onnxruntime-web, in the build and on the threads that it was set up with.
 *
 * @example
 * import * as ort from 'onnxruntime-web';
 * const executor = onnxruntimeWeb(ort);
 */
export const onnxruntimeWeb = (ort: Onnxruntime): Executor =>
  executorOn({
    name: 'onnxruntime-web',
    // It says that a tensor handed to a run was filled, and leaves it as it was.
    fillsTensors: false,
    open: (graph, options) => holdSession(ort, serializeModel(graph), options),
  });
