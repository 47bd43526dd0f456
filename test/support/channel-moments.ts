/** The mean and the sum of squares about it of each channel of [N, C, …]. */
export function channelMoments(data: Float32Array, images: number, channels: number) {
  const plane = data.length / images / channels;
  return Array.from({ length: channels }, (_, c) => {
    const own = Array.from({ length: images }, (_, n) =>
      Array.from(data.subarray((n * channels + c) * plane, (n * channels + c + 1) * plane)),
    ).flat();
    const mean = own.reduce((a, b) => a + b) / own.length;
    return { mean, squares: own.reduce((sum, x) => sum + (x - mean) ** 2, 0), count: own.length };
  });
}
