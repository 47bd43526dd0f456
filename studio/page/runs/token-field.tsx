import { useId } from 'preact/hooks';
import { token } from './state.ts';

/** The token that `espalier studio` has printed, for all that changes runs. */
export function TokenField() {
  const id = useId();
  return (
    <span class="captioned">
      <label for={id}>Token</label>
      <input
        id={id}
        type="password"
        autocomplete="off"
        placeholder="as printed by espalier studio"
        value={token.value}
        onInput={({ currentTarget }) => {
          token.value = currentTarget.value;
        }}
      />
    </span>
  );
}
