import { serializeModel } from '../../onnx/index.ts';
import type { Executor } from '../executor.ts';
import { executorOn } from '../onnxruntime/executor.ts';
import { holdSession, type Onnxruntime } from '../onnxruntime/held-session.ts';

/**
 * The executor of a web page: onnxruntime-web as loaded and configured by the page.
 *
 * @example
 * import * as ort from 'onnxruntime-web';
 * const executor = onnxruntimeWeb(ort);
 */
export const onnxruntimeWeb = (ort: Onnxruntime): Executor =>
  executorOn({
    name: 'onnxruntime-web',
    // The binding reports that it filled a given tensor, but does not change it.
    fillsTensors: false,
    open: (graph, options) => holdSession(ort, serializeModel(graph), options),
  });
