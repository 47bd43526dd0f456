import { statSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { EspalierError } from '../../errors.ts';
import type { UnitSensitivity } from './measure.ts';

const finite = v.pipe(v.number(), v.finite());
const schema = v.object({
  units: v.array(
    v.object({
      name: v.string(),
      layers: v.array(v.string()),
      classes: finite,
      points: v.pipe(
        v.array(
          v.object({
            ratio: finite,
            kept: finite,
            top1: v.nullable(finite),
            loss: v.nullable(finite),
            outputError: finite,
            outputErrors: v.optional(v.record(v.string(), finite), {}),
          }),
        ),
        v.minLength(1),
      ),
    }),
  ),
});

/** Reads the result of `espalier sensitivity` from its file or run directory. Throws `invalid-data` if it is malformed. */
export async function readSensitivity(path: string): Promise<readonly UnitSensitivity[]> {
  const { readBytes } = await import('../../files.ts');
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const file = isFolder ? join(path, 'sensitivity.json') : path;
  const result = v.safeParse(schema, parsed(readBytes(file).toString()));
  if (result.success) return result.output.units;
  const message = `contains no sensitivities: ${result.issues[0].message}`;
  throw new EspalierError('invalid-data', message, { where: file });
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
