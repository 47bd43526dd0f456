import { useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import type { RecipeSummary, StartRequest } from '../../../src/studio/types.ts';
import { messageOf } from '../jobs.ts';
import { failure } from '../state.ts';
import { askServer } from './server.ts';
import { change, choose, runs } from './state.ts';
import { TokenField } from './token-field.tsx';

/** Starts one of the recipes that come with Espalier in a new folder. */
export function StartForm() {
  const { recipes, recipe, folder, pick } = useRecipes();
  const isBusy = useSignal(false);
  const start = async (event: SubmitEvent) => {
    event.preventDefault();
    isBusy.value = true;
    const id = await change('start', requestIn(event.currentTarget as HTMLFormElement));
    isBusy.value = false;
    if (id !== null) choose(id, 'alone');
  };
  const name = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) => {
    folder.value = currentTarget.value;
  };
  return (
    <details class="start">
      <summary>Start a run</summary>
      <form onSubmit={start}>
        <Field label="Recipe">
          {(id) => (
            <select id={id} name="recipe" value={recipe?.name} onChange={(e) => pick(e.currentTarget.value)}>
              {recipes.map((each) => (
                <option key={each.name}>{each.name}</option>
              ))}
            </select>
          )}
        </Field>
        <Field label="New folder">
          {(id) => <input id={id} name="folder" required value={folder.value} onInput={name} />}
        </Field>
        <Field label="Other options, one a line">
          {(id) => <textarea id={id} name="set" rows={2} placeholder="train.epochs=1" />}
        </Field>
        <TokenField />
        <button type="submit" class="primary" disabled={isBusy.value}>
          {isBusy.value ? 'Starting …' : 'Start'}
        </button>
        {recipe && <p class="quiet">{`${recipe.description} Steps: ${recipe.steps.join(', ')}.`}</p>}
      </form>
    </details>
  );
}

/** The recipes, the chosen one, and the name of its folder: at first a free one. */
function useRecipes() {
  const recipes = useSignal<readonly RecipeSummary[]>([]);
  const chosen = useSignal('');
  const folder = useSignal('');
  const pick = (name: string) => {
    chosen.value = name;
    folder.value = freeName(name);
  };
  useEffect(() => {
    askServer<readonly RecipeSummary[]>('api/recipes').then(
      (found) => {
        recipes.value = found;
        pick(found.find(({ name }) => name.endsWith('-small'))?.name ?? '');
      },
      (error) => {
        failure.value = messageOf(error);
      },
    );
  }, []);
  const recipe = recipes.value.find(({ name }) => name === chosen.value);
  return { recipes: recipes.value, recipe, folder, pick };
}

interface FieldProps {
  readonly label: string;
  readonly children: (id: string) => preact.JSX.Element;
}

function Field({ label, children }: FieldProps) {
  const id = useId();
  return (
    <span class="captioned">
      <label for={id}>{label}</label>
      {children(id)}
    </span>
  );
}

function requestIn(form: HTMLFormElement): StartRequest {
  const data = new FormData(form);
  const text = (name: string) => String(data.get(name) ?? '').trim();
  const set = text('set')
    .split('\n')
    .map((line) => line.trim());
  return { recipe: text('recipe'), folder: text('folder'), set: set.filter((line) => line !== '') };
}

/** The name of a recipe, with a number if a run has it. */
function freeName(name: string): string {
  const taken = new Set(runs.peek().map(({ id }) => id));
  let free = name;
  for (let i = 2; taken.has(free); i++) free = `${name}-${i}`;
  return free;
}
