import { type Session, summaryOf } from '../engine/session.ts';
import { fold } from '../engine/transform/fold.ts';
import { deployForms } from '../engine/transform/forms.ts';
import { quantize } from '../engine/transform/int8.ts';
import { removeResiduals, residualBlocks } from '../engine/transform/residuals.ts';
import type { Control, SessionSummary } from '../engine/types.ts';
import type { ReportProgress, StudioApi } from './api.ts';
import { jobs } from './jobs.ts';
import { openEngine } from './measure.ts';
import { droppedImages, openedSession } from './session.ts';

type Transforming = Pick<
  StudioApi,
  'fold' | 'residualBlocks' | 'removeResiduals' | 'deployForms' | 'quantize'
>;

/** Rewrites the current version. */
export const transforming: Transforming = {
  fold: (choice, job, report) => step(job, report, (session, control) => fold(session, choice, control)),
  residualBlocks: (middle, job, report) =>
    jobs.run(job, report, (control) => residualBlocks(openedSession(), middle, control)),
  removeResiduals: (choice, job, report) =>
    step(job, report, (session, control) => removeResiduals(session, choice, control)),
  deployForms: (job, report) =>
    step(job, report, (session, control) => deployForms(session, { ...control, openEngine })),
  quantize: (choice, job, report) =>
    step(job, report, (session, control) => quantize(session, choice, { images: droppedImages(), control })),
};

/** Runs an operation that adds a version. */
const step = (
  job: number,
  report: ReportProgress,
  operation: (session: Session, control: Control) => Promise<unknown>,
): Promise<SessionSummary> =>
  jobs.run(job, report, async (control) => {
    const session = openedSession();
    await operation(session, control);
    return summaryOf(session);
  });

/** Undoes and redoes steps. */
export const stepping: Pick<StudioApi, 'undo' | 'redo'> = {
  undo: async () => {
    const session = openedSession();
    session.undo();
    return summaryOf(session);
  },
  redo: async () => {
    const session = openedSession();
    session.redo();
    return summaryOf(session);
  },
};
