import { existsSync } from 'node:fs';
import { EspalierError } from '../../../errors.ts';
import { prepareEnvironment } from '../../library-environment.ts';

type Koffi = typeof import('koffi')['default'];
export type NativeLibrary = ReturnType<Koffi['load']>;

/** The loaded libraries. */
export interface OpenedLibrary {
  readonly koffi: Koffi;
  readonly dnnl: NativeLibrary;
  /** OpenMP's runtime, if it is a separate library. */
  readonly openmp: NativeLibrary | null;
  readonly path: string;
}

const RTLD_NOW = 2;
const RTLD_NODELETE = 0x1000;

const dnnlNames: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ['libdnnl.so.2', 'libdnnl.so.3'],
  darwin: [
    'libdnnl.2.dylib',
    'libdnnl.3.dylib',
    '/opt/homebrew/lib/libdnnl.dylib',
    '/usr/local/lib/libdnnl.dylib',
  ],
  win32: ['dnnl.dll'],
};

const openmpNames: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ['libgomp.so.1', 'libomp.so.5', 'libiomp5.so'],
  darwin: ['libomp.dylib', '/opt/homebrew/opt/libomp/lib/libomp.dylib'],
  win32: ['libiomp5md.dll', 'vcomp140.dll'],
};

/**
 * Loads oneDNN: the file named by ESPALIER_DNNL, else the system's library. Throws `runtime`, listing the names that were
 * tried.
 */
export async function openLibrary(): Promise<OpenedLibrary> {
  const koffi = await loadKoffi();
  await prepareEnvironment('openmp');
  const given = process.env.ESPALIER_DNNL;
  const names = given ? [given] : (dnnlNames[process.platform] ?? []);
  const openmp = firstThatLoads(koffi, openmpNames[process.platform] ?? []);
  const dnnl = firstThatLoads(koffi, names);
  if (!dnnl) {
    const tried = names.join(', ') || `its name on ${process.platform} is not known`;
    const problem =
      given && existsSync(given)
        ? `${given} is not a library that can be loaded`
        : `oneDNN was not found (tried ${tried})`;
    throw new EspalierError('runtime', `${problem}${given ? '' : installAdvice()}`);
  }
  return { koffi, dnnl: dnnl.library, openmp: openmp?.library ?? null, path: dnnl.path };
}

const installAdvice = (): string =>
  process.platform === 'linux'
    ? ': apt-get install libdnnl2 (or libdnnl3), or set ESPALIER_DNNL'
    : ': set ESPALIER_DNNL to its file';

async function loadKoffi(): Promise<Koffi> {
  try {
    return (await import('koffi')).default;
  } catch (cause) {
    throw new EspalierError('runtime', 'koffi cannot be loaded: is it installed for this platform?', {
      cause,
    });
  }
}

function firstThatLoads(koffi: Koffi, names: readonly string[]) {
  for (const path of names) {
    keepLoaded(koffi, path);
    try {
      return { path, library: koffi.load(path) };
    } catch {
      // Tries the next name.
    }
  }
  return null;
}

/**
 * Keeps a library loaded: OpenMP's threads outlive the JavaScript that started them, and unmapping their code at exit would
 * crash the process.
 */
function keepLoaded(koffi: Koffi, path: string): void {
  if (process.platform !== 'linux') return;
  const dlopen = koffi.load(null).func('void *dlopen(const char *path, int flags)');
  dlopen(path, RTLD_NOW | RTLD_NODELETE);
}
