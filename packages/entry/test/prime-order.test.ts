import { ed25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isOfPrimeOrder } from "../src/prime-order.ts";
import { ORDER, TORSION } from "./ed25519-cases.ts";

type Point = (typeof TORSION)[number];

/** By the definition: L times a point of order L, or 1, is the identity. */
const isOfPrimeOrderByDefinition = (point: Point): boolean => !point.is0() && point.isTorsionFree();

describe("A12 the order of a key", () => {
  test("A12 is told apart of a point of prime order and each of its seven neighbours by torsion", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: ORDER - 1n }), (scalar) => {
        const point = ed25519.Point.BASE.multiply(scalar);
        const answers = TORSION.map((torsion) => isOfPrimeOrder(point.add(torsion).y));
        expect(answers).toEqual(TORSION.map((torsion) => torsion.is0()));
      }),
      { numRuns: 50 },
    );
  });

  test("A12 is not prime of a point of small order", () => {
    expect(TORSION.map((point) => isOfPrimeOrder(point.y))).toEqual(TORSION.map(() => false));
  });

  test("A12 is what multiplying by it says, of whatever point an encoding names", () => {
    let points = 0;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const point = decoded(bytes);
        if (point === null) return;
        points++;
        expect(isOfPrimeOrder(point.y)).toBe(isOfPrimeOrderByDefinition(point));
      }),
      { numRuns: 200 },
    );
    expect(points).toBeGreaterThan(20);
  });
});

function decoded(bytes: Uint8Array): Point | null {
  try {
    return ed25519.Point.fromBytes(bytes, false);
  } catch {
    return null; // about half of all encodings are of no point
  }
}
