/**
 * Finds terms that are a few edits away from one: Levenshtein distances over terms in order, where a term takes over the rows of the one before
 * as far as they begin alike, and terms are passed over whose beginning is too far away already (Wagner and Fischer 1974; Ukkonen 1985).
 */
export class SimilarTerms {
  readonly #to: string;
  readonly #distance: number;
  /** After n code units of the term before, its distances to the beginnings of the other. */
  readonly #rows: number[][];
  #before = "";
  /** Code units of the term before that have rows. */
  #depth = 0;
  /** Whether nothing that begins with these is near enough. */
  #isFar = false;

  /** @param distance insertions, deletions and replacements of code units, at most */
  constructor(to: string, distance: number) {
    this.#to = to;
    this.#distance = distance;
    this.#rows = [Array.from({ length: to.length + 1 }, (_, at) => at)];
  }

  /** Whether a term is near enough. Terms come in the order of their code units. */
  includes(term: string): boolean {
    const shared = sharedLength(this.#before, term, this.#depth);
    this.#before = term;
    if (this.#isFar && shared === this.#depth) return false;
    this.#isFar = false;
    this.#depth = shared;
    while (this.#depth < term.length) {
      const least = this.#grow(term.charCodeAt(this.#depth));
      if (least <= this.#distance) continue;
      this.#isFar = true;
      return false;
    }
    return (this.#rows[term.length]?.[this.#to.length] ?? Number.POSITIVE_INFINITY) <= this.#distance;
  }

  /** One row more. @returns its least distance */
  #grow(unit: number): number {
    const above = this.#rows[this.#depth] ?? [];
    this.#depth += 1;
    const row = this.#rows[this.#depth] ?? [];
    this.#rows[this.#depth] = row;
    row[0] = this.#depth;
    let least = this.#depth;
    for (let at = 1; at <= this.#to.length; at++) {
      const replaced = (above[at - 1] ?? 0) + (this.#to.charCodeAt(at - 1) === unit ? 0 : 1);
      const distance = Math.min(replaced, (above[at] ?? 0) + 1, (row[at - 1] ?? 0) + 1);
      row[at] = distance;
      if (distance < least) least = distance;
    }
    return least;
  }
}

/** How many code units two texts begin with alike, up to a number of them. */
function sharedLength(a: string, b: string, most: number): number {
  const end = Math.min(a.length, b.length, most);
  let at = 0;
  while (at < end && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}
