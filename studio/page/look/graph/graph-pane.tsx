import { useSignal } from '@preact/signals';
import type { Layout } from '../../../engine/look/layout.ts';
import { runJob } from '../../jobs.ts';
import { useLoaded } from '../../parts/use-loaded.ts';
import type { SectionProps } from '../network-look.tsx';
import { selectedNode, versionKey } from '../state.ts';
import { GraphCanvas } from './graph-canvas.tsx';
import { NodeDetails } from './node-details.tsx';
import { SearchBox } from './search-box.tsx';

/** The graph of a network, with a search and the details of the selected node. */
export function GraphPane({ look, version }: SectionProps) {
  const layout = useLoaded(versionKey(version), () =>
    runJob<Layout>('Laying out the graph', (api) => api.layout(version)),
  );
  const found = useSignal<ReadonlySet<number> | null>(null);
  if (!layout) return null;
  const selected = selectedNode.value;
  return (
    <div class="graph">
      <SearchBox drawing={look.drawing} found={found} />
      <GraphCanvas scene={{ look, layout, selected, found: found.value }} />
      <aside class="details" aria-label="Details of the selected node">
        {selected === null ? (
          <p class="quiet">
            Select a node by a click, or with the arrow keys, which follow the edges. Nodes in one colour are
            coupled: their channels can only be removed together. Bars show the share of the MACs.
          </p>
        ) : (
          <NodeDetails look={look} index={selected} />
        )}
      </aside>
    </div>
  );
}
