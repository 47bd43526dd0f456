import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '../../compile/compile-here.ts';
import { writeCompiled } from '../../compile/folder/write.ts';
import type { ImageSize } from '../../measure/image-size.ts';
import type { RunDirectory } from '../../training/run-directory.ts';
import type { Context } from '../command.ts';
import { type InputOptions, inputOptions } from '../input-flags.ts';
import { loadModel } from '../model.ts';
import { writeReport } from '../report.ts';

/** The result of compiling a run's network. */
export interface CompiledRun {
  readonly out: string;
  /** Milliseconds per run in this Node process. */
  readonly ms: number | null;
  readonly error: number | null;
}

export interface CompileRunOptions extends InputOptions {
  readonly size?: ImageSize | undefined;
  readonly verify: boolean;
}

/**
 * Compiles the network that a finished run has written, with its zeros, into `compiled/` beside it, and records its steps for
 * the report.
 */
export async function compileRun(
  { path, record }: RunDirectory,
  options: CompileRunOptions,
  context: Context,
): Promise<CompiledRun> {
  const { size, verify } = options;
  const out = join(path, 'compiled');
  const dense = join(path, 'model-dense.onnx');
  const file = existsSync(dense) ? dense : join(path, 'model.onnx');
  const compiled = await compile(await loadModel(file, context, inputOptions(options)), { size, verify });
  writeCompiled(compiled, out);
  const { network, profile, verification } = compiled;
  if (profile) {
    const { engine, module, peakGflops, ms, stepMs } = profile;
    const steps = network.steps.map(({ name, kernel, macs }, i) => ({ name, kernel, macs, ms: stepMs[i] }));
    record({ type: 'compiled', engine, module, peakGflops, ms, steps });
    await writeReport(path, join(path, 'report.html'));
  }
  return { out, ms: profile?.ms ?? null, error: verification?.error ?? null };
}
