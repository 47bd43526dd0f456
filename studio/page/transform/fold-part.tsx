import { useSignal } from '@preact/signals';
import type { FoldingName } from 'espalier/core';
import { runStep } from '../session.ts';

/** What each rewrite does. */
const rewrites: Readonly<Record<FoldingName, string>> = {
  leftovers: 'remove redundant nodes',
  pad: 'padding into convolutions',
  batchnorm: 'BatchNormalization into convolutions',
  branches: 'merge parallel branches',
  'linear-pairs': 'merge consecutive linear layers',
};
const names = Object.keys(rewrites) as FoldingName[];

/** Folding: which rewrites are applied, and the button that applies them. */
export function FoldPart() {
  const chosen = useSignal<readonly FoldingName[]>(names);
  const toggle = (name: FoldingName, on: boolean) => {
    chosen.value = names.filter((other) => (other === name ? on : chosen.value.includes(other)));
  };
  const apply = () => {
    const only = chosen.value.length === names.length ? [] : chosen.value;
    return runStep('Folding', (api, job, report) => api.fold({ only }, job, report));
  };
  return (
    <section class="transform" aria-labelledby="fold-title">
      <h3 id="fold-title">Fold</h3>
      <ul>
        {names.map((name) => (
          <li key={name}>
            <label>
              <input
                type="checkbox"
                checked={chosen.value.includes(name)}
                onChange={({ currentTarget }) => toggle(name, currentTarget.checked)}
              />{' '}
              {rewrites[name]}
            </label>
          </li>
        ))}
      </ul>
      <button type="button" disabled={chosen.value.length === 0} onClick={apply}>
        Fold and verify
      </button>
    </section>
  );
}
