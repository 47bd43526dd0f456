/**
 * Accuracy of a network in 8 bits by what each part of quantisation adds: ranges, scales by channel, corrected biases, the
 * eighth bit. Calibrated on 300 training images and evaluated on test images; of a folder without a split, calibrated on
 * half and evaluated on the other. Run with
 * `npx tsx bench/quantization.ts model.onnx --data cifar10 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225`.
 */
import { parseArgs } from 'node:util';
import { openCalibration } from '../src/calibration/calibration.ts';
import { openDataSet } from '../src/data/data-sets.ts';
import type { Graph } from '../src/graph/graph.ts';
import { imageInput } from '../src/graph/inputs/image-input.ts';
import { evaluate } from '../src/measure/accuracy.ts';
import { readModelFile } from '../src/onnx/model-file.ts';
import { type QuantizeOptions, quantizeCalibrated } from '../src/quantization/quantize.ts';
import { onnxruntime as executor } from '../src/runtime/onnxruntime/index.ts';

const variants: readonly (readonly [title: string, options: QuantizeOptions])[] = [
  ['min-max', {}],
  ['percentile 99.99', { calibration: { percentile: 99.99 } }],
  ['percentile 99.9', { calibration: { percentile: 99.9 } }],
  ['percentile 99', { calibration: { percentile: 99 } }],
  ['min-max, biases as they were', { correctBias: false }],
  ['min-max, one scale a weight', { perChannel: false }],
  ['min-max, one scale a weight, biases as they were', { perChannel: false, correctBias: false }],
  ['min-max, 7 bits', { weightBits: 7 }],
  ['min-max, 7 bits, biases as they were', { weightBits: 7, correctBias: false }],
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string', default: 'cifar10' },
    labels: { type: 'string' },
    mean: { type: 'string', default: '0.485,0.456,0.406' },
    std: { type: 'string', default: '0.229,0.224,0.225' },
  },
});

const numbers = (list: string): number[] => list.split(',').map(Number);

async function main(file: string): Promise<void> {
  const network = readModelFile(file);
  const { height, width } = imageInput(network);
  const size = { height: Number(height), width: Number(width) };
  const preprocessing = { ...size, mean: numbers(values.mean), std: numbers(values.std) };
  const options = { ...size, labels: values.labels, seed: 1, purpose: 'calibrate' } as const;
  const { train, test } = await openDataSet(values.data, options);
  const batch = train.count % 50 === 0 ? 50 : Math.min(60, train.count);
  const calibration = await openCalibration(train, { preprocessing, images: 300, batch, seed: 1 });
  const tell = async (title: string, graph: Graph) => {
    const { top1, loss, images } = await evaluate(graph, test, { executor, preprocessing, batch: 50 });
    console.log(`${title}: top-1 ${(100 * top1).toFixed(2)} %, loss ${loss.toFixed(4)} (${images} images)`);
  };
  await tell('float', network);
  for (const [title, choice] of variants) {
    const { graph } = await quantizeCalibrated(network, { calibration, executor }, choice);
    await tell(title, graph);
  }
}

await main(positionals[0]!);
