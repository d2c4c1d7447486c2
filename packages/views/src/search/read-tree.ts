import type { Tree } from "../tree/tree.ts";
import type { IsBefore } from "../tree/tree-shape.ts";
import type { Compare } from "../value/order.ts";

/** Entries that are read at once: where somebody looks for one, and where many follow. */
const FEW = 64;
const MANY = 1_024;

/** The entries from a place on, in pieces. */
export async function* piecesFrom<E, S>(tree: Tree<E, S>, isBefore: IsBefore<E>): AsyncGenerator<readonly E[], void> {
  let position = await tree.countBefore(isBefore);
  for (;;) {
    const piece = await tree.slice(position, MANY);
    if (piece.length > 0) yield piece;
    if (piece.length < MANY) return;
    position += piece.length;
  }
}

interface Keyed<E, K> {
  /** What entries are in order by; several may have the same. */
  readonly keyOf: (entry: E) => K;
  readonly compare: Compare<K>;
}

/** The entries that have one of some keys, in pieces. @param keys ascending */
export async function* entriesOf<E, S, K>(
  tree: Tree<E, S>,
  keys: readonly K[],
  { keyOf, compare }: Keyed<E, K>,
): AsyncGenerator<readonly E[], void> {
  let at = 0;
  let [position, count] = [0, 0];
  for (let key = keys[at]; key !== undefined; key = keys[at]) {
    const [to, isWithin] = [key, count === MANY];
    if (!isWithin) position = await tree.countBefore((entry) => compare(keyOf(entry), to) < 0);
    count = isWithin ? MANY : FEW;
    const piece = await tree.slice(position, count);
    position += piece.length;
    const found: E[] = [];
    for (const entry of piece) {
      const own = keyOf(entry);
      for (let next = keys[at]; next !== undefined && compare(next, own) < 0; next = keys[at]) at++;
      const wanted = keys[at];
      if (wanted !== undefined && compare(wanted, own) === 0) found.push(entry);
    }
    yield found;
    if (piece.length < count) return;
    const [last, next] = [piece.at(-1), keys[at]];
    count = last !== undefined && next !== undefined && compare(keyOf(last), next) === 0 ? MANY : 0;
  }
}
