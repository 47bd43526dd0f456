import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, type Context, invocationOf } from '../commands/command.ts';
import type { RawValue } from '../commands/flags.ts';
import { stepCommands } from '../commands/index.ts';
import { isModelPath } from '../commands/model.ts';
import { refuseOption, runsRemotely } from '../commands/remote/allowed.ts';
import { refuseMissingData } from '../distributed/missing-data.ts';
import type { Workplace } from '../distributed/perform.ts';
import { fetchFiles, filesBelow } from '../distributed/stored-files.ts';
import type { CommandDone, CommandTask, TaskArgument } from '../distributed/tasks.ts';
import { EspalierError } from '../errors.ts';
import { releaseBelow } from '../training/run-lock.ts';

/**
 * Executes the command of a task in a folder of the worker, continuing from an earlier attempt, and stores its output.
 * Messages show the paths of the requesting machine.
 */
export async function performCommand(task: CommandTask, workplace: Workplace): Promise<CommandDone> {
  const { root, store, name: worker, signal, threads } = workplace;
  const started = performance.now();
  const command = commandOf(task);
  if (task.data) await refuseMissingData(task.data.place, worker);
  const folder = join(resolve(root), task.run, task.name);
  for (const [i, { files }] of task.inputs.entries())
    await fetchFiles(files, join(folder, 'inputs', String(i)), store);
  const out = join(folder, 'out');
  const told = tellerOf(task, folder);
  const isBegun = 'resume' in command.options && existsSync(join(out, 'recipe.json'));
  const invocation = isBegun
    ? invocationOf(command, [], { resume: out })
    : invocationOf(command, argsOf(task, folder), {
        ...(threads !== undefined && 'threads' in command.options ? { threads: String(threads) } : {}),
        ...rawOf(task, { command, folder }),
      });
  try {
    const { data, text } = await command.run(invocation, contextOf(signal));
    const files = existsSync(out)
      ? await filesBelow(out, store, (path, bytes) => renamed(path, bytes, told))
      : [];
    return {
      data: JSON.parse(told(JSON.stringify(data ?? null))),
      text: told(text),
      files,
      seconds: (performance.now() - started) / 1000,
      worker,
    };
  } catch (cause) {
    if (!(cause instanceof EspalierError)) throw cause;
    throw new EspalierError(cause.code, told(cause.message), { cause });
  } finally {
    // Another worker may continue with the next task of this run in the folder.
    releaseBelow(folder);
  }
}

function commandOf({ command: name }: CommandTask): Command {
  const known = stepCommands.find((command) => command.name === name);
  if (known && runsRemotely(known)) return known;
  throw new EspalierError('usage', `workers do not run the command ${name}`);
}

/** The local path of an argument's file or folder. */
const placeOf = ({ input, path }: Exclude<TaskArgument, string>, folder: string): string =>
  join(folder, 'inputs', String(input), path ?? '');

function argsOf({ args, command }: CommandTask, folder: string): string[] {
  return args.map((arg) => {
    if (typeof arg !== 'string') return placeOf(arg, folder);
    if (!isModelPath(arg)) return arg;
    throw new EspalierError('usage', `the task does not contain the model ${arg}`, { where: command });
  });
}

interface CommandFolder {
  readonly command: Command;
  readonly folder: string;
}

function rawOf(
  { options, out, data }: CommandTask,
  { command, folder }: CommandFolder,
): Record<string, RawValue> {
  const raw: Record<string, RawValue> = {};
  for (const [key, value] of Object.entries(options)) {
    refuseOption(command, key, value);
    const isPlace = typeof value === 'object' && !Array.isArray(value);
    raw[key] = isPlace ? placeOf(value, folder) : value;
  }
  if (data) raw.data = data.place;
  if (out) raw.out = join(folder, 'out', out.file ?? '');
  return raw;
}

/** Replaces local paths by those of the requesting machine. */
function tellerOf(
  { args, options, inputs, out, data }: CommandTask,
  folder: string,
): (text: string) => string {
  const places = [...args, ...Object.values(options)].flatMap((value): [string, string][] =>
    typeof value === 'object' && !Array.isArray(value)
      ? [[placeOf(value, folder), inputs[value.input]?.shown ?? '']]
      : [],
  );
  if (out) places.push([join(folder, 'out'), out.shown]);
  if (data) places.push([data.place, data.shown]);
  return (text) => places.reduce((told, [here, there]) => told.replaceAll(here, there), text);
}

const renamed = (path: string, bytes: Buffer, told: (text: string) => string): Uint8Array =>
  /\.(json|jsonl|html)$/.test(path) ? Buffer.from(told(bytes.toString())) : bytes;

/** A terminal without a user. */
function contextOf(signal = new AbortController().signal): Context {
  const bar = { advance() {}, to() {}, done() {} };
  return { signal, progress: () => bar, note() {}, warn() {} };
}
