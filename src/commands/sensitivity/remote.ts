import { join } from 'node:path';
import type { TaskQueue } from '../../distributed/queue.ts';
import type { UnitPart, UnitSensitivity } from '../../pruning/sensitivity/measure.ts';
import type { RunDirectory } from '../../training/run-directory.ts';
import type { Command, Context } from '../command.ts';
import type { RawValue } from '../flags.ts';
import type { SensitivitySettings } from './sensitivity.ts';

interface Remote {
  readonly run: RunDirectory;
  readonly settings: SensitivitySettings;
  /** The command `sensitivity`. */
  readonly command: Command;
  readonly context: Context;
}

/**
 * Number of parts for the usual number of workers; twice the number of workers if there are more, so that none waits long.
 */
const PARTS = 8;

/**
 * Measures the sensitivity of all units on workers, each of which measures every n-th unit. The result and its order are the
 * same as on one machine.
 */
export async function measureRemotely(remote: Remote): Promise<UnitSensitivity[]> {
  const { openTaskQueue } = await import('../../distributed/queue.ts');
  const { interleavedParts } = await import('../../pruning/sensitivity/measure.ts');
  const { run, settings, context } = remote;
  const { redis, store, patience } = settings;
  const tasks = await openTaskQueue({ redis: redis!, store, patience });
  try {
    const of = await partsOf(run, tasks);
    const bar = context.progress('measuring', of, 'parts');
    const parts = await Promise.all(
      Array.from({ length: of }, async (_, index) => {
        const units = await partUnits(remote, tasks, { index, of });
        bar.advance(1);
        return units;
      }),
    ).finally(() => bar.done());
    return interleavedParts(parts);
  } finally {
    await tasks.close();
  }
}

/** The number of parts into which the units are divided. It is fixed for the whole run, because tasks depend on it. */
async function partsOf(run: RunDirectory, { queue }: TaskQueue): Promise<number> {
  const known = run.readEvents().find(({ type }) => type === 'parts')?.of;
  if (typeof known === 'number') return known;
  const of = Math.max(PARTS, 2 * (await queue.getWorkersCount()));
  run.record({ type: 'parts', of });
  return of;
}

/** The units of a part: measured before, or by a worker. */
async function partUnits(remote: Remote, tasks: TaskQueue, part: UnitPart): Promise<UnitSensitivity[]> {
  const { run, settings, command, context } = remote;
  const before = run.readEvents().find(({ type, index }) => type === 'part' && index === part.index);
  if (before) return before.units as UnitSensitivity[];
  const { callRemotely } = await import('../remote/call.ts');
  const { runNameOf } = await import('../../distributed/run-name.ts');
  const name = `part-${part.index + 1}-of-${part.of}`;
  const folder = join(run.path, 'parts', name);
  const raw = { ...rawOf(settings, command), part: `${part.index + 1}/${part.of}`, out: folder };
  const call = { run: runNameOf(run.recipe), name, command, args: [settings.model], raw, folder };
  const { data } = await callRemotely(call, tasks, context.signal);
  const { units } = data as { readonly units: UnitSensitivity[] };
  for (const unit of units) run.record({ type: 'sensitivity', unit });
  run.record({ type: 'part', index: part.index, units });
  return units;
}

/** Converts settings to command line flags. */
function rawOf(settings: SensitivitySettings, { options }: Command): Record<string, RawValue> {
  const raw: Record<string, RawValue> = {};
  for (const [key, value] of Object.entries(settings)) {
    if (!Object.hasOwn(options, key) || value === undefined || value === null || value === false) continue;
    raw[key] = value === true || typeof value === 'string' ? value : [value].flat().join(',');
  }
  return raw;
}
