// Whether a point of edwards25519 has the prime order L, without multiplying it by L: docs/adr/0058.
//
// The points of the curve are a cyclic group of 8 L elements: those of order L, and the identity, are the ones that can be halved three
// times. Of a point's Montgomery form v^2 = u^3 + A u^2 + u (RFC 7748 section 4.1), u = (1 + y) / (1 - y) is all that is needed:
//   - A point other than the one of order 2 is a double exactly if u is a square. Doubling is an isogeny after another, both of degree 2.
//     The points with a square u are the images under the latter (Silverman, The Arithmetic of Elliptic Curves, Proposition X.4.9), which
//     are half of all, as the doubles are.
//   - Of its halves u is q and 1/q, with (q^2 - 1)^2 = 4 u q (q^2 + A q + 1). With s = q + 1/q that is s^2 - 4 = 4 u (s + A), so s is
//     2 (u + root) or 2 (u - root), where root^2 = u^2 + A u + 1. It is the one for which s^2 - 4 is a square: the product of both s + A is
//     A^2 - 4, which is none.
//   - q is a square exactly if 1/q is: which half is halved again does not matter.
// Nothing here is secret.

const P = 2n ** 255n - 19n;
const A = 486_662n;
/** The inverse of 2. */
const HALF = (P + 1n) / 2n;
/** A square root of -1. */
const ROOT_OF_MINUS_ONE =
  19_681_161_376_707_505_956_807_079_304_988_542_015_446_066_515_923_890_162_744_021_073_123_829_784_752n;

/** @param y of a point of the curve (RFC 8032 section 5.1), from 0 to P - 1 */
export function isOfPrimeOrder(y: bigint): boolean {
  if (y === 1n || y === P - 1n) return false; // the identity, and the point of order 2
  const u = reduced((1n + y) * inverted(reduced(1n - y)));
  if (!isSquare(u)) return false;
  const half = halve(u);
  return isSquare(half) && isSquare(halve(half));
}

/** The u of a half of the point with this u, a square other than 0. */
function halve(u: bigint): bigint {
  const root = rootOf(reduced((u + A) * u + 1n));
  const sum = reduced(2n * (u + root));
  const s = isSquare(reduced(sum + A)) ? sum : reduced(2n * (u - root));
  return reduced((s + rootOf(reduced(s * s - 4n))) * HALF);
}

function reduced(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

/** A square root of a square: P is 5 modulo 8 (RFC 8032 section 5.1.3). */
function rootOf(square: bigint): bigint {
  const root = (square * powered(square)) % P;
  return (root * root) % P === square ? root : (root * ROOT_OF_MINUS_ONE) % P;
}

/** x^((P - 5) / 8), that is x^(2^252 - 3). */
function powered(x: bigint): bigint {
  const ones = (from: bigint, count: number, by: bigint): bigint => (squared(from, count) * by) % P;
  const two = ones(x, 1, x);
  const five = ones(ones(two, 2, two), 1, x);
  const ten = ones(five, 5, five);
  const twenty = ones(ten, 10, ten);
  const fifty = ones(ones(twenty, 20, twenty), 10, ten);
  const hundred = ones(fifty, 50, fifty);
  const all = ones(ones(hundred, 100, hundred), 50, fifty);
  return ones(all, 2, x);
}

function squared(x: bigint, times: number): bigint {
  let power = x;
  for (let left = times; left > 0; left--) power = (power * power) % P;
  return power;
}

/** By the extended Euclidean algorithm. */
function inverted(x: bigint): bigint {
  let [a, b, u, v] = [x, P, 1n, 0n];
  while (a !== 0n) {
    const times = b / a;
    [a, b, u, v] = [b - times * a, a, v - times * u, u];
  }
  return reduced(v);
}

/** By the Jacobi symbol (x / P), with the law of quadratic reciprocity. */
function isSquare(x: bigint): boolean {
  let [a, n, isNegative] = [x, P, false];
  while (a !== 0n) {
    while ((a & 1n) === 0n) {
      a >>= 1n;
      const rest = n & 7n;
      if (rest === 3n || rest === 5n) isNegative = !isNegative;
    }
    [a, n] = [n, a];
    if ((a & 3n) === 3n && (n & 3n) === 3n) isNegative = !isNegative;
    a %= n;
  }
  return !isNegative;
}
