/** Properties of {@link SelectField}. */
interface SelectFieldProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly T[];
  /** The text of an option; default: the option. */
  readonly textOf?: (option: T) => string;
  readonly onChange: (value: T) => void;
}

/** A choice of one option. */
export function SelectField<T extends string>(props: SelectFieldProps<T>) {
  const { label, value, options, textOf = (option) => option, onChange } = props;
  return (
    <label class="field">
      {label}
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value as T)}>
        {options.map((option) => (
          <option key={option} value={option}>
            {textOf(option)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Properties of {@link NumberField}. */
interface NumberFieldProps {
  readonly label: string;
  readonly value: number;
  readonly limits: { readonly min: number; readonly max: number; readonly step: number };
  readonly onChange: (value: number) => void;
}

/** A number within limits; other text is ignored. */
export function NumberField({ label, value, limits, onChange }: NumberFieldProps) {
  const read = ({ currentTarget: { value: text, validity } }: { currentTarget: HTMLInputElement }) => {
    if (validity.valid && text !== '') onChange(Number(text));
  };
  return (
    <label class="field">
      {label}
      <input type="number" value={value} {...limits} required onInput={read} />
    </label>
  );
}
