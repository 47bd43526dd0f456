import { failure } from '../state.ts';

/** The message of the last failure, until it is dismissed or something else succeeds. */
export function FailureBar() {
  const dismiss = () => {
    failure.value = null;
  };
  return (
    <div role="alert">
      {failure.value !== null && (
        <div class="failure">
          <p>{failure.value}</p>
          <button type="button" class="plain" aria-label="Dismiss the message" onClick={dismiss}>
            ×
          </button>
        </div>
      )}
    </div>
  );
}
