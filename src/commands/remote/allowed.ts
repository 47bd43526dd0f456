import { EspalierError } from '../../errors.ts';
import type { Command } from '../command.ts';
import type { Flag, RawValue } from '../flags.ts';

/** Commands that workers run: they read models and data sets, and write to the folder that they are given alone. */
const allowed: ReadonlySet<string> = new Set([
  ...['train', 'swp', 'prune', 'sensitivity', 'rmnet', 'graft', 'eval', 'fold', 'deploy', 'bench', 'inspect'],
]);

/** Options that are the worker's to fill in, or nobody's: places to write to, other machines, and files of this one. */
export const ownOptions: ReadonlySet<string> = new Set([
  'out',
  'resume',
  'redis',
  'store',
  'patience',
  'feed',
]);

/** Throws `usage` where a command line reads files that are not sent with it. */
export function expectSendable(raw: Readonly<Record<string, RawValue>>): void {
  if (raw.feed === undefined) return;
  throw new EspalierError(
    'usage',
    '--feed: its files are not sent to workers: run the command without --redis',
  );
}

export const runsRemotely = ({ name }: Pick<Command, 'name'>): boolean => allowed.has(name);

/** Whether a flag names a file or a folder that is read. */
export const namesFiles = ({ usage }: Flag<unknown>): boolean => /<(path|dir|file)>$/.test(usage);

/** Throws `usage` on an option that a task may not set. */
export function refuseOption(command: Command, key: string, value: RawValue | object): void {
  const flag = Object.hasOwn(command.options, key) ? command.options[key] : undefined;
  const isFile = typeof value === 'object' && !Array.isArray(value);
  if (flag && !ownOptions.has(key) && key !== 'data' && namesFiles(flag) === isFile) return;
  throw new EspalierError('usage', `workers do not accept the option ${key}`, { where: command.name });
}
