import type { Executor } from '../executor.ts';
import { executorOn } from './executor.ts';
import { openSession } from './open-session.ts';

/**
 * The executor that works everywhere in Node: onnxruntime on the CPU.
 *
 * @example
 * const program = await onnxruntime.compile(network);
 * const { logits } = await program.run({ input: images });
 * await program.close();
 */
export const onnxruntime: Executor = executorOn({
  name: 'onnxruntime',
  fillsTensors: true,
  open: openSession,
});
