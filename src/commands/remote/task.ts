import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Store } from '../../distributed/store.ts';
import type { CommandDone, CommandTask, StoredFile, TaskArgument } from '../../distributed/tasks.ts';
import { EspalierError } from '../../errors.ts';
import { readBytes, writeFileAtomically } from '../../files.ts';
import type { Command } from '../command.ts';
import { dataPlace } from '../data-flags.ts';
import type { RawValue } from '../flags.ts';
import { isModelPath } from '../model.ts';
import { expectSendable, namesFiles, ownOptions } from './allowed.ts';

/** A command line that somebody else is to carry out. */
export interface RemoteCall {
  /** What tells the tasks of the run from those of others. */
  readonly run: string;
  /** A word of its own within the run. */
  readonly name: string;
  readonly command: Command;
  readonly args: readonly string[];
  readonly raw: Readonly<Record<string, RawValue>>;
  /** Where what the command writes belongs; `--out` is this folder or a file in it. */
  readonly folder: string;
}

/** The task of a call; the files that it reads are put into the store. */
export async function commandTask(call: RemoteCall, store: Store): Promise<CommandTask> {
  const { run, name, command, raw, folder } = call;
  expectSendable(raw);
  const inputs: CommandTask['inputs'] = [];
  const args: TaskArgument[] = [];
  for (const arg of call.args)
    args.push(isModelPath(arg) ? addInput(inputs, arg, await modelFiles(arg, store)) : arg);
  const options: CommandTask['options'] = {};
  for (const [key, value] of Object.entries(raw)) {
    if (value === undefined || ownOptions.has(key) || key === 'data') continue;
    const isPath = typeof value === 'string' && namesFiles(command.options[key]!);
    options[key] = isPath ? addInput(inputs, value, await otherFiles(value, store)) : copyOf(value);
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

/** Writes what a worker made to where it belongs. */
export async function fetchOutputs({ files }: CommandDone, folder: string, store: Store): Promise<void> {
  for (const { path, key } of files) writeFileAtomically(join(folder, path), [await store.get(key)]);
}

const copyOf = (value: Exclude<RawValue, undefined>): string | boolean | string[] =>
  typeof value === 'object' ? [...value] : value;

interface Sent {
  readonly files: StoredFile[];
  /** The file that is meant; null for the folder of all. */
  readonly path: string | null;
}

function addInput(inputs: CommandTask['inputs'], shown: string, { files, path }: Sent): TaskArgument {
  inputs.push({ shown, files });
  return { input: inputs.length - 1, path };
}

/** A model as one file: as it is, or, where tensors lie outside of it, with them. */
async function modelFiles(path: string, store: Store): Promise<Sent> {
  const { parseModel, serializeModel } = await import('../../onnx/index.ts');
  const { readModelFile } = await import('../../onnx/model-file.ts');
  const graph = readModelFile(path);
  const bytes = readBytes(path);
  let whole: Uint8Array = bytes;
  try {
    parseModel(bytes);
  } catch {
    whole = serializeModel(graph);
  }
  return { files: [{ path: 'model.onnx', key: await store.put(whole) }], path: 'model.onnx' };
}

/** A file, or all of a folder; hidden files and checkpoints stay where they are. */
async function otherFiles(path: string, store: Store): Promise<Sent> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new EspalierError('missing-file', 'no such file or folder', { where: path });
  if (!found.isDirectory())
    return { files: [{ path: 'file', key: await store.put(readBytes(path)) }], path: 'file' };
  return { files: await filesBelow(path, store), path: null };
}

/** The files below a folder, put into a store; those of a name that no task may have stay out, and locks. */
export async function filesBelow(
  root: string,
  store: Store,
  change: (path: string, bytes: Buffer) => Uint8Array = (_, bytes) => bytes,
): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    const whole = join(entry.parentPath, entry.name);
    const path = whole.slice(join(root, '/').length).replaceAll('\\', '/');
    if (/(^|\/)(\.|run\.lock)|[^\w@+./-]|\.partial$/.test(path)) continue;
    files.push({ path, key: await store.put(change(path, readBytes(whole))) });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
