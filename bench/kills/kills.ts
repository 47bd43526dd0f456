import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Random, random } from '../../src/numeric/random.ts';
import { type Inputs, type KilledCommand, killedCommands } from './commands.ts';
import { differences, inequivalence } from './compare-runs.ts';
import { type Ended, runProcess } from './killed-process.ts';

export interface KillsOptions {
  readonly kills: number;
  readonly seed: number;
  /** Names of `killedCommands`. */
  readonly commands: readonly string[];
  /** A folder of images with classes. */
  readonly images: string;
  /** Runs are written here; those that end right are removed. */
  readonly folder: string;
  readonly progress?: (line: string) => void;
}

/** A run that was killed and resumed. */
export interface KilledRun {
  readonly command: string;
  /** Kills that hit: a process may end before its turn. */
  readonly kills: number;
  readonly verdict: 'equal' | 'different' | 'failed';
  /** What is wrong. */
  readonly detail: string;
  readonly folder: string;
}

/** A run that nothing interrupted. */
interface Reference {
  readonly name: string;
  readonly command: KilledCommand;
  readonly args: readonly string[];
  readonly folder: string;
  /** Milliseconds from the start of the record to the end. */
  readonly worked: number;
  /** Milliseconds from the start of the process to the end. */
  readonly took: number;
}

/** Kills runs at seeded moments and resumes them, each command in turn, until there are as many kills as asked for. */
export async function killRuns(options: KillsOptions): Promise<readonly KilledRun[]> {
  const { kills, seed, commands, progress = () => {} } = options;
  const references: Reference[] = [];
  for (const name of new Set(['train', ...commands])) references.push(await reference(name, options));
  const asked = references.filter(({ name }) => commands.includes(name));
  const runs: KilledRun[] = [];
  // A run whose process ended before its kill counts as well, so that this ends.
  for (let index = 0, tried = 0; tried < kills; index++) {
    const draw = random(seed, index);
    const chosen = asked[index % asked.length]!;
    const times = tried + 1 < kills && draw.uniform() < 0.3 ? 2 : 1;
    const out = join(options.folder, `${chosen.name}-${index}`);
    const run = await killedRun(chosen, { draw, times, out });
    progress(`${chosen.name} ${index}: killed ${run.kills} times, ${run.verdict} ${run.detail}`);
    if (run.verdict === 'equal') rmSync(out, { recursive: true });
    runs.push(run);
    tried += times;
  }
  return runs;
}

async function reference(name: string, { images, folder }: KillsOptions): Promise<Reference> {
  const command = killedCommands[name];
  if (!command)
    throw new Error(`unknown command ${name}: expected ${Object.keys(killedCommands).join(', ')}`);
  const out = join(folder, `${name}-uninterrupted`);
  mkdirSync(folder, { recursive: true });
  const inputs: Inputs = { images, folder, model: join(folder, 'train-uninterrupted', 'model.onnx') };
  const args = command.args(inputs);
  const { code, stderr, took, began } = await runProcess([...args, '--out', out], { once: recordOf(out) });
  if (code !== 0) throw new Error(`${args.join(' ')} failed before anything was killed: ${stderr}`);
  return { name, command, args, folder: out, took, worked: took - (began ?? 0) };
}

const recordOf = (out: string) => join(out, 'recipe.json');

interface Killing {
  readonly draw: Random;
  readonly times: number;
  readonly out: string;
}

async function killedRun(reference: Reference, killing: Killing): Promise<KilledRun> {
  const { args, worked, took, name, command } = reference;
  const { draw, times, out } = killing;
  const once = recordOf(out);
  let ended: Ended = await runProcess([...args, '--out', out], { once, after: draw.uniform() * worked });
  let kills = wasKilled(ended);
  const resume = [args[0]!, '--resume', out];
  // A resumed run has its record from the start.
  if (times > 1) ended = await runProcess(resume, { once, after: draw.uniform() * took });
  if (times > 1) kills += wasKilled(ended);
  if (ended.code === null || ended.code === 0) ended = await runProcess(resume, { once });
  const run = { command: name, kills, folder: out };
  if (ended.code !== 0) return { ...run, verdict: 'failed', detail: ended.stderr.trim().slice(-500) };
  const compare = command.timed ? inequivalence : differences;
  const wrong = await compare(reference.folder, out);
  return { ...run, verdict: wrong.length > 0 ? 'different' : 'equal', detail: wrong.join(', ') };
}

const wasKilled = ({ code }: Ended): number => (code === null ? 1 : 0);
