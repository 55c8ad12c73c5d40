/** Eigenvalues of a symmetric matrix, largest first; `vectors[k]` is the unit eigenvector of `values[k]`. */
export interface Eigen {
  values: number[];
  vectors: number[][];
}

const mostSweeps = 100;

/**
 * Eigenvalues and eigenvectors of a real symmetric matrix by the cyclic Jacobi method: plane rotations that each turn
 * one element beside the diagonal to 0, until all of them are. Slow for hundreds of rows, and exact to rounding for the
 * few dozen that it is for.
 * G. H. Golub and C. F. Van Loan, Matrix Computations, 4th edition, algorithms 8.5.1 and 8.5.3.
 *
 * @param matrix symmetric; only finite numbers.
 * @throws RangeError when it does not converge, which no finite symmetric matrix makes happen.
 */
export function symmetricEigen(matrix: readonly (readonly number[])[]): Eigen {
  const a = matrix.map((row) => [...row]);
  const size = a.length;
  const at = (row: number, column: number) => a[row]?.[column] ?? 0;
  // Its rows become the eigenvectors.
  const v = a.map((_, row) => a.map((__, column) => (row === column ? 1 : 0)));
  const norm = Math.hypot(...a.flat());
  // Below 1e-300 numbers have no digits left to converge with.
  const small = Math.max(1e-300, 1e-15 * norm);
  const isDiagonal = () => Math.hypot(...a.flatMap((row, p) => row.filter((_, q) => q !== p))) <= small;
  for (let sweeps = 0; !isDiagonal(); sweeps++) {
    if (sweeps === mostSweeps) throw new RangeError('The eigenvalues did not converge.');
    for (let p = 0; p < size - 1; p++) {
      for (let q = p + 1; q < size; q++) {
        if (at(p, q) === 0) continue;
        const tau = (at(q, q) - at(p, p)) / (2 * at(p, q));
        // The smaller root: a rotation of at most 45 degrees, for which the method converges.
        const t = (tau < 0 ? -1 : 1) / (Math.abs(tau) + Math.hypot(1, tau));
        const c = 1 / Math.hypot(1, t);
        rotateColumns(a, p, q, c, t * c);
        rotateRows(a, p, q, c, t * c);
        rotateRows(v, p, q, c, t * c);
      }
    }
  }
  const order = a.map((_, k) => k).sort((one, other) => at(other, other) - at(one, one));
  return { values: order.map((k) => at(k, k)), vectors: order.map((k) => v[k] ?? []) };
}

function rotateRows(m: number[][], p: number, q: number, c: number, s: number): void {
  const [one, other] = [m[p] ?? [], m[q] ?? []];
  m[p] = one.map((value, k) => c * value - s * (other[k] ?? 0));
  m[q] = other.map((value, k) => s * (one[k] ?? 0) + c * value);
}

function rotateColumns(m: number[][], p: number, q: number, c: number, s: number): void {
  for (const row of m) {
    const [one, other] = [row[p] ?? 0, row[q] ?? 0];
    row[p] = c * one - s * other;
    row[q] = s * one + c * other;
  }
}
