import '../style/prune.css';
import { useEffect } from 'preact/hooks';
import type { SessionSummary } from '../../engine/types.ts';
import { AgreementPart } from '../images/agreement.tsx';
import { ImagesArea } from '../images/images-area.tsx';
import { DropFirst } from '../parts/drop-first.tsx';
import { session } from '../session.ts';
import { failure, openings } from '../state.ts';
import { History } from '../steps/history.tsx';
import { Outcome } from '../steps/outcome.tsx';
import { Controls } from './controls.tsx';
import { PlanTable } from './plan-table.tsx';
import { PlanTotals } from './plan-totals.tsx';
import { choice, followChoice, plan, tables } from './state.ts';

/** Pruning: what is chosen, the plan that follows it, and what it has made. */
export const PruneView = () => (session.value ? <Prune open={session.value} /> : <DropFirst />);

function Prune({ open }: { readonly open: SessionSummary }) {
  useEffect(followChoice, []);
  if (!tables.value || !choice.value) return null;
  return (
    <div class="prune">
      <aside class="controls">
        <Controls key={openings.value} tables={tables.value} chosen={choice.value} />
        <ImagesArea />
      </aside>
      <div class="planned">
        <Outcome session={open} />
        {plan.value ? (
          <>
            <PlanTotals plan={plan.value} chosen={choice.value} />
            <PlanTable plan={plan.value} chosen={choice.value} />
          </>
        ) : (
          failure.value === null && <p class="quiet">Planning …</p>
        )}
        <AgreementPart version={open.current} />
        <History {...open} />
      </div>
    </div>
  );
}
