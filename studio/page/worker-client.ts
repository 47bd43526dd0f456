import { batch } from '@preact/signals';
import { type Remote, wrap } from 'comlink';
import type { StudioApi } from '../worker/api.ts';
import { failure, opened } from './state.ts';

/** A worker, and a promise that rejects when it ends. */
interface Connection {
  readonly worker: Worker;
  readonly api: Remote<StudioApi>;
  readonly ended: Promise<never>;
}

let connection: Connection | null = null;
let started = 0;

const ENDED = 'the computation has ended unexpectedly, perhaps for lack of memory: open the file again';

/** Calls the worker, which is started on the first call and after it has ended. Rejects if it ends. */
export function callWorker<T>(call: (api: Remote<StudioApi>) => Promise<T>): Promise<T> {
  const { api, ended } = startWorker();
  return Promise.race([call(api), ended]);
}

/** Starts the worker unless it runs, so that its code is loaded before the first file is dropped. */
export function startWorker(): Connection {
  connection ??= connect();
  return connection;
}

function connect(): Connection {
  const name = `studio-worker-${started++}-${Math.random().toString(36).slice(2)}`;
  const worker = new Worker(new URL('../worker/worker.ts', import.meta.url), { type: 'module', name });
  const ended = new Promise<never>((_, reject) => {
    const end = () => {
      worker.terminate();
      connection = null;
      batch(() => {
        opened.value = null;
        failure.value = ENDED;
      });
      reject(new Error(ENDED));
    };
    worker.addEventListener('error', end);
    worker.addEventListener('message', ({ data }) => {
      if (data === 'locked') void navigator.locks.request(name, end);
    });
  });
  // Without a pending call, nothing waits for it.
  ended.catch(() => {});
  return { worker, api: wrap<StudioApi>(worker), ended };
}
