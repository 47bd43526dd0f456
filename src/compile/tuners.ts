import { openCompiled, openCompiledIn } from '../measure/compiled-runner.ts';
import { openTimings } from '../measure/timings.ts';
import type { TuningName } from './defaults.ts';
import type { Tuner } from './tune.ts';

interface OpenedTuner extends Omit<Tuner, 'timings'> {
  close(): Promise<void>;
}

const tuners: { readonly [N in Exclude<TuningName, 'none'>]: () => Promise<OpenedTuner> } = {
  async chromium() {
    const { openWebRuntime } = await import('../runtime/onnxruntime-web/index.ts');
    const { openPage, version: engine, close } = await openWebRuntime();
    const page = await openPage(1);
    return { engine, openCompiled: (network) => openCompiledIn(page, network), close };
  },
  node: async () => ({ engine: nodeEngine, openCompiled, close: async () => {} }),
};

/** `Node 22.1.0, V8 12.4.254`. */
export const nodeEngine = `Node ${process.versions.node}, V8 ${process.versions.v8}`;

/** Does something with a tuner that is closed afterwards; null where nothing is timed. Times are kept on this machine. */
export async function withTuner<T>(name: TuningName, use: (tuner: Tuner | null) => Promise<T>): Promise<T> {
  if (name === 'none') return use(null);
  const { close, ...tuner } = await tuners[name]();
  try {
    return await use({ ...tuner, timings: openTimings() });
  } finally {
    await close();
  }
}
