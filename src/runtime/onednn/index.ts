import type { Executor } from '../executor.ts';
import { openEngine } from './engine.ts';
import { compileProgram } from './program.ts';

export { engineFacts } from './facts.ts';
export { matmulPeak } from './matmul-peak.ts';

/** The executor for training on CPUs: oneDNN kernels from the system's libdnnl. */
export const onednn: Executor = {
  name: 'onednn',
  trainingOperators: true,
  async compile(graph, options = {}) {
    const engine = await openEngine();
    return compileProgram(graph, engine, options);
  },
};
