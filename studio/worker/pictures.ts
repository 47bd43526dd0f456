import { EspalierError, type ImageFit, type Preprocessing } from 'espalier/core';
import type { DroppedImages } from '../engine/images/images.ts';
import type { Control } from '../engine/types.ts';
import type { DroppedFile } from './api.ts';

/** Decodes pictures and resizes them for a network, as commands do. Throws `invalid-data`, naming a file that is no picture. */
export async function decodePictures(
  files: readonly DroppedFile[],
  preprocessing: Preprocessing,
  { signal, progress }: Control,
): Promise<DroppedImages> {
  const { height, width } = preprocessing;
  const plane = height * width;
  const data = new Uint8Array(files.length * 3 * plane);
  const started = performance.now();
  for (const [done, file] of files.entries()) {
    if (signal?.aborted) throw new EspalierError('interrupted', 'cancelled');
    const each = (performance.now() - started) / 1000 / Math.max(1, done);
    const secondsLeft = done === 0 ? null : each * (files.length - done);
    progress?.({ label: 'Decoding images', done, total: files.length, secondsLeft });
    planarInto(await pixelsOf(file, preprocessing), data.subarray(3 * plane * done, 3 * plane * (done + 1)));
  }
  return {
    names: files.map(({ name }) => name),
    pixels: { dtype: 'uint8', shape: [files.length, 3, height, width], data },
  };
}

/** Width and height. */
type Size = readonly [width: number, height: number];

/** Where a picture is drawn: its top left corner and its size. */
type Place = readonly [x: number, y: number, width: number, height: number];

/** The side of the picture before the centre is cropped, in parts of the network's, as in ImageNet's evaluation. */
const RESIZE_RATIO = 256 / 224;

/** Where each fit draws a picture [w, h] on a canvas [W, H]. */
const places: Readonly<Record<ImageFit, (picture: Size, canvas: Size) => Place>> = {
  crop: ([w, h], [W, H]) => centred(RESIZE_RATIO * Math.max(W / w, H / h), [w, h], [W, H]),
  letterbox: ([w, h], [W, H]) => centred(Math.min(W / w, H / h), [w, h], [W, H]),
  stretch: (_, [W, H]) => [0, 0, W, H],
};

const centred = (scale: number, [w, h]: Size, [W, H]: Size): Place => [
  (W - scale * w) / 2,
  (H - scale * h) / 2,
  scale * w,
  scale * h,
];

/** RGBA pixels of a file at the size of the network, turned upright. */
async function pixelsOf(
  { name, file }: DroppedFile,
  { height, width, fit = 'crop', pad = 114 }: Preprocessing,
): Promise<Uint8ClampedArray> {
  const picture = await createImageBitmap(file).catch((cause: Error) => {
    throw new EspalierError('invalid-data', 'image cannot be decoded', { where: name, cause });
  });
  const canvas = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
  canvas.imageSmoothingQuality = 'high';
  canvas.fillStyle = `rgb(${pad} ${pad} ${pad})`;
  canvas.fillRect(0, 0, width, height);
  canvas.drawImage(picture, ...places[fit]([picture.width, picture.height], [width, height]));
  picture.close();
  return canvas.getImageData(0, 0, width, height).data;
}

function planarInto(pixels: Uint8ClampedArray, target: Uint8Array): void {
  const plane = target.length / 3;
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < plane; i++) target[channel * plane + i] = pixels[4 * i + channel]!;
}
