import { formatCount, formatMacs, formatPercent } from 'espalier/core';
import type { DrawnNode, NamedText } from '../../../engine/look/drawing.ts';
import type { Look } from '../../../engine/look/look.ts';
import { GroupMark } from '../group-mark.tsx';
import { NodeLink } from '../node-link.tsx';

/** Properties of {@link NodeDetails}. */
interface NodeDetailsProps {
  readonly look: Look;
  readonly index: number;
}

/** Everything about one node. */
export function NodeDetails({ look, index }: NodeDetailsProps) {
  const { facts, drawing } = look;
  const node = drawing.nodes[index]!;
  return (
    <>
      <h2>{node.op}</h2>
      <p class="name">{node.name}</p>
      <dl class="pairs">
        {node.macs > 0 && (
          <Pair name="MACs" value={`${formatMacs(node.macs)}, ${formatPercent(node.macs / facts.macs, 1)}`} />
        )}
        {node.parameters > 0 && (
          <Pair
            name="Parameters"
            value={`${formatCount(node.parameters)}, ${formatPercent(node.parameters / facts.parameters, 1)}`}
          />
        )}
        {node.residual !== null && <Pair name="Residual connection" value={`${node.residual} shortcut`} />}
      </dl>
      <Texts title="Inputs" texts={node.inputs} />
      <Texts title="Outputs" texts={node.outputs} />
      <Texts title="Attributes" texts={node.attributes} />
      <Group look={look} node={node} />
    </>
  );
}

const Pair = ({ name, value }: { readonly name: string; readonly value: string }) => (
  <>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </>
);

/** Names with texts under a title; nothing if there are none. */
function Texts({ title, texts }: { readonly title: string; readonly texts: readonly NamedText[] }) {
  if (texts.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <dl class="pairs">
        {texts.map(([name, text]) => (
          <Pair key={name} name={name} value={text} />
        ))}
      </dl>
    </section>
  );
}

const MOST_MEMBERS = 40;

/** The channel group of a node: why it cannot be pruned, and the layers that are coupled to it. */
function Group({ look: { facts, drawing }, node }: { readonly look: Look; readonly node: DrawnNode }) {
  const group = node.group === null ? undefined : facts.groups[node.group];
  if (!group) return null;
  const { channels, members, prunable, reason } = group;
  return (
    <section>
      <h3>
        Channel group <GroupMark groups={facts.groups} index={node.group} />
      </h3>
      <p>
        {channels} channels, {prunable ? (reason ? 'prunable in part' : 'prunable') : 'cannot be pruned'}
        {reason !== undefined && <span class="quiet">: {reason}</span>}
      </p>
      {members.length > 1 && (
        <p class="members">
          {members.slice(0, MOST_MEMBERS).map((name) => (
            <NodeLink key={name} drawing={drawing} name={name} />
          ))}
          {members.length > MOST_MEMBERS && (
            <span class="quiet">and {members.length - MOST_MEMBERS} more</span>
          )}
        </p>
      )}
    </section>
  );
}
