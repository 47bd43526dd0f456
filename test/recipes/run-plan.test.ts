import { describe, expect, it } from 'vitest';
import { stepCommands } from '../../src/commands/index.ts';
import { planSteps, withOverrides } from '../../src/recipes/plan.ts';
import { parseRecipe } from '../../src/recipes/recipe-file.ts';

type Step = Readonly<Record<string, unknown>>;

const recipeOf = (steps: readonly Step[], more: object = {}) =>
  parseRecipe(JSON.stringify({ name: 'mine', ...more, steps }), 'mine.json');

/** The command lines that a recipe's steps come to. */
async function linesOf(
  steps: readonly Step[],
  { set = [] as string[], model = undefined as string | undefined } = {},
) {
  const recipe = withOverrides(recipeOf(steps), set, stepCommands);
  const planned = await planSteps(recipe, { commands: stepCommands, out: 'out', model });
  return planned.map(({ line }) => line);
}

const train = { do: 'train', model: 'resnet20', options: { data: 'cifar10', epochs: 2 } };
const evaluate = { do: 'eval', model: '$train/model.onnx', options: { data: 'cifar10' } };

describe('a recipe', () => {
  it('types what its steps say, each in a folder of its own', async () => {
    expect(
      await linesOf([
        {
          ...train,
          options: { ...train.options, 'weight-decay': 5e-4, milestones: [0.3, 0.6], nesterov: true },
        },
        { do: 'fold', model: '$train/model.onnx', options: { verify: false } },
        {
          do: 'bench',
          model: ['$train/model.onnx', '$fold/model.onnx', 'resnet20'],
          options: { threads: 2 },
        },
        { do: 'rmnet', model: '$fold/model.onnx' },
        { do: 'deploy', model: '$rmnet/model.onnx', options: { target: 'web', cache: false } },
        { do: 'bench', model: ['$train/model.onnx', '$deploy/model.onnx'] },
        { do: 'compile', model: '$rmnet/model.onnx', options: { weights: 'float16' } },
        { do: 'report', model: '$train' },
        { do: 'data list' },
      ]),
    ).toEqual([
      'espalier train resnet20 --data cifar10 --epochs 2 --weight-decay 0.0005 --milestones 0.3,0.6 --nesterov --out out/01-train',
      'espalier fold out/01-train/model.onnx --no-verify --out out/02-fold/model.onnx',
      'espalier bench out/01-train/model.onnx out/02-fold/model.onnx resnet20 --threads 2',
      'espalier rmnet out/02-fold/model.onnx --out out/04-rmnet/model.onnx',
      'espalier deploy out/04-rmnet/model.onnx --target web --no-cache --out out/05-deploy',
      'espalier bench out/01-train/model.onnx out/05-deploy/model.onnx',
      'espalier compile out/04-rmnet/model.onnx --weights float16 --out out/07-compile',
      'espalier report out/01-train',
      'espalier data list',
    ]);
  });

  it.each([
    [{ verify: true }, ''],
    [{ verify: false }, ' --no-verify'],
    [{ noVerify: true }, ' --no-verify'],
    [{ 'no-verify': false }, ''],
  ])('takes a switch as %j', async (options, typed) => {
    expect(await linesOf([{ do: 'fold', model: 'a.onnx', options }])).toEqual([
      `espalier fold a.onnx${typed} --out out/01-fold/model.onnx`,
    ]);
  });

  it('names steps after their commands, and refers to them by name', async () => {
    const again = { ...train, model: '$train/model.onnx' };
    const lines = await linesOf([train, again, { ...evaluate, model: '$train-2/model.onnx' }]);
    expect(lines[1]).toMatch(/^espalier train out\/01-train\/model\.onnx .* --out out\/02-train-2$/);
    expect(lines[2]).toBe('espalier eval out/02-train-2/model.onnx --data cifar10');
  });

  it('calls the model that it is given $in', async () => {
    const steps = [{ ...evaluate, model: '$in' }];
    expect(await linesOf(steps, { model: 'some.onnx' })).toEqual(['espalier eval some.onnx --data cifar10']);
    await expect(linesOf(steps)).rejects.toThrow('mine.json: steps.0.model: missing <model>');
    await expect(linesOf([train], { model: 'some.onnx' })).rejects.toThrow(
      'expected no model, because no step reads $in',
    );
  });

  it.each([
    [['epochs=1'], /epochs 1 .*epochs 1 /, 'in every step that has the option'],
    [['train.epochs=1'], /epochs 1 .*epochs 5 /, 'in one step'],
    [['limit=9'], /limit 9 .*limit 9 /, 'in every step that takes it, where none has it'],
    [['train.mean=0.5,0.5,0.5'], /mean 0.5,0.5,0.5 /, 'with commas'],
    [['epochs=1', 'swp.epochs=3'], /epochs 1 .*epochs 3 /, 'the last one counting'],
    [
      ['swp.weight-decay=0', 'train.nesterov=true'],
      /--nesterov .*--weight-decay 0 /,
      'in kebab case, and switches',
    ],
  ])('is changed by --set %j', async (set, expected) => {
    const swp = { do: 'swp', model: '$train/model.onnx', options: { data: 'cifar10', epochs: 5 } };
    expect((await linesOf([train, swp], { set })).join('\n').replaceAll('\n', ' ')).toMatch(expected);
  });

  it.each([
    [['epochs'], '--set: expected option=value or step.option=value, found "epochs"'],
    [['ratio=1'], '--set ratio=1: expected an option of some step, found ratio'],
    [['eval.epochs=1'], '--set eval.epochs=1: expected an option of step eval, found epochs'],
    [['trian.epochs=1'], '--set trian.epochs=1: expected a step of train, eval, found trian'],
    [
      ['epochs=0'],
      'mine.json: steps.0.options.epochs: --epochs: expected a whole number of at least 1, found "0"',
    ],
  ])('refuses --set %j', async (set, message) => {
    await expect(linesOf([train, evaluate], { set })).rejects.toThrow(message);
  });
});

