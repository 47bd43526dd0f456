import { EspalierError } from '../../errors.ts';
import { checkRequest, givenTarget, targetOf } from '../../pruning/iterative/check-request.ts';
import { checkTeacher } from '../training/teacher-flags.ts';
import type { PruneSettings } from './flags.ts';

/** Throws `usage` where options contradict each other. */
export function checkPruneSettings(settings: PruneSettings): void {
  const { criterion, plan, explain, epochs, out, compile } = settings;
  // Pinned channels have reasons even without a target.
  if (explain === undefined) targetOf(settings);
  else givenTarget(settings);
  if (criterion === 'mask' && (plan || explain !== undefined))
    throw new EspalierError(
      'usage',
      '--criterion mask learns which channels to remove, so that it has no --plan or --explain',
    );
  checkTeacher(settings);
  checkRequest({ ...settings, distill: settings.distill ?? settings.teacher });
  const needsFolder = epochs !== undefined ? '--epochs' : compile && '--compile';
  if (needsFolder && out?.endsWith('.onnx'))
    throw new EspalierError('usage', `${needsFolder} needs a folder for --out, found a file`);
}
