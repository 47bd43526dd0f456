// Input images: pictures drawn here, or the visitor's own.

const SIZE = 224;
const SHAPES = 40;

function emptyPicture() {
  const canvas = Object.assign(document.createElement('canvas'), { width: SIZE, height: SIZE });
  return { canvas, context: canvas.getContext('2d') };
}

/** A picture of coloured discs and rectangles, determined by the seed. */
export function drawnPicture(seed) {
  const { canvas, context } = emptyPicture();
  let state = seed + 1;
  const random = (n) => {
    state = (state * 48271) % 2147483647;
    return (state / 2147483647) * n;
  };
  context.fillStyle = `hsl(${seed * 83} 30% 70%)`;
  context.fillRect(0, 0, SIZE, SIZE);
  for (let i = 0; i < SHAPES; i++) {
    const hue = (seed * 83 + random(120)) % 360;
    context.fillStyle = `hsl(${hue} ${30 + random(60)}% ${20 + random(60)}% / 0.8)`;
    const size = (1.2 - i / SHAPES) * SIZE * 0.5;
    const [x, y] = [random(SIZE), random(SIZE)];
    context.beginPath();
    if ((seed + i) % 3 === 0) context.rect(x - size / 2, y - size / 4, size, size / 2);
    else context.arc(x, y, size / 2, 0, 2 * Math.PI);
    context.fill();
  }
  return canvas;
}

/** An image file. */
export async function givenPicture(file) {
  const { canvas, context } = emptyPicture();
  context.drawImage(await createImageBitmap(file), 0, 0, SIZE, SIZE);
  return canvas;
}

/** The picture as input of shape [N, C, H, W], repeated N times: (x/255 − ½) / ¼. */
export function pixelsOf(picture, [batch, channels, height, width]) {
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  context.drawImage(picture, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const plane = height * width;
  return Float32Array.from({ length: batch * channels * plane }, (_, i) => {
    const channel = (Math.floor(i / plane) % channels) % 3;
    return (data[4 * (i % plane) + channel] / 255 - 0.5) / 0.25;
  });
}
