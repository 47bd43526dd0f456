import { formatDuration } from 'espalier/core';
import { runningJob } from '../state.ts';

/** The progress of the running operation, with the time left and a button that cancels it. */
export function ProgressBar() {
  const job = runningJob.value;
  if (!job) return null;
  const { label, done, total, secondsLeft, cancel } = job;
  return (
    <div class="progress" role="status">
      <label>
        <span>{label}</span>
        <progress max={total || 1} value={total ? done : undefined} />
      </label>
      <span class="quiet">{secondsLeft === null ? '' : `${formatDuration(secondsLeft)} left`}</span>
      <button type="button" onClick={cancel}>
        Cancel
      </button>
    </div>
  );
}
