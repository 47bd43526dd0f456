import { isMainThread } from 'node:worker_threads';

/** An environment variable that a native library reads when it is loaded. */
interface Setting {
  readonly value: string;
  /** Variables with the same meaning: if the user has set one of them, this one is not set. */
  readonly unless?: readonly string[];
}

type Library = 'onnxruntime' | 'openmp';

const settings: Readonly<Record<Library, Readonly<Record<string, Setting>>>> = {
  // Telemetry contacts a Microsoft host and stores a device identifier in ~/.cache.
  onnxruntime: { ORT_DISABLE_TELEMETRY: { value: '1' } },
  // Threads soon sleep while one of them waits for a core that is in use: docs/engines.md has measurements.
  openmp: { GOMP_SPINCOUNT: { value: '10000', unless: ['OMP_WAIT_POLICY'] } },
};

/**
 * Sets the environment variables that a library reads when it is loaded; variables set by the user are kept. In a worker
 * thread, assignments to process.env are not visible to native code, so setenv is called by koffi; without koffi nothing is
 * set there.
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
