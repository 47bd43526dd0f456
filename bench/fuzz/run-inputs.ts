/** A process of the fuzzer. Arguments: seed, first input, the one after the last, folder of images, folder to write in. A line of JSON before and after each command, and after each input. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failureOf } from '../../src/cli/failure.ts';
import { type Context, invocationOf } from '../../src/commands/command.ts';
import { random } from '../../src/numeric/random.ts';
import { imageFolders } from './images.ts';
import { mutatedFile } from './mutations/index.ts';
import { seedModel } from './seeds/index.ts';
import { tickingClock } from './ticking-clock.ts';
import { type Trial, trialsOf } from './trials.ts';

/** A process that holds more than this between two inputs ends there. */
const RESTING_MEGABYTES = 450;

const [seed, first, end] = process.argv.slice(2, 5).map(Number) as [number, number, number];
const [shared, folder] = process.argv.slice(5) as [string, string];
const images = imageFolders(shared);

const silent: Context = {
  signal: new AbortController().signal,
  progress: () => ({ advance() {}, to() {}, done() {} }),
  note() {},
  warn() {},
};

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** The largest resident set since the last call, in MB (Linux). */
function peak(): number {
  const [, kilobytes = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  writeFileSync('/proc/self/clear_refs', '5');
  return Number(kilobytes) / 1024;
}

/** Processor time of all threads since then, in milliseconds. */
function spent(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

async function tried({ command, flags, out, data }: Trial, model: string) {
  const target = join(folder, out === 'file' ? 'out.onnx' : 'out');
  rmSync(target, { recursive: true, force: true });
  const raw = { ...flags, ...(out ? { out: target } : {}), ...(data ? { data: images[data] } : {}) };
  try {
    await command.run(invocationOf(command, [model], raw), silent);
    return { code: 'ok', message: '' };
  } catch (error) {
    const { code, message, stack } = failureOf(error)!;
    return { code, message, ...(code === 'internal' ? { stack } : {}) };
  }
}

tickingClock();
for (let index = first; index < end; index++) {
  const r = random(seed, index);
  const start = seedModel(r);
  const model = join(folder, 'input.onnx');
  for (const [name, bytes] of Object.entries(start.files)) writeFileSync(join(folder, name), bytes);
  writeFileSync(model, mutatedFile(start.model, r));
  for (const trial of trialsOf(index, start.size)) {
    say({ index, begins: trial.name });
    peak();
    const processor = process.cpuUsage();
    const found = await tried(trial, model);
    say({
      index,
      ends: trial.name,
      ms: Math.round(spent(processor)),
      megabytes: Math.round(peak()),
      ...found,
    });
  }
  say({ index });
  if (process.memoryUsage.rss() > RESTING_MEGABYTES * 2 ** 20) break;
}
process.exit(0);
