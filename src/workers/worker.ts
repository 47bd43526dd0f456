import { defineCommand } from '../commands/command.ts';
import { defaulted, optional, positive, required, text, wholeNumber } from '../commands/flags.ts';

export const worker = defineCommand({
  name: 'worker',
  summary: 'execute tasks from a Redis queue, for runs started on other machines, until Ctrl-C',
  arguments: [],
  options: {
    redis: required(
      '--redis <url>',
      'URL of the Redis server: redis://user:password@host:port, or rediss:// for TLS',
      text,
    ),
    root: defaulted('--root <dir>', "the worker's own folder for its files", [text, 'espalier-worker']),
    store: optional(
      '--store <dir>',
      'a folder that all machines can read and write, for exchanging files (default: through Redis)',
      text,
    ),
    concurrency: defaulted('--concurrency <n>', 'number of tasks executed at the same time', [
      wholeNumber(),
      1,
    ]),
    threads: optional(
      '--threads <n>',
      'threads of a task that does not specify them (default: one per core)',
      wholeNumber(),
    ),
    stallSeconds: defaulted(
      '--stall-seconds <s>',
      'a worker that is silent for this many seconds is considered dead',
      [positive, 30],
    ),
  },
  examples: [
    ['espalier worker --redis redis://:secret@10.0.0.1:6379', 'run this on every machine that should help'],
    [
      'espalier worker --redis rediss://queue.example.org --store /mnt/shared',
      'use TLS, and a shared folder for exchanging weights',
    ],
  ],
  stopsCleanly: true,
  async run({ options }, context) {
    const { runWorker } = await import('../distributed/worker.ts');
    const { performCommand } = await import('./perform.ts');
    let tasks = 0;
    await runWorker({
      ...options,
      signal: context.signal,
      perform: performCommand,
      onReady: () => context.note('waiting for tasks; press Ctrl-C to stop'),
      onTask(what) {
        if (/: done after [\d.]+ s$/.test(what)) tasks++;
        context.note(`${new Date().toISOString()}  ${what}`);
      },
    });
    return { data: { tasks }, text: `${tasks} tasks done` };
  },
});
