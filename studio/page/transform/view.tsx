import '../style/transform.css';
import type { SessionSummary } from '../../engine/types.ts';
import { AgreementPart } from '../images/agreement.tsx';
import { ImagesArea } from '../images/images-area.tsx';
import { DropFirst } from '../parts/drop-first.tsx';
import { session } from '../session.ts';
import { History } from '../steps/history.tsx';
import { Outcome } from '../steps/outcome.tsx';
import { FoldPart } from './fold-part.tsx';
import { FormsPart } from './forms-part.tsx';
import { Int8Part } from './int8-part.tsx';
import { ResidualPart } from './residual-part.tsx';

/** Rewrites that keep what a network computes, exactly or up to 8-bit rounding, and their history. */
export const TransformView = () => (session.value ? <Transform open={session.value} /> : <DropFirst />);

const Transform = ({ open }: { readonly open: SessionSummary }) => (
  <>
    <Outcome session={open} />
    <div class="transforms">
      <FoldPart />
      <FormsPart />
      <Int8Part />
      <ImagesArea />
    </div>
    <ResidualPart version={open.current} />
    <AgreementPart version={open.current} />
    <History {...open} />
  </>
);
