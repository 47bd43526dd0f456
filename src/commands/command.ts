import { flagNamingContext, namingFlags } from './flag-names.ts';
import type { Flag, Flags, Options, RawValue } from './flags.ts';

/** A progress bar. */
export interface ProgressBar {
  /** Advances by `n`, with an optional note. */
  advance(n: number, note?: string): void;
  /** Advances to `done`. */
  to(done: number, note?: string): void;
  /** Removes the bar. */
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

/** The environment of a command. */
export interface Context {
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Shows a bar on stderr for `total` units of work. */
  progress(label: string, total: number, unit?: string): ProgressBar;
  /** Prints a line on stderr, unless --quiet or --json is given. */
  note(line: string): void;
  /** Prints a line on stderr, unless --quiet is given. */
  warn(line: string): void;
}

/** The result of a command: `data` is printed with --json, `text` otherwise. */
export interface Output {
  readonly data: unknown;
  readonly text: string;
  /** Only of a command that serves until Ctrl-C: settles after it. */
  readonly ended?: Promise<void>;
}

/** A positional argument: `<name>` is required, `[name]` optional, `<name...>` accepts several. */
export interface Argument {
  readonly name: string;
  readonly summary: string;
}

/** The parsed command line of a command. */
export interface Invocation<F extends Flags> {
  /** By position; a variadic argument has one entry per word. */
  readonly args: readonly string[];
  readonly options: Options<F>;
  /** The options that were given explicitly, by key. */
  readonly given: ReadonlySet<keyof F>;
}

export interface Command<F extends Flags = Flags> {
  /** One word, or two for a subcommand: `data get`. */
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly Argument[];
  readonly options: F;
  /** Example command lines with descriptions. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** Whether it ends by itself soon after the signal; otherwise Ctrl-C ends the process. */
  readonly stopsCleanly?: boolean;
  /** Throws `usage` if `run` would, as far as this can be determined without reading models and data. */
  check?(invocation: Invocation<F>): Promise<void>;
  run(invocation: Invocation<F>, context: Context): Promise<Output>;
}

/** Defines a command with options typed by its flags. Heavy modules should be imported inside `run`. */
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

/** Parses a command line with a command's flags. Throws `usage` if a value is invalid or missing. */
export function invocationOf(
  { options: flags }: Command,
  args: readonly string[],
  raw: Readonly<Record<string, RawValue>>,
): Invocation<Flags> {
  const options = Object.fromEntries(Object.entries(flags).map(([key, flag]) => [key, flag.read(raw[key])]));
  return { args, options, given: new Set(Object.keys(raw)) };
}
