import type { Executor } from '../executor.ts';
import { executorOn } from './executor.ts';
import { openSession } from './open-session.ts';

/** The executor that works everywhere in Node: onnxruntime's CPU engine. */
export const onnxruntime: Executor = executorOn({
  name: 'onnxruntime',
  fillsTensors: true,
  open: openSession,
});
