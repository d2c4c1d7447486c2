import fc from "fast-check";
import { expect, test } from "vitest";
import {
  ByteReader,
  ByteWriter,
  compareBytes,
  concatBytes,
  equalBytes,
  fromHex,
  sliceToHex,
  toHex,
} from "../src/index.ts";
import { codeOf } from "./codes.ts";

const bytes = fc.uint8Array({ maxLength: 64 });

test("hexadecimal there and back is the identity", () => {
  fc.assert(fc.property(bytes, (b) => equalBytes(fromHex(toHex(b)), b)));
});

test("hexadecimal of a part is that of a view of it", () => {
  const long = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(long, fc.nat(300), fc.nat(300), (b, x, y) => {
      const [start = 0, end = 0] = [Math.min(x, b.length), Math.min(y, b.length)].sort((m, n) => m - n);
      expect(sliceToHex(b, start, end)).toBe(toHex(b.subarray(start, end)));
    }),
  );
});

test.each(["0", "000", "0g", "g0", "AB", " 0", "0 ", "0x", "/0", ":0", "`0", "é0"])(
  "refuses %o as hexadecimal",
  (text) => {
    expect(codeOf(() => fromHex(text))).toBe("BAD_HEX");
  },
);

test("comparison is the order of hexadecimal text", () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      const [x, y] = [toHex(a), toHex(b)];
      expect(Math.sign(compareBytes(a, b))).toBe(x < y ? -1 : x > y ? 1 : 0);
      expect(equalBytes(a, b)).toBe(x === y);
    }),
  );
});

test("joining is concatenation", () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 5 }), (parts) => {
      expect(toHex(concatBytes(...parts))).toBe(parts.map(toHex).join(""));
    }),
  );
});

test("the reader gives back what the writer wrote", () => {
  const u = (max: number) => fc.integer({ min: 0, max });
  fc.assert(
    fc.property(u(0xff), u(0xffff), u(0xffff_ffff), fc.maxSafeNat(), fc.maxSafeNat(), bytes, (a, b, c, d, e, f) => {
      const written = new ByteWriter(1).u8(a).u16(b).u32(c).u64(d).uleb(e).bytes(f).finish();
      const reader = new ByteReader(written);
      expect([reader.u8(), reader.u16(), reader.u32(), reader.u64(), reader.uleb()]).toEqual([a, b, c, d, e]);
      expect(reader.bytes(f.length)).toEqual(f);
      reader.end();
    }),
  );
});

test("the largest numbers survive, the next one is refused", () => {
  const max = Number.MAX_SAFE_INTEGER;
  const reader = new ByteReader(new ByteWriter().u64(max).uleb(max).finish());
  expect([reader.u64(), reader.uleb()]).toEqual([max, max]);
  expect(codeOf(() => new ByteReader(fromHex("0020000000000000")).u64())).toBe("TOO_LARGE");
  expect(codeOf(() => new ByteReader(fromHex("8080808080808010")).uleb())).toBe("TOO_LARGE");
  expect(codeOf(() => new ByteReader(fromHex("ffffffffffffffffff01")).uleb())).toBe("TOO_LARGE");
});

test.each([
  ["8000", "NOT_MINIMAL"],
  ["ff00", "NOT_MINIMAL"],
  ["80808080808080808000", "TOO_LARGE"],
  ["80", "TRUNCATED"],
  ["", "TRUNCATED"],
] as const)("refuses the ULEB128 number %o", (hex, code) => {
  expect(codeOf(() => new ByteReader(fromHex(hex)).uleb())).toBe(code);
});

test("every byte string is one ULEB128 number at most, and the number gives it back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 10 }), (input) => {
      const reader = new ByteReader(input);
      const code = codeOf(() => {
        const value = reader.uleb();
        expect(new ByteWriter().uleb(value).finish()).toEqual(input.slice(0, reader.offset));
      });
      expect([null, "TRUNCATED", "NOT_MINIMAL", "TOO_LARGE"]).toContain(code);
    }),
  );
});

test("a number above its limit is refused", () => {
  expect(new ByteReader(fromHex("7f")).uleb(127)).toBe(127);
  expect(codeOf(() => new ByteReader(fromHex("8001")).uleb(127))).toBe("TOO_LARGE");
});

test.each([-1, 0.5, 256, Number.NaN, 2 ** 53])(
  "refuses to write %d as a byte, and as ULEB128 unless it is 256",
  (value) => {
    expect(codeOf(() => new ByteWriter().u8(value))).toBe("TOO_LARGE");
    expect(codeOf(() => new ByteWriter().uleb(value))).toBe(value === 256 ? null : "TOO_LARGE");
  },
);

test("reading past the end and leaving bytes unread are errors", () => {
  for (const read of ["u8", "u16", "u32", "u64"] as const) {
    expect(codeOf(() => new ByteReader(new Uint8Array()).u8())).toBe("TRUNCATED");
    expect(codeOf(() => new ByteReader(new Uint8Array())[read]())).toBe("TRUNCATED");
  }
  expect(codeOf(() => new ByteReader(new Uint8Array(3)).bytes(4))).toBe("TRUNCATED");
  expect(codeOf(() => new ByteReader(new Uint8Array(3)).end())).toBe("TRAILING_BYTES");
});

test("a reader over a Buffer hands out plain Uint8Arrays, views of the input", () => {
  const buffer = Buffer.from("0011223344", "hex");
  const reader = new ByteReader(buffer);
  reader.u8();
  const view = reader.bytes(2);
  expect(view.constructor).toBe(Uint8Array);
  buffer[1] = 0xff;
  expect(toHex(view)).toBe("ff22");
});

test("a finished writer's bytes do not change when it goes on", () => {
  const writer = new ByteWriter(8).u8(1);
  const finished = writer.finish();
  writer.u8(2);
  expect(toHex(finished)).toBe("01");
  expect(writer.length).toBe(2);
});
