import { formatPercent } from 'espalier/core';
import type { PruneChoice } from '../../engine/prune/choice.ts';
import { SelectField } from './select-field.tsx';
import { choose } from './state.ts';

type Target = PruneChoice['target'];
type Measure = Target['measure'];

interface MeasureText {
  readonly text: string;
  readonly limits: { readonly min: number; readonly max: number };
}

/** What the slider is a fraction of, and the percentages that it offers. */
const measures: Readonly<Record<Measure, MeasureText>> = {
  macs: { text: 'MACs to keep', limits: { min: 5, max: 100 } },
  parameters: { text: 'parameters to keep', limits: { min: 5, max: 100 } },
  ratio: { text: 'channels to remove', limits: { min: 0, max: 95 } },
};

/** The measure of the target, and the slider. */
export function TargetField({ target }: { readonly target: Target }) {
  const { measure, fraction } = target;
  const { text, limits } = measures[measure];
  return (
    <>
      <SelectField
        label="Target"
        value={measure}
        options={Object.keys(measures) as Measure[]}
        textOf={(name) => measures[name].text}
        onChange={(name) => choose({ target: { measure: name, fraction } })}
      />
      <label class="slider">
        <span class="hidden">Percentage of {text}</span>
        <input
          type="range"
          {...limits}
          value={Math.round(100 * fraction)}
          onInput={({ currentTarget }) =>
            choose({ target: { measure, fraction: Number(currentTarget.value) / 100 } })
          }
        />
        <output>{formatPercent(fraction, 0)}</output>
      </label>
    </>
  );
}
