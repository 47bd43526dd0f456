import { EspalierError } from '../errors.ts';
import { camelCase, type RecipeStep } from './recipe-file.ts';

/** A `--set`: an option for one step, or for all steps that it fits. */
interface Override {
  readonly text: string;
  readonly step: string | null;
  readonly option: string;
  readonly value: string;
}

/**
 * Replaces options of steps. `train.epochs=1` applies to the step with that name; `epochs=1` to every step that has the
 * option, or, if none has it, to every step whose command accepts it. Throws `usage` if it applies to no step.
 */
export function overridden(
  steps: readonly RecipeStep[],
  settings: readonly string[],
  takes: (step: RecipeStep, option: string) => boolean,
): RecipeStep[] {
  return settings.map(parseOverride).reduce(
    (current, override) => {
      const chosen = new Set(stepsWithOption(current, override, takes));
      return current.map((step) =>
        chosen.has(step)
          ? { ...step, options: { ...step.options, [override.option]: override.value } }
          : step,
      );
    },
    [...steps],
  );
}

function parseOverride(text: string): Override {
  const [, step = null, option, value] = /^(?:([\w-]+)\.)?([\w-]+)=(.+)$/s.exec(text) ?? [];
  if (option === undefined || value === undefined) {
    throw new EspalierError('usage', `--set: expected option=value or step.option=value, found "${text}"`);
  }
  return { text, step, option: camelCase(option), value };
}

function stepsWithOption(
  steps: readonly RecipeStep[],
  { text, step, option }: Override,
  takes: (step: RecipeStep, option: string) => boolean,
): RecipeStep[] {
  const named = steps.filter(({ name }) => step === null || name === step);
  if (named.length === 0) {
    const names = steps.map(({ name }) => name).join(', ');
    throw new EspalierError('usage', `--set ${text}: expected a step of ${names}, found ${step}`);
  }
  const able = named.filter((candidate) => takes(candidate, option));
  if (able.length === 0) {
    const where = step === null ? 'some step' : `step ${step}`;
    throw new EspalierError('usage', `--set ${text}: expected an option of ${where}, found ${option}`);
  }
  const having = able.filter(({ options }) => Object.hasOwn(options, option));
  return step === null && having.length > 0 ? having : able;
}
