import { transfer } from 'comlink';
import { compiledZip } from '../engine/take-away/compiled.ts';
import { recipeOf } from '../engine/take-away/recipe.ts';
import { reportOf } from '../engine/take-away/report.ts';
import type { StudioApi } from './api.ts';
import { jobs } from './jobs.ts';
import { openedSession } from './session.ts';

type TakingAway = Pick<StudioApi, 'modelFile' | 'compiledFile' | 'reportFile' | 'recipeFile'>;

/** Makes the files that a version can be taken away as. */
export const takingAway: TakingAway = {
  modelFile: async (version) => openedSession().version(version).bytes(),
  compiledFile: (version, job, report) =>
    jobs.run(job, report, async (control) => {
      const zip = await compiledZip(openedSession(), version, control);
      return transfer(zip, [zip.buffer as ArrayBuffer]);
    }),
  reportFile: (version) => reportOf(openedSession(), version),
  recipeFile: async (version) => recipeOf(openedSession(), version),
};
