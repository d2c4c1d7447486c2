import { describe, expect, test } from "vitest";
import { ConnectionBudget, countedAddress } from "../../src/sync/connection-budget.ts";

describe("ConnectionBudget", () => {
  test("refuses the connection beyond the bound of one address, and takes it once another ends", () => {
    const budget = new ConnectionBudget({ connections: 10, connectionsPerAddress: 2 });
    const first = budget.take("192.0.2.1");
    expect(budget.take("192.0.2.1")).not.toBeNull();
    expect(budget.take("192.0.2.1")).toBeNull();
    expect(budget.take("192.0.2.2")).not.toBeNull();
    first?.();
    expect(budget.take("192.0.2.1")).not.toBeNull();
  });

  test("refuses the connection beyond the bound of all addresses", () => {
    const budget = new ConnectionBudget({ connections: 2, connectionsPerAddress: 2 });
    budget.take("192.0.2.1");
    budget.take("192.0.2.2");
    expect(budget.take("192.0.2.3")).toBeNull();
  });

  test("giving a slot back twice frees one slot", () => {
    const budget = new ConnectionBudget({ connections: 2, connectionsPerAddress: 2 });
    const release = budget.take("192.0.2.1");
    budget.take("192.0.2.1");
    release?.();
    release?.();
    expect(budget.open).toBe(1);
  });
});

describe("countedAddress", () => {
  const of = (socketAddress: string, forwardedFor?: string, trustProxy = false): string =>
    countedAddress({ socketAddress, forwardedFor, trustProxy });

  test("ignores X-Forwarded-For unless a proxy is trusted", () => {
    expect(of("192.0.2.1", "198.51.100.7")).toBe("192.0.2.1");
  });

  test("takes only the last entry of X-Forwarded-For, which our own proxy wrote", () => {
    expect(of("127.0.0.1", "203.0.113.9, 198.51.100.7", true)).toBe("198.51.100.7");
  });

  test("falls back to the socket when the last entry is no address", () => {
    expect(of("127.0.0.1", "203.0.113.9, ../../etc\n", true)).toBe("127.0.0.1");
  });

  test("counts an IPv4 address written as IPv6 like the plain one", () => {
    expect(of("::ffff:192.0.2.1")).toBe("192.0.2.1");
  });

  test("counts all addresses of an IPv6 /64 as one", () => {
    expect(of("2001:db8:0:7::1")).toBe(of("2001:DB8:0:7:ffff:1:2:3"));
    expect(of("2001:db8:0:7::1")).not.toBe(of("2001:db8:0:8::1"));
    expect(of("::1")).toBe("0:0:0:0::/64");
    expect(of("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
  });
});
