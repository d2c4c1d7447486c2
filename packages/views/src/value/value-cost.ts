import { kind, kindOf, type Value } from "./value.ts";

/** Steps that looking at a value takes, all of it. Documents are at most 64 deep. */
export function costOf(value: Value): number {
  switch (kindOf(value)) {
    case kind.text:
      return (value as string).length / 32;
    case kind.bytes:
      return (value as Uint8Array).length / 32;
    case kind.list:
    case kind.object:
      return Object.values(value as object).reduce<number>((sum, member) => sum + 1 + costOf(member), 1);
    default:
      return 0;
  }
}
