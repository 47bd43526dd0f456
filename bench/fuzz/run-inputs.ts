/** A process of the fuzzer. Arguments: seed, first and last input, folder of images, folder to write in. A line of JSON before and after each command. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failureOf } from '../../src/cli/failure.ts';
import { type Context, invocationOf } from '../../src/commands/command.ts';
import { random } from '../../src/numeric/random.ts';
import { mutatedFile } from './mutations.ts';
import { seedModel } from './seeds.ts';
import { type Trial, trialsOf } from './trials.ts';

const [seed, first, last] = process.argv.slice(2, 5).map(Number) as [number, number, number];
const [images, folder] = process.argv.slice(5) as [string, string];

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

async function tried({ command, flags, out, images: looks }: Trial, model: string) {
  const target = join(folder, out === 'file' ? 'out.onnx' : 'out');
  rmSync(target, { recursive: true, force: true });
  const raw = { ...flags, ...(out ? { out: target } : {}), ...(looks ? { data: images } : {}) };
  try {
    const { text } = await command.run(invocationOf(command, [model], raw), silent);
    return { code: 'ok', message: text.slice(0, 0) };
  } catch (error) {
    const failure = failureOf(error)!;
    return {
      code: failure.code,
      message: failure.message,
      ...(failure.code === 'internal' ? { stack: failure.stack } : {}),
    };
  }
}

for (let index = first; index < last; index++) {
  const r = random(seed, index);
  mkdirSync(folder, { recursive: true });
  const model = join(folder, 'input.onnx');
  writeFileSync(model, mutatedFile(seedModel(r), r));
  for (const trial of trialsOf(index)) {
    const name = [trial.command.name, ...Object.keys(trial.flags)].join(' ');
    say({ index, begins: name });
    peak();
    const began = performance.now();
    const found = await tried(trial, model);
    say({
      index,
      ends: name,
      ms: Math.round(performance.now() - began),
      megabytes: Math.round(peak()),
      ...found,
    });
  }
}
