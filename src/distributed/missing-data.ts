import { stat } from 'node:fs/promises';
import { dataSets } from '../data/data-sets.ts';
import { EspalierError } from '../errors.ts';

/** Throws `missing-file` if a folder of images does not exist on a worker: tasks name data sets and do not contain them. */
export async function refuseMissingData(name: string, worker: string): Promise<void> {
  if (Object.hasOwn(dataSets, name)) return;
  const found = await stat(name).catch(() => null);
  if (found?.isDirectory()) return;
  const message = `no such folder on worker ${worker}: data sets are not sent to workers, copy it there under the same path`;
  throw new EspalierError('missing-file', message, { where: name });
}
