import { expect, it } from 'vitest';
import { invocationOf } from '../../src/commands/command.ts';
import { swp } from '../../src/commands/swp/swp.ts';

const needed = { data: 'cifar10', epochs: '8', out: 'runs/none' };
const checked = async (raw: Record<string, string>) =>
  swp.check!(invocationOf(swp, ['a.onnx'], { ...needed, ...raw }));

it.each([
  [{ pace: 'gradual' }, '--pace gradual needs --macs or --latency'],
  [{ macs: '0.5', latency: '0.5', shapeBlock: '8' }, 'expected one of --macs and --latency, found both'],
  [{ latency: '0.5' }, '--latency needs --shape-block'],
  [{ macs: '0.5', shapes: 'free' }, '--shapes needs --shape-block'],
  [{ macs: '0.5', shapeBlock: '4' }, '--shape-block: expected 8 or 16, found "4"'],
] as const)('swp refuses %j', async (raw, message) => {
  await expect(checked(raw)).rejects.toThrow(message);
});

it.each<Record<string, string>>([
  { latency: '0.5', shapeBlock: '16' },
  { macs: '0.5', shapeBlock: '8', shapes: 'free' },
  {},
])('swp takes %j', async (raw) => {
  await expect(checked(raw)).resolves.toBeUndefined();
});