describe('what is wrong with a recipe is found before anything runs', () => {
  it.each([
    [
      'a step that no command is',
      { ...train, do: 'trian' },
      'steps.1.do: expected a command, found "trian" (did you mean train?)',
    ],
    ['a recipe in a recipe', { do: 'run', model: 'x.json' }, 'steps.1.do: expected a command, found "run"'],
    [
      'an option that no flag is',
      { ...evaluate, options: { dta: 'x' } },
      'steps.1.options.dta: eval has no option --dta (did you mean data?)',
    ],
    [
      'a value that its flag refuses',
      { ...evaluate, options: { data: 'x', batch: 0 } },
      'steps.1.options.batch: --batch: expected a whole number of at least 1, found "0"',
    ],
    [
      'a switch for a value',
      { ...evaluate, options: { data: true } },
      'steps.1.options.data: expected a value for --data, found true',
    ],
    [
      'a value for a switch',
      { do: 'fold', model: 'a.onnx', options: { verify: 3 } },
      'steps.1.options.verify: expected true or false, found 3',
    ],
    ['a flag that is missing', { ...evaluate, options: {} }, 'steps.1: missing --data <name>'],
    [
      'what only the command itself knows to be missing',
      { do: 'swp', model: 'a.onnx', options: { data: 'x' } },
      'steps.1: missing --epochs <n>',
    ],
    [
      'options that do not go together',
      { do: 'swp', model: 'a.onnx', options: { data: 'x', epochs: 1, pace: 'gradual' } },
      'steps.1: --pace gradual needs --macs',
    ],
    [
      'no model',
      { do: 'eval', options: { data: 'x' } },
      'steps.1.model: expected <model> for eval, found nothing',
    ],
    [
      'two models',
      { ...evaluate, model: ['a.onnx', 'b.onnx'] },
      'steps.1.model: expected <model> for eval, found a.onnx b.onnx',
    ],
    [
      'a step that is later',
      { ...evaluate, model: '$fold/model.onnx' },
      'steps.1.model: expected an earlier step ($train, $in), found $fold/model.onnx',
    ],
    [
      'a folder of its own',
      { ...train, options: { ...train.options, out: 'x' } },
      'steps.1.options.out: a step of a recipe cannot use --out of train: each step has its own folder',
    ],
    [
      'a step that writes nothing',
      { do: 'prune', model: '$train/model.onnx', options: { ratio: 0.5, plan: true } },
      'steps.1.options.plan: a step of a recipe cannot use --plan of prune: it writes nothing',
    ],
  ])('%s', async (_, step, message) => {
    await expect(linesOf([train, step])).rejects.toThrow(`mine.json: ${message}`);
    await expect(linesOf([train, step])).rejects.toMatchObject({ code: 'usage' });
  });

  it.each([
    ['{', 'mine.json: is not valid JSON'],
    ['[]', 'mine.json: name: is missing'],
    ['3', 'mine.json: expected object, found 3'],
    ['{"name":"x"}', 'mine.json: steps: is missing'],
    ['{"name":"x","steps":[]}', 'mine.json: steps: expected at least one step'],
    ['{"name":"x","steps":[{"do":3}]}', 'mine.json: steps.0.do: expected string, found 3'],
    [
      '{"name":"x","steps":[{"do":"train","option":{}}]}',
      'mine.json: steps.0.option: is not a key of a recipe',
    ],
    [
      '{"name":"x","steps":[{"do":"train","options":{"data":{}}}]}',
      'mine.json: steps.0.options.data: expected',
    ],
    ['{"name":"x","steps":[{"do":"eval","name":"a b"}]}', 'mine.json: steps.0.name: expected a word'],
    ['{"name":"x","steps":[{"do":"eval","name":"in"}]}', 'mine.json: steps.0.name: expected a unique name'],
    [
      '{"name":"x","steps":[{"do":"eval"},{"do":"fold","name":"eval"}]}',
      'mine.json: steps.1.name: expected a unique name, found eval twice',
    ],
  ])('%s', (json, message) => {
    expect(() => parseRecipe(json, 'mine.json')).toThrow(message);
  });
});
