import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChild } from './child.ts';
import type { BenchNetwork, ComparedNetwork } from './networks.ts';

/** The same networks and step in PyTorch: the Python that has torch. */
export interface Peer {
  readonly python: string;
  readonly torch: string;
}

/** Memory layouts: what published training scripts run by default, and PyTorch's faster one on CPUs. */
export const layouts = ['nchw', 'nhwc'] as const;

const python = '/usr/bin/python3';
const root = fileURLToPath(new URL('../..', import.meta.url));

const scripts: Readonly<Record<BenchNetwork['script'], string>> = {
  cifar: resolve(root, process.env.ESPALIER_SHARED ?? '../shared', 'peers', 'pytorch_cifar.py'),
  exported: resolve(root, 'bench', 'peers', 'pytorch_networks.py'),
};

/** The peer, or why it cannot run here. */
export async function findPeer(threads: number): Promise<Peer | { readonly missing: string }> {
  const args = ['-c', 'import json, torch; print(json.dumps({"torch": torch.__version__}))'];
  try {
    const { torch } = await runChild({ label: python, command: python, args, threads });
    return { python, torch: torch as string };
  } catch (error) {
    return { missing: (error as Error).message };
  }
}

/** The networks that can be trained here; `note` is told why others cannot, or have no peer. */
export async function comparedNetworks(
  wanted: readonly BenchNetwork[],
  {
    peer,
    batch,
    note,
  }: { readonly peer: Peer | null; readonly batch: number | null; note(line: string): void },
): Promise<ComparedNetwork[]> {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'));
  const compared: ComparedNetwork[] = [];
  for (const { name, script, model, batch: usual } of wanted) {
    const path = peer && existsSync(scripts[script]) ? scripts[script] : null;
    if (peer && !path) note(`${name} has no peer: no ${scripts[script]}`);
    if (!model && (!peer || !path)) {
      note(`${name} is left out: PyTorch is needed to export it`);
      continue;
    }
    const file = model ?? join(folder, `${name}.onnx`);
    if (!model) await exportNetwork(peer!, { name, script: path!, file });
    compared.push({ name, model: file, batch: batch ?? usual, skeletons: script === 'cifar', script: path });
  }
  return compared;
}

const exportNetwork = (
  { python: command }: Peer,
  { name, script, file }: { readonly name: string; readonly script: string; readonly file: string },
): Promise<unknown> =>
  runChild({
    label: `export of ${name}`,
    command,
    args: [script, '--arch', name, '--export', file],
    threads: 1,
  });
