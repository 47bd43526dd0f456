import { EspalierError } from 'espalier/core';
import { openCompiled } from '../engine/open/compiled.ts';
import { readFiles, recognise, type StoredFile } from '../engine/open/recognise.ts';
import { openRun } from '../engine/open/run.ts';
import { openSession, summaryOf } from '../engine/session.ts';
import type { DroppedFile, StudioApi } from './api.ts';
import { jobs } from './jobs.ts';
import { replaceSession, tools } from './session.ts';

/** Opens what was dropped. */
export const opening: Pick<StudioApi, 'open'> = {
  open: (dropped, options, job, report) =>
    jobs.run(job, report, async ({ signal }) => {
      const found = recognise(dropped.map(storedFile));
      if (found.kind === 'compiled') return { kind: found.kind, contents: await openCompiled(found) };
      if (found.kind === 'run') return { kind: found.kind, contents: await openRun(found) };
      const session = await openSession(await readFiles(found.files), tools, options);
      signal?.throwIfAborted();
      replaceSession(session);
      return { kind: found.kind, session: summaryOf(session) };
    }),
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
