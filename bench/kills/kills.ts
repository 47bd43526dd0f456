import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Random, random } from '../../src/numeric/random.ts';
import { type Inputs, type KilledCommand, killedCommands, writeNetwork } from './commands.ts';
import { differences, inequivalence } from './compare-runs.ts';
import { type Ended, type Moment, partialsIn, runProcess } from './killed-process.ts';

export interface KillsOptions {
  /** Processes to kill. */
  readonly kills: number;
  readonly seed: number;
  /** Names of `killedCommands`. */
  readonly commands: readonly string[];
  /** A folder of images of 16×16 with three classes. */
  readonly images: string;
  /** Runs are written here; those that end right are removed. */
  readonly folder: string;
  /** What Node runs, before the command line. */
  readonly entry: readonly string[];
  readonly progress?: (line: string) => void;
}

/** A run that was killed and resumed. */
export interface KilledRun {
  readonly command: string;
  /** Processes that were killed in their middle; one that had ended before its moment does not count. */
  readonly kills: number;
  /** Kills that left a file half-written. */
  readonly midWrite: number;
  readonly verdict: 'equal' | 'different' | 'failed';
  /** What is wrong. */
  readonly detail: string;
  readonly folder: string;
}

/** A run that nothing interrupted. */
interface Reference extends Pick<KillsOptions, 'entry'> {
  readonly name: string;
  readonly command: KilledCommand;
  readonly args: readonly string[];
  readonly folder: string;
  /** Milliseconds, and changes of files. */
  readonly took: number;
  readonly changes: number;
}

/** Kills runs at seeded moments and resumes them, each command in turn, until as many processes as asked for were killed. */
export async function killRuns(options: KillsOptions): Promise<readonly KilledRun[]> {
  const { kills, seed, commands, progress = () => {} } = options;
  const references: Reference[] = [];
  for (const name of new Set(['train', ...commands])) {
    references.push(await reference(name, options));
    const { took, changes } = references.at(-1)!;
    progress(`${name}: ${(took / 1000).toFixed(1)} s and ${changes} changes of files uninterrupted`);
  }
  const asked = references.filter(({ name }) => commands.includes(name));
  const runs: KilledRun[] = [];
  // Moments may come after the end: those of twice as many processes are enough, or nothing is.
  for (let index = 0, killed = 0; killed < kills && index < 2 * kills; index++) {
    const draw = random(seed, index);
    const chosen = asked[index % asked.length]!;
    const times = killed + 1 < kills && draw.uniform() < 0.3 ? 2 : 1;
    const out = join(options.folder, `${chosen.name}-${index}`);
    const run = await killedRun(chosen, { draw, times, out });
    progress(
      `${chosen.name} ${index}: killed ${run.kills} times (${run.midWrite} in a write), ${run.verdict} ${run.detail}`,
    );
    if (run.verdict === 'equal') rmSync(out, { recursive: true });
    runs.push(run);
    killed += run.kills;
  }
  return runs;
}

async function reference(name: string, { images, folder, entry }: KillsOptions): Promise<Reference> {
  const command = killedCommands[name];
  if (!command)
    throw new Error(`unknown command ${name}: expected ${Object.keys(killedCommands).join(', ')}`);
  const out = join(folder, `${name}-uninterrupted`);
  const network = join(folder, 'network.onnx');
  mkdirSync(folder, { recursive: true });
  if (!existsSync(network)) writeNetwork(network);
  const inputs: Inputs = {
    images,
    folder,
    network,
    model: join(folder, 'train-uninterrupted', 'model.onnx'),
  };
  const args = command.args(inputs);
  const { code, stderr, took, changes } = await runProcess({ entry, args: [...args, '--out', out], out });
  if (code !== 0) throw new Error(`${args.join(' ')} failed before anything was killed: ${stderr}`);
  return { name, command, args, folder: out, took, changes, entry };
}

interface Killing {
  readonly draw: Random;
  readonly times: number;
  readonly out: string;
}

async function killedRun(reference: Reference, { draw, times, out }: Killing): Promise<KilledRun> {
  const { args, name, command, entry } = reference;
  let [kills, midWrite] = [0, 0];
  let ended: Ended | null = null;
  for (let attempt = 0; attempt <= times; attempt++) {
    const moment = attempt < times ? momentOf(reference, draw) : undefined;
    // What was killed before it had begun its record is begun again.
    const again = existsSync(join(out, 'recipe.json'))
      ? [args[0]!, '--resume', out]
      : [...args, '--out', out];
    ended = await runProcess({ entry, args: again, out }, moment);
    if (ended.code !== null && ended.code !== 0) break;
    if (ended.code === null) kills++;
    if (ended.code === null && partialsIn(out).length > 0) midWrite++;
  }
  const run = { command: name, kills, midWrite, folder: out };
  if (ended?.code !== 0) return { ...run, verdict: 'failed', detail: ended?.stderr.trim().slice(-500) ?? '' };
  const compare = command.timed ? inequivalence : differences;
  const wrong = await compare(reference.folder, out);
  return { ...run, verdict: wrong.length > 0 ? 'different' : 'equal', detail: wrong.join(', ') };
}

/** Half of the moments are spread over the time of the run, half over what it writes, its report included. */
function momentOf({ took, changes }: Reference, draw: Random): Moment {
  const [byTime, at, offset] = [draw.uniform() < 0.5, draw.uniform(), draw.uniform()];
  if (byTime) return { changes: null, after: at * took };
  return { changes: Math.floor(at * changes), after: (offset * 2 * took) / Math.max(1, changes) };
}
