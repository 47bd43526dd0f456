import { type CompiledRunner, openCompiled, openCompiledIn } from '../measure/compiled-runner.ts';
import { openPeak, openPeakIn, type PeakRunner } from '../measure/peak-runner.ts';
import type { CompiledNetwork } from '../runtime/webassembly/compile.ts';
import { type ModuleKind, supportedModules } from '../runtime/webassembly/instantiate.ts';
import type { TuningName } from './defaults.ts';

/** A JavaScript engine in which compiled networks are timed. */
export interface CompiledEngine {
  /** Name and version. */
  readonly engine: string;
  /** The fastest module that it supports without flags. */
  readonly module: ModuleKind;
  openCompiled(network: CompiledNetwork): Promise<CompiledRunner>;
  openPeak(): Promise<PeakRunner>;
  close(): Promise<void>;
}

/** Opens the engines in which compiled networks are timed, by name. */
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

/** The fastest module that this Node process supports before flags are set: Node 20 has relaxed SIMD behind a flag. */
export const [ownModule = 'baseline'] = supportedModules();
