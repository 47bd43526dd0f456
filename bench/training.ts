/**
 * Training speed beside PyTorch: images per second of whole steps, measured in turns. See bench/README.md; run with
 * `npm run bench:training -- --help`.
 */
import { availableParallelism, cpus } from 'node:os';
import { failureOf } from '../src/cli/failure.ts';
import { EspalierError } from '../src/errors.ts';
import { type BenchOptions, parseOptions, usage } from './training/options.ts';
import { comparedNetworks, findPeer } from './training/peer.ts';
import { measureRounds, usableExecutors } from './training/rounds.ts';
import { spread, summarize } from './training/summary.ts';
import { networkText } from './training/tables.ts';

async function benchmark(options: BenchOptions) {
  const note = (line: string) => void process.stderr.write(`${line}\n`);
  const found = await findPeer(options.threads);
  const peer = 'missing' in found ? null : found;
  const { usable, notes } = await usableExecutors(options);
  if (usable.length === 0) throw new EspalierError('runtime', `no executor is left: ${notes.join('; ')}`);
  if ('missing' in found) notes.push(`the peer is missing: ${found.missing}`);
  notes.forEach(note);

  const leave = (line: string) => {
    notes.push(line);
    note(line);
  };
  const networks = await comparedNetworks(options.networks, { peer, batch: options.batch, note: leave });
  const rounds = await measureRounds(networks, { options, executors: usable, peer, note });
  const summaries = networks.map((network) => [network.name, summarize(network, rounds)] as const);
  const { threads, steps } = options;
  return {
    ratios: Object.fromEntries(summaries.map(([name, { ratio }]) => [name, ratio])),
    executor: usable[0]!,
    networks: Object.fromEntries(summaries),
    matmulGflops: rounds.matmul.length > 0 ? spread(rounds.matmul) : null,
    settings: { threads, steps, rounds: options.rounds },
    statistic: 'fastest third of the steps after the first two, averaged; then the median of the rounds',
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), node: process.version },
    torch: peer?.torch ?? null,
    notes,
  };
}

type Result = Awaited<ReturnType<typeof benchmark>>;

function resultText({ networks, settings, statistic, matmulGflops, notes }: Result): string {
  const { threads, rounds, steps } = settings;
  const peak = matmulGflops ? `large matrix product: ${matmulGflops.median.toFixed(0)} GFLOP/s` : '';
  return [
    ...Object.entries(networks).map(([name, summary]) => networkText(name, summary)),
    [`${threads} threads, ${rounds} rounds of ${steps} steps`, statistic, peak, ...notes]
      .filter(Boolean)
      .join('\n'),
  ].join('\n\n');
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options) {
    const result = await benchmark(options);
    console.log(options.json ? JSON.stringify(result, null, 2) : resultText(result));
  } else {
    console.log(usage);
  }
} catch (error) {
  const failure = failureOf(error);
  process.stderr.write(`error: ${failure?.message}\n`);
  process.exitCode = failure?.exitCode ?? 1;
}
