import { it } from 'vitest';
import { expectCompiledEqual } from '../../support/compiled.ts';
import { deeplab, unet, yolo } from '../../support/dense-prediction.ts';

it.each([
  ['a YOLO', yolo],
  ['a DeepLab', deeplab],
  ['a U-Net', unet],
] as const)('%s as WebAssembly equals onnxruntime', async (_, build) => {
  await expectCompiledEqual(build());
});
