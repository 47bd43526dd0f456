import { expect } from 'vitest';
import { type Command, type Context, invocationOf } from '../../src/commands/command.ts';

const bar = { advance() {}, to() {}, done() {} };

/** A terminal that nobody looks at. */
export const silent: Context = {
  signal: new AbortController().signal,
  progress: () => bar,
  note() {},
  warn() {},
};

/** A terminal on which Ctrl-C is pressed as soon as a progress bar of this label moves. */
export function interruptedAt(wanted: string): Context {
  const controller = new AbortController();
  const stop = (label: string) => () => void (label === wanted && controller.abort());
  return {
    ...silent,
    signal: controller.signal,
    progress: (label) => ({ ...bar, to: stop(label), advance: stop(label) }),
  };
}

export type Raw = Record<string, string | boolean | readonly string[]>;

/** Runs a command in this process; what it would print with --json. */
export async function runCommand(
  command: Command,
  args: readonly string[],
  [raw, context = silent]: readonly [Raw, Context?],
): Promise<Record<string, unknown>> {
  const { data, text } = await command.run(invocationOf(command, args, raw), context);
  expect(text).not.toMatch(/NaN|undefined/);
  return JSON.parse(JSON.stringify(data)) as Record<string, unknown>;
}
