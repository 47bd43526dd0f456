/** For each filter, the positions whose stripe W[m, :, i, j] is not entirely zero. */
export function livePositions(weights: Float32Array, filters: number, channels: number): number[][] {
  const positions = weights.length / (filters * channels);
  return Array.from({ length: filters }, (_, m) => {
    const found = new Set<number>();
    for (let i = 0; i < channels * positions; i++) {
      if (weights[m * channels * positions + i] !== 0) found.add(i % positions);
    }
    return [...found].sort((a, b) => a - b);
  });
}
