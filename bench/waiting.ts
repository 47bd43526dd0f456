/**
 * How OpenMP's threads should wait for one another while oneDNN trains: images per second under settings of libgomp, in
 * turns, on a machine that is left alone and beside a program that computes. `npm run bench:waiting -- ROUNDS [NETWORK …]`.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from '../src/numeric/statistics.ts';
import { runChild } from './training/child.ts';

const settings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // What libgomp does where nothing is set.
  'spin 300000': { GOMP_SPINCOUNT: '300000' },
  'spin 100': { GOMP_SPINCOUNT: '100' },
  'spin 1000': { GOMP_SPINCOUNT: '1000' },
  'spin 10000': { GOMP_SPINCOUNT: '10000' },
  passive: { OMP_WAIT_POLICY: 'passive' },
};

const [rounds = '3', ...given] = process.argv.slice(2);
const networks = given.length > 0 ? given : ['espalier-demo', 'resnet20'];
const script = fileURLToPath(new URL('./training/ours.ts', import.meta.url));
const burn = 'for (;;) Math.sqrt(2)';

/** Of the median step: what a user waits for, not what the fastest third takes. */
async function imagesPerSecond(network: string, env: Readonly<Record<string, string>>): Promise<number> {
  const steps = network === 'espalier-demo' ? 60 : 16;
  const workload = { network, batch: 64, steps, threads: 2, skeleton: false, executor: 'onednn' };
  const { medianImagesPerSecond } = await runChild({
    label: network,
    command: process.execPath,
    args: ['--import', 'tsx', script, JSON.stringify(workload)],
    threads: 2,
    env,
  });
  return medianImagesPerSecond as number;
}

for (const beside of ['nothing', 'one busy program']) {
  const other = beside === 'nothing' ? null : spawn(process.execPath, ['-e', burn], { stdio: 'ignore' });
  try {
    for (const network of networks) {
      const speeds: Record<string, number[]> = {};
      for (let round = 0; round < Number(rounds); round++)
        for (const [name, env] of Object.entries(settings)) {
          speeds[name] ??= [];
          speeds[name].push(await imagesPerSecond(network, env));
        }
      for (const [name, all] of Object.entries(speeds)) {
        const range = `${Math.min(...all).toFixed(0)}–${Math.max(...all).toFixed(0)}`;
        console.log(
          `${network} | beside ${beside} | ${name} | ${median(all).toFixed(0)} images/s (${range})`,
        );
      }
    }
  } finally {
    other?.kill();
  }
}
