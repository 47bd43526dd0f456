import type { CompiledModel } from '../compile.ts';
import type { Profile } from '../profile.ts';
import { modelPage } from './page.ts';
import { reportOf } from './report.ts';
import { modelScript } from './script.ts';
import { threadScript } from './thread-scripts.ts';
import { modelTypes } from './types.ts';

/** The report in a compiled folder; its presence identifies such a folder. */
export const REPORT_FILE = 'report.json';

/** Files that exist only in a folder for several threads. */
export const threadFiles = ['model-threads.wasm', 'model-relaxed-threads.wasm', 'model-thread.js'] as const;

/**
 * The files of a compiled network, by name. `model.js` loads `model.bin` and one of the modules beside it, in browsers, Node
 * 20 or later, Deno, Bun and edge workers.
 */
export function compiledFiles(
  model: CompiledModel,
  profile: Profile | null = null,
): Readonly<Record<string, Uint8Array | string>> {
  const { modules, threaded } = model.network;
  return {
    // Makes Node and TypeScript treat model.js as an ES module in any directory.
    'package.json': `${JSON.stringify({ type: 'module', main: './model.js', types: './model.d.ts', private: true })}\n`,
    'model.wasm': modules.baseline,
    'model-relaxed.wasm': modules.relaxed,
    'model.bin': model.weights.bytes,
    ...(threaded && {
      'model-threads.wasm': threaded.modules.baseline,
      'model-relaxed-threads.wasm': threaded.modules.relaxed,
      'model-thread.js': threadScript,
    }),
    'model.js': modelScript(model),
    'model.d.ts': modelTypes(model),
    'index.html': modelPage(model),
    [REPORT_FILE]: `${JSON.stringify(reportOf(model, profile), null, 2)}\n`,
  };
}
