import { expose } from 'comlink';
import type { StudioApi } from './api.ts';
import { comparing } from './images.ts';
import { jobs } from './jobs.ts';
import { looking } from './look.ts';
import { measuring } from './measure.ts';
import { opening } from './open.ts';
import { pruning } from './prune.ts';
import { takingAway } from './take-away.ts';
import { stepping, transforming } from './transform.ts';

const api: StudioApi = {
  ...opening,
  ...looking,
  ...pruning,
  ...transforming,
  ...stepping,
  ...comparing,
  ...measuring,
  ...takingAway,
  cancel: jobs.cancel,
};

expose(api);

// This worker holds a lock for as long as it lives. Once it says so, the page waits for the lock, which it gets when this
// worker has ended, in whatever way.
void navigator.locks?.request(self.name, () => {
  self.postMessage('locked');
  return new Promise<never>(() => {});
});
