import { formatBytes, formatCount, formatMacs, type ImageFacts, type NetworkFacts } from 'espalier/core';
import { Fact } from '../parts/fact.tsx';

/** The facts of a network in a row. */
export function Facts(facts: NetworkFacts) {
  const { macs, parameters, bytes, layers, groups, residuals, image, otherInputs, opsets } = facts;
  const kept = groups.filter(({ prunable }) => !prunable).length;
  return (
    <dl class="facts">
      <Fact name="Parameters" value={formatCount(parameters)} note={exactly(parameters)} />
      <Fact name="MACs per image" value={formatMacs(macs)} note={exactly(macs)} />
      <Fact name="File" value={formatBytes(bytes)} note={opsetText(opsets)} />
      <Fact name="Layers" value={layers.length} note={`${sum(Object.values(facts.operators))} nodes`} />
      <Fact
        name="Channel groups"
        value={groups.length}
        note={kept > 0 ? `${kept} cannot be pruned` : 'all can be pruned'}
      />
      <Fact name="Residual connections" value={residuals.length || 'none'} note={kindsText(residuals)} />
      <Fact
        name="Image"
        value={image ? sizeText(image) : 'none'}
        note={image ? imageText(image) : 'no input takes images'}
      />
      {otherInputs.length > 0 && (
        <Fact
          name="Other inputs"
          value={otherInputs.length}
          note={otherInputs.map(({ name }) => name).join(', ')}
        />
      )}
    </dl>
  );
}

const exactly = (count: number): string => count.toLocaleString('en').replaceAll(',', '\u202f');

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

const opsetText = (opsets: NetworkFacts['opsets']): string =>
  Object.entries(opsets)
    .map(([domain, version]) => `${domain || 'opset'} ${version}`)
    .join(', ');

function kindsText(residuals: NetworkFacts['residuals']): string {
  const counts = new Map<string, number>();
  for (const { kind } of residuals) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
}

const sizeText = ({ height, width }: ImageFacts): string =>
  height === null && width === null ? 'free size' : `${height ?? 'free'}×${width ?? 'free'}`;

function imageText({ layout, channels, batch }: ImageFacts): string {
  const counted = channels === 1 ? '1 channel' : `${channels ?? 'free'} channels`;
  if (!layout.includes('N')) return `${layout}, ${counted}, a single image`;
  return `${layout}, ${counted}, ${batch === null ? 'free batch' : `batch of ${batch}`}`;
}
