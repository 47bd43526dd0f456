import type { CompiledModel } from '../compile.ts';
import type { Profile } from '../profile.ts';
import { modelPage } from './page.ts';
import { reportOf } from './report.ts';
import { modelScript } from './script.ts';
import { threadScript } from './thread-scripts.ts';
import { modelTypes } from './types.ts';

/** The report of a compiled folder, by which it is known. */
export const REPORT_FILE = 'report.json';

/** What only a network for several threads has. */
export const threadFiles = ['model-threads.wasm', 'model-relaxed-threads.wasm', 'model-thread.js'] as const;

/**
 * The files of a compiled network, by name: `model.js` loads `model.bin` and one of the modules beside it, in a browser, in Node 20 or later, Deno,
 * Bun or an edge worker.
 */
export function compiledFiles(
  model: CompiledModel,
  profile: Profile | null = null,
): Readonly<Record<string, Uint8Array | string>> {
  const { modules, threaded } = model.network;
  return {
    // Node and TypeScript take model.js as a module wherever the folder lies.
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
