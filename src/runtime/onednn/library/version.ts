import { EspalierError } from '../../../errors.ts';
import type { Dnnl } from './api.ts';
import { nativeFunctions } from './functions.ts';
import type { OpenedLibrary } from './open.ts';

/** Size of the struct { int major, minor, patch; const char *hash; unsigned cpu_runtime, gpu_runtime; }. */
const VERSION_BYTES = 32;
const RUNTIME_FIELD = 6;

/** Threading runtimes of oneDNN builds, by number. */
const runtimes: Readonly<Record<number, string>> = {
  0: 'no processor',
  1: 'sequential',
  2: 'OpenMP',
  4: 'TBB',
  8: 'threadpool',
  512: 'SYCL',
};
/** Runtimes whose calls return when the work is finished, and that need no thread pool from the caller. */
const usable: ReadonlySet<number> = new Set([1, 2, 4]);

type OpenVersion = (opened: OpenedLibrary, version: string) => Dnnl;

const versions: Readonly<Record<number, () => Promise<OpenVersion>>> = {
  2: async () => (await import('./version-2/index.ts')).openVersion2,
  3: async () => (await import('./version-3/index.ts')).openVersion3,
};

/** Opens the adapter for the library's version. Throws `runtime` for an unknown version or an unusable build. */
export async function openVersion(opened: OpenedLibrary): Promise<Dnnl> {
  const { koffi, dnnl, path: where } = opened;
  const { versionOf } = nativeFunctions(dnnl, { versionOf: 'void *dnnl_version()' });
  const fields = new Int32Array(koffi.view(versionOf() as unknown as bigint, VERSION_BYTES));
  const [major = 0, minor, patch] = fields;
  const runtime = fields[RUNTIME_FIELD]!;
  const version = `${major}.${minor}.${patch}`;
  const open = versions[major];
  if (!open) throw new EspalierError('runtime', `expected oneDNN 2 or 3, found ${version}`, { where });
  if (!usable.has(runtime)) {
    const found = runtimes[runtime] ?? `threading ${runtime}`;
    const message = `expected oneDNN ${version} built with OpenMP, TBB or sequential, found ${found}`;
    throw new EspalierError('runtime', message, { where });
  }
  return (await open())(opened, version);
}
