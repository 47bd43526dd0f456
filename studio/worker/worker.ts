import { expose } from 'comlink';
import { EspalierError } from 'espalier/core';
import { readFiles, recognise, type StoredFile } from '../engine/open/recognise.ts';
import { openSession, type Session, summaryOf } from '../engine/session.ts';
import type { EngineTools } from '../engine/types.ts';
import type { DroppedFile, StudioApi } from './api.ts';
import { executor } from './executor.ts';
import { openJobs } from './jobs.ts';

const jobs = openJobs();
const tools: EngineTools = { executor, now: () => performance.now() };

/** The open network. */
let session: Session | null = null;

const api: StudioApi = {
  open: (dropped, job, report) =>
    jobs.run(job, report, async () => {
      const { kind, name, files } = recognise(dropped.map(storedFile));
      if (kind !== 'network') return { kind, name };
      session = await openSession(await readFiles(files), tools);
      return { kind, session: summaryOf(session) };
    }),
  cancel: jobs.cancel,
};

const storedFile = ({ name, file }: DroppedFile): StoredFile => ({
  name,
  size: file.size,
  async bytes() {
    try {
      return new Uint8Array(await file.arrayBuffer());
    } catch (cause) {
      const message = 'cannot be read: it has changed or is gone since it was dropped; drop it again';
      throw new EspalierError('io', message, { where: name, cause });
    }
  },
});

expose(api);

// This worker holds a lock for as long as it lives. Once it says so, the page waits for the lock, which it gets when this
// worker has ended, in whatever way.
void navigator.locks?.request(self.name, () => {
  self.postMessage('locked');
  return new Promise<never>(() => {});
});
