import { isMainThread } from 'node:worker_threads';

/** A setting that a native library reads from the environment when it is loaded. */
interface Setting {
  readonly value: string;
  /** Others that say the same: where the user has set one of them, this one stays away. */
  readonly unless?: readonly string[];
}

type Library = 'onnxruntime' | 'openmp';

const settings: Readonly<Record<Library, Readonly<Record<string, Setting>>>> = {
  // It looks up a host of Microsoft's and keeps an identifier of the device in ~/.cache.
  onnxruntime: { ORT_DISABLE_TELEMETRY: { value: '1' } },
  // Threads soon sleep where one waits for a core that something else has: docs/engines.md has the figures.
  openmp: { GOMP_SPINCOUNT: { value: '10000', unless: ['OMP_WAIT_POLICY'] } },
};

/**
 * Sets what a library is to find in the environment when it is loaded; what the user has set stays. In a worker thread an
 * assignment to process.env does not reach C, so that setenv is called by koffi; without koffi nothing is set there.
 */
export async function prepareEnvironment(library: Library): Promise<void> {
  for (const [name, { value, unless = [] }] of Object.entries(settings[library])) {
    if ([name, ...unless].some((each) => process.env[each] !== undefined)) continue;
    process.env[name] = value;
    if (!isMainThread && process.platform !== 'win32') await setInC(name, value);
  }
}

async function setInC(name: string, value: string): Promise<void> {
  const loaded = await import('koffi').catch(() => null);
  const setenv = loaded?.default
    .load(null)
    .func('int setenv(const char *name, const char *value, int overwrite)');
  setenv?.(name, value, 1);
}
