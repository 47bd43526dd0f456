import { type Measurement, measureMatmul, measureOurs, measurePeer } from './measurement.ts';
import type { ComparedNetwork } from './networks.ts';
import type { BenchOptions } from './options.ts';
import { layouts, type Peer } from './peer.ts';

/** One of those measured in turn: an executor of ours, or the peer in a memory layout. */
export interface Contestant {
  readonly side: 'ours' | 'peer';
  /** The executor or the layout. */
  readonly form: string;
  readonly skeleton: boolean;
}

/** What a contestant did with a network in each round. */
export interface Series {
  readonly network: ComparedNetwork;
  readonly contestant: Contestant;
  readonly measurements: Measurement[];
}

export interface Rounds {
  readonly series: readonly Series[];
  /** GFLOP/s of the large matrix product, of each round; empty where it cannot run. */
  readonly matmul: readonly number[];
}

/** The executors that complete a step of a small network here, and why the others do not. */
export async function usableExecutors({ executors, threads }: BenchOptions) {
  const usable: string[] = [];
  const notes: string[] = [];
  for (const executor of executors) {
    const workload = { network: 'espalier-demo', batch: 1, steps: 3, threads, skeleton: false, executor };
    try {
      await measureOurs(workload);
      usable.push(executor);
    } catch (error) {
      notes.push(`${executor} does not run here: ${(error as Error).message}`);
    }
  }
  return { usable, notes };
}

/**
 * Measures every contestant once a round, network by network, one process at a time, so that what slows the machine
 * slows all of them.
 */
export async function measureRounds(
  networks: readonly ComparedNetwork[],
  setting: {
    readonly options: BenchOptions;
    readonly executors: readonly string[];
    readonly peer: Peer | null;
    note(line: string): void;
  },
): Promise<Rounds> {
  const { options, executors, peer, note } = setting;
  const series = networks.flatMap((network) =>
    contestants(executors, network, peer).map((contestant) => ({
      network,
      contestant,
      measurements: [] as Measurement[],
    })),
  );
  const matmul: number[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    matmul.push(...(await matmulOrNone(options.threads, note)));
    for (const { network, contestant, measurements } of series) {
      const measured = await measure(contestant, network, setting);
      measurements.push(measured);
      const speed = `${measured.imagesPerSecond.toFixed(1)} images/s`;
      note(`round ${round}/${options.rounds}  ${network.name}  ${contestantLabel(contestant)}  ${speed}`);
    }
  }
  return { series, matmul };
}

async function matmulOrNone(threads: number, note: (line: string) => void): Promise<number[]> {
  try {
    return [await measureMatmul(threads)];
  } catch (error) {
    note(`no matrix product to compare with: ${(error as Error).message}`);
    return [];
  }
}

/** In the order they take turns: the first executor beside the peer, both with skeletons, then the other executors. */
function contestants(
  [first, ...others]: readonly string[],
  { skeletons, script }: ComparedNetwork,
  peer: Peer | null,
): Contestant[] {
  const compared = (skeleton: boolean): Contestant[] => [
    { side: 'ours', form: first!, skeleton },
    ...(peer && script ? layouts : []).map((form): Contestant => ({ side: 'peer', form, skeleton })),
  ];
  const rest = others.map((form): Contestant => ({ side: 'ours', form, skeleton: false }));
  return [...compared(false), ...(skeletons ? compared(true) : []), ...rest];
}

/** `onednn + skeletons`, `PyTorch nhwc`. */
export const contestantLabel = ({ side, form, skeleton }: Contestant): string =>
  `${side === 'peer' ? 'PyTorch ' : ''}${form}${skeleton ? ' + skeletons' : ''}`;

function measure(
  { side, form, skeleton }: Contestant,
  { name, model, batch, script }: ComparedNetwork,
  { options, peer }: { readonly options: BenchOptions; readonly peer: Peer | null },
): Promise<Measurement> {
  const { steps, threads } = options;
  const work = { batch, steps, threads, skeleton };
  return side === 'ours'
    ? measureOurs({ ...work, network: model, executor: form })
    : measurePeer(peer!, { ...work, network: name, script: script! }, form);
}
