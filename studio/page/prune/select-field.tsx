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
