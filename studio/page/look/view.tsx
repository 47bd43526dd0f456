import '../style/look.css';
import type { Opened } from '../../worker/api.ts';
import { DropFirst } from '../parts/drop-first.tsx';
import { opened } from '../state.ts';
import { CompiledLook } from './compiled-look.tsx';
import { NetworkLook } from './network-look.tsx';
import { RunLook } from './run-look.tsx';

/** What is open: a network, a compiled folder, or the record of a run. */
export const LookView = () => (opened.value ? <Look found={opened.value} /> : <DropFirst />);

function Look({ found }: { readonly found: Opened }) {
  switch (found.kind) {
    case 'network':
      return <NetworkLook {...found} />;
    case 'compiled':
      return <CompiledLook {...found.contents} />;
    case 'run':
      return <RunLook {...found.contents} />;
  }
}
