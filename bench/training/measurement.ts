import { fileURLToPath } from 'node:url';
import { type Child, runChild } from './child.ts';
import type { Peer } from './peer.ts';

/** One process's worth of training steps. */
export interface Measurement {
  /** The fastest third of the steps after those that warm up, averaged. */
  readonly imagesPerSecond: number;
  /** All the steps after those that warm up: the median. The peer does not tell. */
  readonly medianImagesPerSecond?: number;
  /** The largest resident set of the process. */
  readonly peakBytes: number;
}

/** Whole training steps of one network, of either side. */
export interface Workload {
  /** The zoo's name or a file for our side, the peer's name for the peer. */
  readonly network: string;
  readonly batch: number;
  readonly steps: number;
  readonly threads: number;
  /** Trains filter skeletons too. */
  readonly skeleton: boolean;
}

/** What the process of {@link measureOurs} is asked for. */
export interface OurWorkload extends Workload {
  readonly executor: string;
}

/** Our training step in a fresh process. */
export async function measureOurs(workload: OurWorkload): Promise<Measurement> {
  const args = [JSON.stringify(workload)];
  const label = `${workload.executor}, ${workload.network}`;
  const measured = await runOurs('ours.ts', args, { label, threads: workload.threads });
  return measured as unknown as Measurement;
}

/** GFLOP/s of a large matrix product in a fresh process. */
export async function measureMatmul(threads: number): Promise<number> {
  const { gflops } = await runOurs('matmul.ts', [String(threads)], { label: 'matrix product', threads });
  return gflops as number;
}

/** PyTorch's training step in a fresh process, in the memory layout given. */
export async function measurePeer(
  { python: command }: Peer,
  workload: Workload & { readonly script: string },
  layout: string,
): Promise<Measurement> {
  const { network, script, batch, steps, threads, skeleton } = workload;
  const flags = ['--arch', network, '--layout', layout, ...skeletonFlag(skeleton)];
  const sizes = { batch, steps, threads };
  const measured = await runChild({
    label: `PyTorch, ${network} ${layout}`,
    command,
    args: [
      '-c',
      withPeakMemory,
      script,
      ...flags,
      ...Object.entries(sizes).flatMap(([name, n]) => [`--${name}`, String(n)]),
    ],
    threads,
  });
  return measured as unknown as Measurement;
}

const skeletonFlag = (skeleton: boolean): string[] => (skeleton ? ['--skeleton'] : []);

/** Runs a script as Python would, then prints the process's largest resident set (the system counts in KiB). */
const withPeakMemory = `
import json, resource, runpy, sys
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
print(json.dumps({'peakBytes': 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
`;

function runOurs(
  file: string,
  args: readonly string[],
  { label, threads }: Pick<Child, 'label' | 'threads'>,
): Promise<Record<string, unknown>> {
  const script = fileURLToPath(new URL(file, import.meta.url));
  return runChild({
    label,
    command: process.execPath,
    args: ['--import', 'tsx', script, ...args],
    threads,
  });
}
