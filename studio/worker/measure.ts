import { type Remote, wrap } from 'comlink';
import { EspalierError, type Runner } from 'espalier/core';
import { measureVersions } from '../engine/measure/measure.ts';
import type { OpenMeasuringEngine } from '../engine/measure/types.ts';
import type { StudioApi } from './api.ts';
import { jobs } from './jobs.ts';
import type { MeasuringApi } from './measuring-worker.ts';
import { openedSession } from './session.ts';

/** Measures versions in a worker of its own, which ends with the measurement. */
export const measuring: Pick<StudioApi, 'measure'> = {
  measure: (choice, job, report) =>
    jobs.run(job, report, (control) => measureVersions(openedSession(), choice, { ...control, openEngine })),
};

/** Starts a worker in which networks are timed. */
export const openEngine: OpenMeasuringEngine = async (threads) => {
  const worker = new Worker(new URL('./measuring-worker.ts', import.meta.url), { type: 'module' });
  const api = wrap<MeasuringApi>(worker);
  const ended = new Promise<never>((_, reject) => {
    worker.addEventListener('error', ({ message }) =>
      reject(new EspalierError('runtime', `the measurement has ended unexpectedly: ${message}`)),
    );
  });
  ended.catch(() => {});
  const opened = async (opening: Promise<Remote<Runner>>): Promise<Runner> => {
    const runner = await Promise.race([opening, ended]);
    return { time: (n) => Promise.race([runner.time(n), ended]), close: () => runner.close() };
  };
  return {
    openModel: (bytes, inputs) => opened(api.openModel(bytes, inputs, threads)),
    openCompiled: (network, inputs) => opened(api.openCompiled(network, inputs)),
    async close() {
      worker.terminate();
    },
  };
};
