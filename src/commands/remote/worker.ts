import { defineCommand } from '../command.ts';
import { defaulted, optional, positive, required, text, wholeNumber } from '../flags.ts';

export const worker = defineCommand({
  name: 'worker',
  summary: 'take tasks from a queue in Redis, for runs on other machines, until Ctrl-C',
  arguments: [],
  options: {
    redis: required('--redis <url>', 'redis://user:password@host:port, or rediss:// for TLS', text),
    root: defaulted('--root <dir>', 'a folder of its own to work in', [text, 'espalier-worker']),
    store: optional(
      '--store <dir>',
      'a folder that all machines see, to hand files over in; Redis itself where left out',
      text,
    ),
    concurrency: defaulted('--concurrency <n>', 'tasks at a time', [wholeNumber(), 1]),
    threads: optional(
      '--threads <n>',
      'threads of tasks that do not say; all cores where left out',
      wholeNumber(),
    ),
    stallSeconds: defaulted('--stall-seconds <s>', 'a worker that is silent for as long is taken for dead', [
      positive,
      30,
    ]),
  },
  examples: [
    ['espalier worker --redis redis://:secret@10.0.0.1:6379', 'on every machine that is to help'],
    [
      'espalier worker --redis rediss://queue.example.org --store /mnt/shared',
      'with TLS, and a shared folder for weights',
    ],
  ],
  stopsCleanly: true,
  async run({ options }, context) {
    const { runWorker } = await import('../../distributed/worker.ts');
    const { performCommand } = await import('./perform.ts');
    let tasks = 0;
    await runWorker({
      ...options,
      signal: context.signal,
      perform: performCommand,
      onReady: () => context.note('waiting for tasks; Ctrl-C ends it'),
      onTask(what) {
        if (/: done after [\d.]+ s$/.test(what)) tasks++;
        context.note(`${new Date().toISOString()}  ${what}`);
      },
    });
    return { data: { tasks }, text: `${tasks} tasks done` };
  },
});
