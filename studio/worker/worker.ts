import { expose } from 'comlink';
import type { StudioApi } from './api.ts';
import { jobs } from './jobs.ts';
import { looking } from './look.ts';
import { opening } from './open.ts';

const api: StudioApi = { ...opening, ...looking, cancel: jobs.cancel };

expose(api);

// This worker holds a lock for as long as it lives. Once it says so, the page waits for the lock, which it gets when this
// worker has ended, in whatever way.
void navigator.locks?.request(self.name, () => {
  self.postMessage('locked');
  return new Promise<never>(() => {});
});
