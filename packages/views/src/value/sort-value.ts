import { sortedEntries } from "./order.ts";
import { kind, kindOf, type Value, valueIn } from "./value.ts";

/** Characters and bytes that count in an order, and what each value among them takes of that. */
const ROOM = 1_024;
const A_VALUE = 16;

/**
 * What of a value counts where something is in order: its first 1,024 characters or bytes, or 64 members, so that to compare takes no longer
 * whatever a document holds. Values that are equal in the order give the same: 0 and -0, a number and a bigint, objects with the same members.
 */
export function sortValue(value: Value): Value {
  if (typeof value === "string" && value.length <= ROOM) return withoutHalf(value); // most are of these
  if (typeof value === "number") return plainNumber(value);
  return cut(value, { left: ROOM });
}

function cut(value: Value, room: { left: number }): Value {
  switch (kindOf(value)) {
    case kind.number:
      return plainNumber(value as number | bigint);
    case kind.text:
      return withoutHalf((value as string).slice(0, taken(room, (value as string).length)));
    case kind.bytes:
      return (value as Uint8Array).slice(0, taken(room, (value as Uint8Array).length));
    case kind.list:
      return cutMembers(value as readonly unknown[], room, (member) => cut(valueIn(member), room));
    case kind.object:
      return Object.fromEntries(cutMembers(sortedEntries(value as object), room, (member) => cutEntry(member, room)));
    default:
      return value;
  }
}

function cutMembers<M, C>(members: readonly M[], room: { left: number }, cutOne: (member: M) => C): readonly C[] {
  const kept: C[] = [];
  for (const member of members) {
    if (room.left <= 0) break;
    room.left -= A_VALUE;
    kept.push(cutOne(member));
  }
  return kept;
}

function cutEntry([key, member]: readonly [string, Value], room: { left: number }): readonly [string, Value] {
  return [withoutHalf(key.slice(0, taken(room, key.length))), cut(valueIn(member), room)];
}

/** How much of something there is room for. */
function taken(room: { left: number }, length: number): number {
  const most = Math.max(0, Math.min(room.left, length));
  room.left -= most;
  return most;
}

function plainNumber(value: number | bigint): number | bigint {
  if (typeof value === "number") return value + 0; // no -0
  const number = Number(value);
  return Number.isFinite(number) && BigInt(number) === value ? number : value;
}

/** Without the first half of a character whose second was cut off. */
export function withoutHalf(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? text.slice(0, -1) : text;
}
