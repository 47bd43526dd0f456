import { basename } from 'node:path';
import type { Store } from '../../distributed/store.ts';
import { type StoredInput, storedModel, storedPath } from '../../distributed/stored-files.ts';
import type { CommandTask, TaskArgument } from '../../distributed/tasks.ts';
import type { Command } from '../command.ts';
import { dataPlace } from '../data-flags.ts';
import type { Flag, RawValue } from '../flags.ts';
import { isModelPath } from '../model.ts';
import { expectSendable, namesFiles, namesNetwork, ownOptions } from './allowed.ts';

/** A command line to execute on a worker. */
export interface RemoteCall {
  /** A name that distinguishes the tasks of the run from those of others. */
  readonly run: string;
  /** A name that is unique within the run. */
  readonly name: string;
  readonly command: Command;
  readonly args: readonly string[];
  readonly raw: Readonly<Record<string, RawValue>>;
  /** The folder for the output; `--out` is this folder or a file in it. */
  readonly folder: string;
}

/** Creates the task of a call, and stores the files that it reads. */
export async function commandTask(call: RemoteCall, store: Store): Promise<CommandTask> {
  const { run, name, command, raw, folder } = call;
  expectSendable(raw);
  const inputs: CommandTask['inputs'] = [];
  const args: TaskArgument[] = [];
  for (const arg of call.args)
    args.push(isModelPath(arg) ? addInput(inputs, arg, await storedModel(arg, store)) : arg);
  const options: CommandTask['options'] = {};
  for (const [key, value] of Object.entries(raw)) {
    if (value === undefined || ownOptions.has(key) || key === 'data') continue;
    const stored = typeof value === 'string' ? await storedFile(value, command.options[key]!, store) : null;
    options[key] = stored ? addInput(inputs, String(value), stored) : copyOf(value);
  }
  const { out, data } = raw;
  return {
    kind: 'command',
    run,
    name,
    command: command.name,
    args,
    options,
    inputs,
    out: typeof out === 'string' ? { file: out === folder ? null : basename(out), shown: folder } : null,
    data: typeof data === 'string' ? { place: await dataPlace(data), shown: data } : null,
  };
}

/** Stores the file or folder that a flag names; null if it names none. */
async function storedFile(value: string, flag: Flag<unknown>, store: Store): Promise<StoredInput | null> {
  if (namesFiles(flag)) return storedPath(value, store);
  return namesNetwork(flag) && isModelPath(value) ? storedModel(value, store) : null;
}

const copyOf = (value: Exclude<RawValue, undefined>): string | boolean | string[] =>
  typeof value === 'object' ? [...value] : value;

function addInput(inputs: CommandTask['inputs'], shown: string, { files, path }: StoredInput): TaskArgument {
  inputs.push({ shown, files });
  return { input: inputs.length - 1, path };
}
