import type { RunDirectory } from '../../training/run-directory.ts';
import type { Context } from '../command.ts';
import { laterSwitch } from '../flags.ts';
import type { CompiledRun, CompileRunOptions } from './compile-run.ts';

/** The switch that also compiles the result of a run. */
export const compileFlag = laterSwitch(
  '--compile',
  'also compile the network to WebAssembly, into compiled/ in the folder of the run',
);

/** Compiles the network of a finished run; null without --compile. */
export async function compiledRun(
  run: RunDirectory,
  options: CompileRunOptions & { readonly compile: true | undefined },
  context: Context,
): Promise<CompiledRun | null> {
  if (!options.compile) return null;
  const { compileRun } = await import('./compile-run.ts');
  return compileRun(run, options, context);
}
