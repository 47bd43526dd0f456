import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import type { LinearLayer } from './linear-layer.ts';
import type { NormalEquations } from './normal-equations.ts';

/**
 * The change Δ [n, m] of each group that minimises ‖X·Δ − R‖² + ridge·Σᵢ (XᵀX)ᵢᵢ·‖Δᵢ‖². Inputs that are never read are not
 * changed, and nothing is if sums overflow.
 */
export function solve(equations: NormalEquations, layer: LinearLayer, ridge: number): Matrix[] {
  return Array.from({ length: layer.groups }, (_, group) => {
    const { products, moments } = partsOf(equations, layer, group);
    for (let i = 0; i < products.rows; i++) {
      const diagonal = products.get(i, i);
      // The two triangles differ in the last digit, because their sums were added in different orders.
      for (let j = 0; j < i; j++) products.set(i, j, products.get(j, i));
      products.set(i, i, diagonal > 0 ? diagonal * (1 + ridge) : 1);
    }
    const areFinite = [products, moments].every((sums) => Number.isFinite(sums.sum()));
    const factor = areFinite ? new CholeskyDecomposition(products) : null;
    return factor?.isPositiveDefinite() ? factor.solve(moments) : Matrix.zeros(moments.rows, moments.columns);
  });
}

/** ‖X·Δ − R‖²/‖Y‖², computed from the sums. */
export function errorAfter(
  equations: NormalEquations,
  layer: LinearLayer,
  changes: readonly Matrix[],
): number {
  const [residual = 0, wanted = 0] = equations.squares;
  const gained = changes.map((change, group) => {
    const { products, moments } = partsOf(equations, layer, group);
    return Matrix.mul(change, Matrix.sub(products.mmul(change), Matrix.mul(moments, 2))).sum();
  });
  return Math.max(0, residual + gained.reduce((a, b) => a + b, 0)) / (wanted || 1);
}

/** ‖R‖²/‖Y‖²; 0 if it is only a rounding error. */
export function errorBefore({ squares: [residual = 0, wanted = 0] }: NormalEquations): number {
  const error = residual / (wanted || 1);
  return error > ROUNDING ? error : 0;
}

const ROUNDING = 1e-10;

function partsOf({ products, moments }: NormalEquations, { groups, filters }: LinearLayer, group: number) {
  const n = Math.round(Math.sqrt(products.length / groups));
  const m = filters / groups;
  return {
    products: Matrix.from1DArray(n, n, products.subarray(group * n * n, (group + 1) * n * n)),
    moments: Matrix.from1DArray(n, m, moments.subarray(group * n * m, (group + 1) * n * m)),
  };
}
