import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { makeProgram } from '../../src/cli/program.ts';
import { type Context, invocationOf } from '../../src/commands/command.ts';
import { stepCommands } from '../../src/commands/index.ts';
import { isModelName } from '../../src/models/index.ts';
import { planSteps } from '../../src/recipes/plan.ts';
import { readRecipe, shippedRecipes } from '../../src/recipes/recipe-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const silent: Context = {
  signal: new AbortController().signal,
  progress: () => ({ advance() {}, to() {}, done() {} }),
  note() {},
  warn() {},
};

/** What a command line prints. */
async function printed(words: readonly string[]): Promise<string> {
  let text = '';
  const program = makeProgram(async ({ command, args, raw }) => {
    ({ text } = await command.run(invocationOf(command, args, raw), silent));
  });
  await program.parseAsync([...words], { from: 'user' });
  return text;
}

describe('recipes of studies', () => {
  const studies = fileURLToPath(new URL('../../bench/studies/', import.meta.url));
  const files = readdirSync(studies).filter((file) => file.endsWith('.json'));
  it.each(files)('%s is one that its commands take', async (file) => {
    const recipe = readRecipe(join(studies, file));
    expect(`${recipe.name}.json`).toBe(file);
    const isGiven = recipe.steps.some(({ model }) => model.includes('$in'));
    const surroundings = { commands: stepCommands, out: 'out', ...(isGiven ? { model: 'resnet20' } : {}) };
    expect(await planSteps(recipe, surroundings)).toHaveLength(recipe.steps.length);
  });
});

describe('recipes that come with espalier', () => {
  const names = shippedRecipes();
  it.each(names)('%s is one that its commands take', async (name) => {
    const recipe = readRecipe(name);
    expect(recipe.name).toBe(name);
    const steps = await planSteps(recipe, { commands: stepCommands, out: 'out' });
    // A name of the zoo, or what an earlier step made: nothing that is on one machine alone.
    for (const { model } of recipe.steps) {
      for (const word of model) expect(word.startsWith('$') || isModelName(word), word).toBe(true);
    }
    expect(steps.length).toBeGreaterThan(0);
  });

  it('each have a small one beside them, that uses a part of the images and fewer epochs', () => {
    const whole = names.filter((name) => !name.endsWith('-small'));
    expect(names).toHaveLength(2 * whole.length);
    const cost = (name: string) =>
      readRecipe(name).steps.reduce((sum, { options }) => {
        const { epochs = 0, limit = 50_000 } = options as { epochs?: number; limit?: number };
        return sum + epochs * limit;
      }, 0);
    // Images in an hour of ResNet-56 on two cores; the small ones are to take less.
    for (const name of whole) {
      expect(cost(`${name}-small`)).toBeLessThan(1_000_000);
      expect(cost(name)).toBeGreaterThan(1_000_000);
    }
  });

  it('are suggested where a name is near one', () => {
    expect(() => readRecipe('swp-vgg16-cifar')).toThrow('did you mean swp-vgg16-cifar10?');
    expect(() => readRecipe('zzz')).toThrow('expected one of ');
  });
});

describe('docs/recipes.md', () => {
  const page = readFileSync(fileURLToPath(new URL('../../docs/recipes.md', import.meta.url)), 'utf8');
  const blocks = (language: string) =>
    [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(([, text]) => text!);
  const [recipe] = blocks('json') as [string];
  const shown = blocks('sh').map((line, i) => [line.trim(), blocks('text')[i]!.trim()] as const);

  it('has examples', () => expect(shown.length).toBeGreaterThan(1));

  it.each(shown)('says what this prints: %s', async (line, output) => {
    const path = join(temporaryFolder(), 'slim.json');
    writeFileSync(path, recipe);
    const words = line.split(' ').slice(1);
    expect(await printed(words.map((word) => (word === 'slim.json' ? path : word)))).toBe(output);
  });

  it('names every recipe', () => {
    for (const name of shippedRecipes()) expect(page).toContain(`\`${name.replace(/-small$/, '')}\``);
  });
});
