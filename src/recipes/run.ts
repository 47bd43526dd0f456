import { join } from 'node:path';
import { type Context, defineCommand, type Output } from '../commands/command.ts';
import { flagSwitch, missingFlag, type Options, optional, repeated, text } from '../commands/flags.ts';
import { queueFlags } from '../commands/queue-flags.ts';
import { formatDuration } from '../numeric/quantities.ts';
import { printableLine } from '../printable.ts';
import type { PlannedStep } from './plan.ts';
import type { RecipeRunPlan } from './run-record.ts';

const flags = {
  out: optional(
    '--out <dir>',
    "a folder for the run, with a subfolder per step (default: the recipe's own)",
    text,
  ),
  set: repeated(
    '--set <key=value>',
    'replace an option in all steps: epochs=1, or in one step: train.epochs=1',
    text,
  ),
  resume: optional('--resume <dir>', 'continue the run in this folder; its record contains the recipe', text),
  ...queueFlags,
  dryRun: flagSwitch('--dry-run', 'print the command lines and run nothing'),
};

export const runRecipe = defineCommand({
  name: 'run',
  summary: 'run a recipe: a list of commands, in order, resumable',
  arguments: [
    { name: '[recipe]', summary: 'a .json file, or the name of a recipe that comes with espalier' },
    { name: '[model]', summary: 'the .onnx file or built-in network that the recipe reads as $in' },
  ],
  options: flags,
  examples: [
    ['espalier run swp-resnet56-cifar10-small --out runs/small', 'run a recipe that comes with espalier'],
    [
      'espalier run mine.json model.onnx --set prune.ratio=0.3 --set epochs=1 --dry-run',
      'print the command lines of a recipe',
    ],
    [
      'espalier run mine.json --out runs/mine --redis redis://10.0.0.1',
      'run independent steps at the same time on workers',
    ],
    ['espalier run --resume runs/small', 'continue an interrupted run; finished steps are not run again'],
  ],
  stopsCleanly: true,
  async run({ args: [recipe, model], options }, context) {
    const { stepCommands: commands } = await import('../commands/index.ts');
    const { planSteps } = await import('./plan.ts');
    const plan = await planOf({ recipe, model, options });
    const out = options.resume ?? options.out ?? plan.recipe.out;
    if (out === undefined) throw missingFlag('--out <dir>');
    const steps = await planSteps(plan.recipe, { commands, out, model: plan.model });
    return options.dryRun ? wouldRun(steps) : execute({ plan, steps, out, options }, context);
  },
});

interface RunArguments {
  readonly recipe: string | undefined;
  readonly model: string | undefined;
  readonly options: Options<typeof flags>;
}

/** The recipe and model from the command line, else from the run that is resumed, with `--set` applied. */
async function planOf({
  recipe: name,
  model,
  options: { resume, set },
}: RunArguments): Promise<RecipeRunPlan> {
  const { readRecipe } = await import('./recipe-file.ts');
  const { withOverrides } = await import('./plan.ts');
  const { recordedPlan } = await import('./run-record.ts');
  const { stepCommands: commands } = await import('../commands/index.ts');
  const before = resume === undefined ? null : recordedPlan(resume).plan;
  if (name === undefined && !before) throw missingFlag('<recipe>');
  const recipe = name === undefined ? before!.recipe : readRecipe(name);
  return { recipe: withOverrides(recipe, set, commands), model: model ?? before?.model };
}

function wouldRun(steps: readonly PlannedStep[]): Output {
  const lines = steps.map(({ name, line }) => ({ name, line }));
  return { data: { steps: lines }, text: lines.map(({ line }) => printableLine(line)).join('\n') };
}

interface Ready {
  readonly plan: RecipeRunPlan;
  readonly steps: readonly PlannedStep[];
  readonly out: string;
  readonly options: Options<typeof flags>;
}

async function execute({ plan, steps, out, options }: Ready, context: Context): Promise<Output> {
  const { openRecord } = await import('./run-record.ts');
  const { redis, store, patience, set } = options;
  const run = await openRecord(plan, { out, set });
  const outcomes = await (async () => {
    if (redis === undefined) {
      const { runSteps } = await import('./execute.ts');
      return runSteps(steps, run, context);
    }
    const { runStepsRemotely } = await import('./execute-remotely.ts');
    return runStepsRemotely(steps, { run, queue: { redis, store, patience }, context });
  })();
  const report = join(out, 'report.html');
  const texts = outcomes.map(({ name, hours, text: said }) => {
    const indented = said.replace(/^/gm, '  ');
    return `${printableLine(`${name} (${formatDuration(3600 * hours)})`)}\n${indented}`;
  });
  const results = outcomes.map(({ name, line, folder, hours, data }) => ({
    name,
    line,
    folder,
    hours,
    data,
  }));
  return {
    data: { recipe: plan.recipe.name, out, steps: results, report },
    text: [...texts, printableLine(`report: ${report}`)].join('\n\n'),
  };
}
