import { type Command, invocationOf } from '../commands/command.ts';
import { VERIFY_HINT } from '../commands/verify-flag.ts';
import { EspalierError } from '../errors.ts';
import { printableText } from '../printable.ts';
import { failureOf } from './failure.ts';
import { INTERRUPTED, watchInterrupts } from './interrupt.ts';
import { makeProgram, type ParsedCommandLine } from './program.ts';
import { openTerminal } from './terminal.ts';

/** Runs a command line (without `node` and the script) and returns the exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  endQuietlyWithoutReader();
  try {
    await readMemoryBudget(process.env.ESPALIER_MEMORY);
    let exitCode = 0;
    const program = makeProgram(async (typed) => {
      exitCode = await runCommand(typed);
    });
    if (argv.length === 0) program.outputHelp({ error: true });
    if (argv.length === 0) return 2;
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    return reportFailure(error, argv);
  }
}

/** Sets how much memory computed tensors may use in addition to the tensors of the file, in GB. */
async function readMemoryBudget(gigabytes: string | undefined): Promise<void> {
  if (gigabytes === undefined || gigabytes === '') return;
  const bytes = 1e9 * Number(gigabytes);
  if (!(bytes > 0)) {
    throw new EspalierError('usage', `ESPALIER_MEMORY: expected gigabytes above 0, found ${gigabytes}`);
  }
  const { setMemoryBudget } = await import('../numeric/budget.ts');
  setMemoryBudget(bytes);
}

/** Returns the exit code. A command that serves ends only when it is interrupted. */
async function runCommand({ command, args, raw, global }: ParsedCommandLine): Promise<number> {
  const invocation = invocationOf(command, args, raw);
  const silent = global.quiet || global.json;
  const terminal = openTerminal(process.stderr, { silent, quiet: global.quiet });
  const watch = watchInterrupts(command.stopsCleanly ?? false, () =>
    terminal.warn('stopping after this step; press Ctrl-C again to stop at once'),
  );
  try {
    const output = await command
      .run(invocation, { ...terminal, signal: watch.signal })
      .catch((error) => rethrown(error, command));
    const text = global.json ? JSON.stringify(output.data, null, 2) : output.text;
    if (text !== '') process.stdout.write(`${printableText(text)}\n`);
    if (!output.ended) return 0;
    await output.ended;
    return INTERRUPTED;
  } finally {
    watch.stop();
  }
}

/** Adds a hint on how to continue to a failed verification, if the command has a flag for it. */
function rethrown(error: unknown, { options }: Command): never {
  if (!(error instanceof EspalierError) || error.code !== 'verification' || !('verify' in options))
    throw error;
  throw new EspalierError('verification', `${error.message} ${VERIFY_HINT}`, { cause: error });
}

/** Reports an error: one line on stderr, and with --json a document on stdout. */
function reportFailure(error: unknown, argv: readonly string[]): number {
  const failure = failureOf(error);
  if (!failure) return 0;
  const { code, message, stack, exitCode } = failure;
  const debug = argv.includes('--debug') || process.env.ESPALIER_DEBUG === '1';
  process.stderr.write(`${printableText(`espalier: ${debug ? `${message}\n${stack}` : message}`)}\n`);
  if (argv.includes('--json')) {
    process.stdout.write(`${printableText(JSON.stringify({ error: { code, message } }, null, 2))}\n`);
  }
  return exitCode;
}

/** Exits silently when the reader of stdout has gone, as in `espalier … | head`. */
function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw new EspalierError('io', `cannot write to stdout: ${error.message}`);
  });
  process.stderr.on('error', () => {});
}
