import { ascending, centredRanks, correlationOfRanks, type Spearman } from './ranks.ts';
import { tTest } from './tests.ts';

/** One subject, and the cluster that it belongs to: subjects of one cluster are alike. */
export interface ClusteredPoint {
  x: number;
  y: number;
  cluster: string;
}

/** Spearman's rank correlation over subjects of so many clusters. p and the interval are null together. */
export interface ClusteredSpearman extends Spearman {
  clusters: number;
}

/** With fewer, nothing tells how far clusters differ by chance. */
export const fewestClusters = 3;
/** Beyond, several clusters are left out at once, so that the cost grows with the subjects alone. */
const mostGroups = 32;

/**
 * Spearman's rank correlation of subjects that come in clusters (the months of one store). The correlation is that of
 * `spearman`. Its interval is the delete-a-cluster jackknife of z = atanh(rho), the others ranked anew each time:
 * se^2 = (G - 1)/G sum over g of (z(-g) - z)^2, tanh(z -+ t(0.975, G - 1) se), and p from t = z / se with G - 1 degrees
 * of freedom. B. Efron and C. Stein (1981), The Annals of Statistics 9, 586-596; P. S. Kott (2001), Journal of Official
 * Statistics 17, 521-526, for groups of clusters.
 *
 * In 1,000 simulated samples each of 3 to 30 clusters of 4 or 12 subjects, half to none of whose variance lay between the
 * clusters, these intervals held the truth in 93% to 99%, plain ones in 61% to 96%.
 *
 * @returns null with fewer than three subjects, or when all x or all y are equal. p and the interval are null with fewer
 * than three clusters, and where rho is -1 or 1, over all or without one of the groups.
 */
export function clusteredSpearman(points: readonly ClusteredPoint[]): ClusteredSpearman | null {
  const [x, y] = [points.map((point) => point.x), points.map((point) => point.y)];
  const [byX, byY] = [ascending(x), ascending(y)];
  const rho = correlationOfRanks(centredRanks(x, byX), centredRanks(y, byY));
  if (points.length < 3 || rho === null) return null;
  const names = [...new Set(points.map(({ cluster }) => cluster))].sort();
  const found = { n: points.length, clusters: names.length, rho };
  const none = { ...found, p: null, low: null, high: null };
  if (names.length < fewestClusters || Math.abs(rho) === 1) return none;

  const size = Math.min(names.length, mostGroups);
  const groupOf = new Map(names.map((name, at) => [name, at % size]));
  const groups = points.map(({ cluster }) => groupOf.get(cluster));
  const z = Math.atanh(rho);
  let squares = 0;
  for (let group = 0; group < size; group += 1) {
    const isLeft = (place: number) => groups[place] !== group;
    const without = correlationOfRanks(centredRanks(x, byX.filter(isLeft)), centredRanks(y, byY.filter(isLeft)));
    if (without === null || Math.abs(without) === 1) return none;
    squares += (Math.atanh(without) - z) ** 2;
  }
  const { p, low, high } = tTest(z, Math.sqrt((squares * (size - 1)) / size), size - 1);
  if (p === null || low === null || high === null) return none;
  return { ...found, p, low: Math.tanh(low), high: Math.tanh(high) };
}
