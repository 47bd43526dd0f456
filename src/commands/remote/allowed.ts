import { EspalierError } from '../../errors.ts';
import type { Command } from '../command.ts';
import type { Flag, RawValue } from '../flags.ts';
import { isModelPath } from '../model.ts';

/** Commands that workers execute: they read models and data sets, and write only to the given folder. */
const allowed: ReadonlySet<string> = new Set([
  ...['train', 'swp', 'prune', 'sensitivity', 'rmnet', 'graft', 'eval', 'fold', 'deploy', 'bench', 'inspect'],
]);

/**
 * Options that the worker sets, or that are not allowed in tasks: output paths, other machines, and files of this machine.
 */
export const ownOptions: ReadonlySet<string> = new Set([
  'out',
  'resume',
  'redis',
  'store',
  'patience',
  'feed',
]);

/** Throws `usage` if a command line reads files that are not sent with the task. */
export function expectSendable(raw: Readonly<Record<string, RawValue>>): void {
  if (raw.feed === undefined) return;
  throw new EspalierError(
    'usage',
    '--feed: its files are not sent to workers: run the command without --redis',
  );
}

export const runsRemotely = ({ name }: Pick<Command, 'name'>): boolean => allowed.has(name);

/** Whether a flag names a file or folder to read. */
export const namesFiles = ({ usage }: Flag<unknown>): boolean => /<(path|dir|file)>$/.test(usage);

/** Whether a flag names a network: an .onnx file or a built-in one. */
export const namesNetwork = ({ usage }: Flag<unknown>): boolean => usage.endsWith('<model>');

/** Throws `usage` for an option that a task must not set, such as a file of the worker's machine. */
export function refuseOption(command: Command, key: string, value: RawValue | object): void {
  const flag = Object.hasOwn(command.options, key) ? command.options[key] : undefined;
  if (flag && !ownOptions.has(key) && key !== 'data' && isSent(flag, value)) return;
  throw new EspalierError('usage', `workers do not accept the option ${key}`, { where: command.name });
}

/** Whether the files that a value names come with the task. */
function isSent(flag: Flag<unknown>, value: RawValue | object): boolean {
  const isFile = typeof value === 'object' && !Array.isArray(value);
  if (namesNetwork(flag)) return isFile || (typeof value === 'string' && !isModelPath(value));
  return namesFiles(flag) === isFile;
}
