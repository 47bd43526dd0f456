import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkShapes } from './operator-tests/shapes.ts';
import { checkUpgrade, type UpgradeVerdict } from './operator-tests/upgrades.ts';

// Compares with ONNX's own operator tests (Debian: libonnx-testdata): what shape inference finds with the types that they
// expect, and what upgraded models compute with the outputs that they recorded, by opset:
// npx tsx scripts/check-operator-tests.ts [folder]

const folder = process.argv[2] ?? '/usr/share/libonnx-testdata/data';
const groups = process.argv[2] ? [''] : ['node', 'simple', 'pytorch-converted', 'pytorch-operator'];
const tests = groups.flatMap((group) =>
  readdirSync(join(folder, group))
    .sort()
    .map((name) => join(folder, group, name))
    .filter((directory) => existsSync(join(directory, 'model.onnx'))),
);

const shapes = countShapes();
const upgrades = await countUpgrades();
process.exitCode = shapes.disagree + upgrades.differs > 0 || shapes.agree === 0 ? 1 : 0;

function countShapes() {
  const counts = { agree: 0, disagree: 0, outside: 0 };
  for (const directory of tests) {
    const verdict = checkShapes(directory);
    if (typeof verdict === 'string') counts[verdict]++;
    else {
      counts.disagree++;
      console.log(`${directory}: ${verdict.disagreement}`);
    }
  }
  const { agree, disagree, outside } = counts;
  console.log(`shapes: ${agree} agree, ${disagree} disagree, ${outside} have operators outside the table`);
  return counts;
}

async function countUpgrades() {
  const byOpset = new Map<number, Record<UpgradeVerdict['result'], number>>();
  let differs = 0;
  for (const directory of tests) {
    const { opset, result, detail } = await checkUpgrade(directory);
    const counts = byOpset.get(opset) ?? { equal: 0, training: 0, refused: 0, 'not run': 0, differs: 0 };
    counts[result]++;
    byOpset.set(opset, counts);
    if (result === 'differs') differs++;
    if (detail) console.log(`${directory}: ${result}: ${detail}`);
  }
  for (const [opset, counts] of [...byOpset].sort(([a], [b]) => a - b)) {
    const { equal, training, differs: other, refused, 'not run': notRun } = counts;
    console.log(
      `opset ${opset} upgraded: ${equal} as recorded, ${other} differ, ${training} in training mode, ${refused} refused, ${notRun} not run by onnxruntime as they are`,
    );
  }
  return { differs };
}
