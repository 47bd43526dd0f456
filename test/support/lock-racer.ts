/**
 * Takes the folders of its arguments in turn, from a moment that the first line of stdin names, and keeps them until it is ended.
 * Says `ready`, the number of each folder that it holds, and `done`.
 */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { EspalierError } from '../../src/errors.ts';
import { holdRun } from '../../src/training/run-lock.ts';

const [interval, ...folders] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);
const alive = setInterval(() => {}, 1000);

say('ready');
const [line] = await once(process.stdin, 'data');
for (const [i, folder] of folders.entries()) {
  const moment = Number(line) + i * Number(interval);
  await setTimeout(Math.max(0, moment - Date.now() - 2));
  while (Date.now() < moment);
  try {
    await holdRun(folder);
    say(String(i));
  } catch (cause) {
    if (!(cause instanceof EspalierError && cause.code === 'usage')) throw cause;
  }
}
say('done');
process.stdin.once('end', () => clearInterval(alive));
