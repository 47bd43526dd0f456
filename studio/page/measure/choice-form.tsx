import { type MeasureChoice, type MeasuredForm, measuredForms } from '../../engine/measure/types.ts';
import type { SessionSummary, VersionSummary } from '../../engine/types.ts';
import { NumberField } from '../parts/number-field.tsx';
import { leftOut, mostThreads, settings } from './state.ts';

const formNames: Readonly<Record<MeasuredForm, string>> = {
  'onnxruntime-web': 'onnxruntime-web',
  compiled: 'compiled to WebAssembly',
};

interface ChoiceFormProps {
  readonly session: SessionSummary;
  readonly onMeasure: (choice: MeasureChoice) => void;
}

/** What to measure: versions, forms, threads and seconds. */
export function ChoiceForm({ session, onMeasure }: ChoiceFormProps) {
  const { forms, threads, seconds } = settings.value;
  const versions = session.versions.filter(({ id }) => !leftOut.value.has(id));
  const measure = (event: Event) => {
    event.preventDefault();
    onMeasure({ ...settings.value, versions: versions.map(({ id }) => id) });
  };
  const set = (change: Partial<MeasureChoice>) => {
    settings.value = { ...settings.value, ...change };
  };
  return (
    <form class="measure-form" onSubmit={measure}>
      <fieldset>
        <legend>Versions</legend>
        {session.versions.map((version) => (
          <VersionCheckbox key={version.id} {...version} />
        ))}
      </fieldset>
      <fieldset>
        <legend>Measured in</legend>
        {measuredForms.map((form) => (
          <label key={form}>
            <input
              type="checkbox"
              checked={forms.includes(form)}
              onChange={({ currentTarget }) =>
                set({
                  forms: measuredForms.filter((each) =>
                    each === form ? currentTarget.checked : forms.includes(each),
                  ),
                })
              }
            />
            {formNames[form]}
          </label>
        ))}
      </fieldset>
      <fieldset>
        <legend>How</legend>
        <NumberField
          label="Threads"
          value={threads}
          limits={{ min: 1, max: mostThreads, step: 1 }}
          onChange={(value) => set({ threads: value })}
        />
        <NumberField
          label="Seconds for each"
          value={seconds}
          limits={{ min: 0.5, max: 60, step: 0.5 }}
          onChange={(value) => set({ seconds: value })}
        />
      </fieldset>
      <button type="submit" class="primary" disabled={versions.length * forms.length === 0}>
        Measure
      </button>
    </form>
  );
}

function VersionCheckbox({ id, title }: VersionSummary) {
  const choose = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) => {
    const others = [...leftOut.value].filter((other) => other !== id);
    leftOut.value = new Set(currentTarget.checked ? others : [...others, id]);
  };
  return (
    <label>
      <input type="checkbox" checked={!leftOut.value.has(id)} onChange={choose} />
      {title}
    </label>
  );
}
