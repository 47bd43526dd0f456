import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChild } from '../training/child.ts';

const python = '/usr/bin/python3';
const script = fileURLToPath(new URL('../peers/export_torchvision.py', import.meta.url));

/** The names of torchvision's classification networks. */
export async function networkNames(): Promise<readonly string[]> {
  const { names } = await runChild({
    label: 'torchvision',
    command: python,
    args: [script, '--list'],
    threads: 1,
  });
  return names as string[];
}

/** Where exports are kept, and the exporter's flags. */
export interface Export {
  readonly cache: string;
  readonly flags: readonly string[];
}

/** The file of a network, exported unless the cache has it. */
export async function exported(name: string, { cache, flags }: Export): Promise<string> {
  const folder = join(cache, [name, ...flags.map((flag) => flag.replace('--', ''))].join('-'));
  const file = join(folder, 'model.onnx');
  if (existsSync(file)) return file;
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  await runChild({ label: name, command: python, args: [script, name, partial, ...flags], threads: 1 });
  renameSync(partial, folder);
  return file;
}
