import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChild } from './child.ts';

/** The same networks and step in PyTorch: a script, and the Python that has torch. */
export interface Peer {
  readonly python: string;
  readonly script: string;
  readonly torch: string;
}

/** Memory layouts: what published training scripts run by default, and PyTorch's faster one on CPUs. */
export const layouts = ['nchw', 'nhwc'] as const;

const python = '/usr/bin/python3';
const root = fileURLToPath(new URL('../..', import.meta.url));

/** The peer, or why it cannot run here. */
export async function findPeer(threads: number): Promise<Peer | { readonly missing: string }> {
  const shared = process.env.ESPALIER_SHARED ?? '../shared';
  const script = resolve(root, shared, 'peers', 'pytorch_cifar.py');
  if (!existsSync(script)) return { missing: `no ${script}` };
  const args = ['-c', 'import json, torch; print(json.dumps({"torch": torch.__version__}))'];
  try {
    const { torch } = await runChild({ label: python, command: python, args, threads });
    return { python, script, torch: torch as string };
  } catch (error) {
    return { missing: (error as Error).message };
  }
}
