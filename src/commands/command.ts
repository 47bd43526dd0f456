import { flagNamingContext, namingFlags } from './flag-names.ts';
import type { Flag, Flags, Options, RawValue } from './flags.ts';

/** A progress bar. */
export interface ProgressBar {
  /** Moves on by `n`, with a few words on where it stands. */
  advance(n: number, note?: string): void;
  /** Moves to `done`. */
  to(done: number, note?: string): void;
  /** Takes the bar away. */
  done(): void;
}

/** A bar that opens at its first call, moves to `done` of `of`, and is taken away at the end. */
export function countingBar({ progress }: Pick<Context, 'progress'>, label: string, unit?: string) {
  let bar: ProgressBar | null = null;
  return (done: number, of: number, note?: string): void => {
    bar ??= progress(label, of, unit);
    bar.to(done, note);
    if (done < of) return;
    bar.done();
    bar = null;
  };
}

/** What a command sees of the terminal. */
export interface Context {
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** A bar on stderr for `total` units of work. */
  progress(label: string, total: number, unit?: string): ProgressBar;
  /** A line on stderr, left out with --quiet and --json. */
  note(line: string): void;
  /** A line on stderr that only --quiet leaves out. */
  warn(line: string): void;
}

/** The result of a command: `data` is printed with --json, `text` without. */
export interface Output {
  readonly data: unknown;
  readonly text: string;
}

/** A positional argument: `<name>` is required, `[name]` is not, `<name...>` takes several. */
export interface Argument {
  readonly name: string;
  readonly summary: string;
}

/** What was typed, parsed. */
export interface Invocation<F extends Flags> {
  /** By position; a variadic argument is one entry a word. */
  readonly args: readonly string[];
  readonly options: Options<F>;
  /** The options that were typed, by key. */
  readonly given: ReadonlySet<keyof F>;
}

export interface Command<F extends Flags = Flags> {
  /** One word, or two for a command of a family: `data get`. */
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly Argument[];
  readonly options: F;
  /** Command lines, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** Whether it ends by itself soon after the signal; otherwise Ctrl-C ends the process. */
  readonly stopsCleanly?: boolean;
  /** Throws `usage` where `run` would, as far as that shows without a look at models and data. */
  check?(invocation: Invocation<F>): Promise<void>;
  run(invocation: Invocation<F>, context: Context): Promise<Output>;
}

/** A command, its options typed by its flags. Heavy modules belong in `run`, imported there. */
export function defineCommand<const F extends Record<string, Flag<unknown>>>(command: Command<F>): Command {
  const { options, check, run } = command;
  const named: Command<F> = {
    ...command,
    run: (invocation, context) =>
      namingFlags(options, () => run(invocation, flagNamingContext(options, context))),
    ...(check && { check: (invocation: Invocation<F>) => namingFlags(options, () => check(invocation)) }),
  };
  return named as unknown as Command;
}

/** What was typed, read by a command's flags; throws EspalierError('usage') where a value is none or is missing. */
export function invocationOf(
  { options: flags }: Command,
  args: readonly string[],
  raw: Readonly<Record<string, RawValue>>,
): Invocation<Flags> {
  const options = Object.fromEntries(Object.entries(flags).map(([key, flag]) => [key, flag.read(raw[key])]));
  return { args, options, given: new Set(Object.keys(raw)) };
}
