import type { ComponentType } from 'preact';
import type { Look } from '../../engine/look/look.ts';
import type { SessionSummary } from '../../engine/types.ts';
import { runJob } from '../jobs.ts';
import { TabList, TabPanel } from '../parts/tab-list.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { Facts } from './facts.tsx';
import { FilterShapes } from './filter-shapes.tsx';
import { GraphPane } from './graph/graph-pane.tsx';
import { GroupTable } from './group-table.tsx';
import { LayerTable } from './layer-table.tsx';
import { ResidualTable } from './residual-table.tsx';
import { selectedNode, shownSection, versionKey } from './state.ts';

/** Properties of what shows a part of a look. */
export interface SectionProps {
  readonly look: Look;
  readonly version: number;
}

interface Section {
  readonly name: string;
  readonly title: string;
  readonly count?: (look: Look) => number;
  readonly Part: ComponentType<SectionProps>;
}

const sections: readonly Section[] = [
  { name: 'graph', title: 'Graph', Part: GraphPane },
  { name: 'layers', title: 'Layers', count: ({ facts }) => facts.layers.length, Part: LayerTable },
  { name: 'groups', title: 'Channel groups', count: ({ facts }) => facts.groups.length, Part: GroupTable },
  {
    name: 'residuals',
    title: 'Residual connections',
    count: ({ facts }) => facts.residuals.length,
    Part: ResidualTable,
  },
  { name: 'shapes', title: 'Filter shapes', Part: FilterShapes },
];

/** A network: its facts, and its graph, layers, channel groups, residual connections and filter shapes. */
export function NetworkLook({ session: { current, notes } }: { readonly session: SessionSummary }) {
  const look = useLoaded(versionKey(current), async () => {
    selectedNode.value = null;
    return runJob<Look>('Reading the network', (api) => api.look(current));
  });
  if (!look) return null;
  const { name, Part } = sections.find((section) => section.name === shownSection.value) ?? sections[0]!;
  const tabs = sections.map(({ count, ...tab }) => ({ ...tab, ...(count && { note: String(count(look)) }) }));
  return (
    <>
      <Facts {...look.facts} />
      {look.obstacle !== null && <p class="remark warn">Can only be looked at: {look.obstacle}</p>}
      {notes.map((note) => (
        <p key={note} class="remark">
          {note}
        </p>
      ))}
      <TabList
        class="segments"
        label="Parts of the network"
        tabs={tabs}
        selected={name}
        onSelect={(section) => {
          shownSection.value = section;
        }}
      />
      <TabPanel name={name}>
        <Part look={look} version={current} />
      </TabPanel>
    </>
  );
}
