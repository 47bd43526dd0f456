import { type CompiledRunner, openCompiled, openCompiledIn } from '../measure/compiled-runner.ts';
import { openPeak, openPeakIn, type PeakRunner } from '../measure/peak-runner.ts';
import type { CompiledNetwork } from '../runtime/webassembly/compile.ts';
import { type ModuleKind, supportedModules } from '../runtime/webassembly/instantiate.ts';
import type { TuningName } from './defaults.ts';

/** Where compiled networks are timed. */
export interface CompiledEngine {
  /** With its version. */
  readonly engine: string;
  /** The module that it runs by itself. */
  readonly module: ModuleKind;
  openCompiled(network: CompiledNetwork): Promise<CompiledRunner>;
  openPeak(): Promise<PeakRunner>;
  close(): Promise<void>;
}

/** The engines that compiled networks are timed in, by name. */
export const openCompiledEngine: {
  readonly [N in Exclude<TuningName, 'none'>]: () => Promise<CompiledEngine>;
} = {
  async chromium() {
    const { openWebRuntime } = await import('../runtime/onnxruntime-web/index.ts');
    const { openPage, browserVersion: engine, close } = await openWebRuntime();
    const page = await openPage(1);
    return {
      ...{ engine, module: 'relaxed', close },
      openCompiled: (network) => openCompiledIn(page, network),
      openPeak: () => openPeakIn(page),
    };
  },
  node: async () => ({
    engine: `Node ${process.versions.node}, V8 ${process.versions.v8}`,
    module: ownModule,
    openCompiled: (network) => openCompiled(network, ownModule),
    openPeak: () => openPeak(ownModule),
    close: async () => {},
  }),
};

/** What this Node runs before it is told to run more: Node 20 has relaxed SIMD behind a flag. */
export const [ownModule = 'baseline'] = supportedModules();
