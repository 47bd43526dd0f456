import { formatCount, formatMacs, formatPercent } from 'espalier/core';
import type { PruneChoice } from '../../engine/prune/choice.ts';
import type { Plan } from '../../engine/prune/plan.ts';
import { Fact } from '../parts/fact.tsx';

/** Properties of {@link PlanTotals} and its parts. */
interface PlanProps {
  readonly plan: Plan;
  readonly chosen: PruneChoice;
}

/** What is left of the network as planned, and why it is not what the target says. */
export const PlanTotals = ({ plan: { before, after, met, nextStep }, chosen }: PlanProps) => (
  <>
    <dl class="facts">
      <Fact
        name="MACs"
        value={`${formatMacs(before.macs)} → ${formatMacs(after.macs)}`}
        note={`${formatPercent(after.macs / before.macs, 1)} are left`}
      />
      <Fact
        name="Parameters"
        value={`${formatCount(before.parameters)} → ${formatCount(after.parameters)}`}
        note={`${formatPercent(after.parameters / before.parameters, 1)} are left`}
      />
    </dl>
    {!met && <p class="remark warn">The target cannot be reached: all channels that may be removed are.</p>}
    {nextStep && (
      <p class="remark">
        More is removed than required: the next larger width of {nextStep.layer} costs{' '}
        {formatPercent(nextStep.part, 1)} of the original, which exceeds the target
        {chosen.round > 1 && '; rounding to a smaller multiple makes finer steps'}.
      </p>
    )}
  </>
);
