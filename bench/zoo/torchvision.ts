import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChild } from '../training/child.ts';
import type { ZooOptions } from './options.ts';

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

/** The file of a network, exported unless the cache has it. */
export async function exported(name: string, { cache, dynamicBatch }: ZooOptions): Promise<string> {
  const folder = join(cache, dynamicBatch ? `${name}-dynamic` : name);
  const file = join(folder, 'model.onnx');
  if (existsSync(file)) return file;
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const args = [script, name, partial, ...(dynamicBatch ? ['--dynamic-batch'] : [])];
  await runChild({ label: name, command: python, args, threads: 1 });
  renameSync(partial, folder);
  return file;
}
