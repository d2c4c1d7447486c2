import { kind, kindOf, type Value } from "./value.ts";

/** Steps that looking at a value takes, all of it. Documents are at most 64 deep. */
export function costOf(value: Value): number {
  if (typeof value === "string") return value.length / 32; // first: whatever is put on a page is weighed
  if (typeof value !== "object") return 0;
  if (Array.isArray(value)) return costOfMembers(value);
  switch (kindOf(value)) {
    case kind.bytes:
      return (value as Uint8Array).length / 32;
    case kind.object:
      return costOfMembers(Object.values(value as object));
    default:
      return 0;
  }
}

function costOfMembers(members: readonly Value[]): number {
  let sum = 1 + members.length;
  for (const member of members) {
    if (typeof member === "string") sum += member.length / 32;
    else if (typeof member === "object" && member !== null) sum += costOf(member);
  }
  return sum;
}
