import { choose, exclude } from './state.ts';

/** The layers that are not pruned: names and globs, each with a button that lets it be pruned again. */
export function ExcludeField({ globs }: { readonly globs: readonly string[] }) {
  const add = ({ currentTarget: input }: { currentTarget: HTMLInputElement }) => {
    const names = input.value.split(',').flatMap((name) => name.trim() || []);
    input.value = '';
    if (names.length > 0) choose({ exclude: [...new Set([...globs, ...names])] });
  };
  return (
    <div class="exclude">
      <label class="field">
        Do not prune
        <input placeholder="conv1, layer4*" onChange={add} />
      </label>
      {globs.length > 0 && (
        <ul class="chips">
          {globs.map((glob) => (
            <li key={glob}>
              {glob}
              <button
                type="button"
                class="plain"
                aria-label={`Let ${glob} be pruned`}
                onClick={() => exclude(glob, false)}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
