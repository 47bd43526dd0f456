/** Properties of {@link NumberField}. */
interface NumberFieldProps {
  readonly label: string;
  /** The value at first: later ones are typed. */
  readonly value: number;
  readonly limits: { readonly min: number; readonly max: number; readonly step: number };
  readonly onChange: (value: number) => void;
}

/** A number within limits; other text is ignored. The text remains as typed: `0.0` may become `0.05`. */
export function NumberField({ label, value, limits, onChange }: NumberFieldProps) {
  const read = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) => {
    const { validity, valueAsNumber } = currentTarget;
    if (validity.valid && Number.isFinite(valueAsNumber)) onChange(valueAsNumber);
  };
  return (
    <label class="field">
      {label}
      <input type="number" required defaultValue={String(value)} {...limits} onInput={read} />
    </label>
  );
}
