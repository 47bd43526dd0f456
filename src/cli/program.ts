import { Command as CommanderCommand, Option } from 'commander';
import type { Command } from '../commands/command.ts';
import type { RawValue } from '../commands/flags.ts';
import { version } from '../version.ts';
import { commands } from './commands.ts';

/** The flags that all commands have. */
export interface GlobalOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly debug: boolean;
}

/** A parsed command line: a command, its arguments, and its flags as text. */
export interface ParsedCommandLine {
  readonly command: Command;
  readonly args: readonly string[];
  readonly raw: Readonly<Record<string, RawValue>>;
  readonly global: GlobalOptions;
}

type Families = Map<string, CommanderCommand>;

/** Builds the command line parser; `run` receives the parsed command line. Usage errors are thrown instead of printed. */
export function makeProgram(run: (typed: ParsedCommandLine) => Promise<void>): CommanderCommand {
  const program = strict(new CommanderCommand('espalier'))
    .description('Train, prune and graft convolutional networks: ONNX in, a smaller and faster ONNX out.')
    .version(version(), '-v, --version', 'print the version')
    .option('--json', 'print one JSON document on stdout and nothing else there')
    .option('--quiet', 'print no progress, notes or warnings')
    .option('--debug', 'print the stack of an error (also ESPALIER_DEBUG=1)')
    .addHelpText('after', '\nHelp for a command, with examples: espalier COMMAND --help');
  const families: Families = new Map();
  for (const command of commands) addCommand(program, families, { command, run });
  return program;
}

interface Registration {
  readonly command: Command;
  readonly run: (typed: ParsedCommandLine) => Promise<void>;
}

function addCommand(program: CommanderCommand, families: Families, { command, run }: Registration): void {
  const words = command.name.split(' ');
  const parent = words.length > 1 ? familyOf(program, families, words[0]!) : program;
  const made = strict(parent.command(words.at(-1)!))
    .summary(command.summary)
    .description(command.summary);
  for (const { name, summary } of command.arguments) made.argument(name, summary);
  const keys = new Map<string, string>();
  for (const [key, flag] of Object.entries(command.options)) {
    const shown = flag.shownDefault === undefined ? '' : ` (default: ${flag.shownDefault})`;
    const option = new Option(flag.usage, flag.summary + shown);
    if (flag.repeats) option.argParser((value, before: string[] = []) => [...before, value]);
    keys.set(option.attributeName(), key);
    made.addOption(option);
  }
  made.addHelpText('after', examplesText(command));
  made.action(async () => {
    const values = made.opts();
    const typed = [...keys].filter(([name]) => made.getOptionValueSource(name) === 'cli');
    const raw = Object.fromEntries(typed.map(([name, key]) => [key, values[name] as RawValue]));
    const { json = false, quiet = false, debug = false } = made.optsWithGlobals();
    await run({ command, args: made.args, raw, global: { json, quiet, debug } });
  });
}

function familyOf(program: CommanderCommand, families: Families, name: string): CommanderCommand {
  const known = families.get(name);
  if (known) return known;
  const members = commands.filter((command) => command.name.startsWith(`${name} `));
  const summary = members.map((command) => command.summary).join('; ');
  const family = strict(program.command(name)).description(summary);
  families.set(name, family);
  return family;
}

/** Throws errors without printing them: they are printed in one place. */
function strict(command: CommanderCommand): CommanderCommand {
  return command
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .configureHelp({ showGlobalOptions: true })
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showSuggestionAfterError();
}

function examplesText({ examples }: Command): string {
  const lines = examples.map(([line, does]) => `  ${does}\n    $ ${line}`);
  return lines.length === 0 ? '' : `\nExamples:\n${lines.join('\n')}`;
}
