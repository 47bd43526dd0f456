import '../style/steps.css';
import { formatPercent } from 'espalier/core';
import type { SessionSummary } from '../../engine/types.ts';
import { currentVersion } from '../session.ts';

/** How the current version was made: what is left, the verification in words, and what was left alone. */
export function Outcome({ session }: { readonly session: SessionSummary }) {
  const { step, title, macs, parameters } = currentVersion(session);
  if (!step) return null;
  const [original] = session.versions;
  return (
    <section class="outcome" aria-live="polite">
      <p>
        <strong>{title}</strong>: {formatPercent(macs / original!.macs, 1)} of the MACs and{' '}
        {formatPercent(parameters / original!.parameters, 1)} of the parameters of the dropped file.
      </p>
      <ul>
        {step.remarks.map((remark) => (
          <li key={remark}>{remark}</li>
        ))}
      </ul>
      {step.leftAlone.length > 0 && (
        <details>
          <summary>
            Left alone: {step.leftAlone.length} {step.leftAlone.length === 1 ? 'place' : 'places'}
          </summary>
          <dl class="pairs">
            {step.leftAlone.map(({ name, reason }) => (
              <>
                <dt>{name}</dt>
                <dd>{reason}</dd>
              </>
            ))}
          </dl>
        </details>
      )}
    </section>
  );
}
