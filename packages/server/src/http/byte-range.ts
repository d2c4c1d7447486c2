// Ranges of RFC 9110, section 14: one range of bytes. What is none of these is passed over, as the section allows: the whole is given.

/** What a `Range` header asks for. */
export type AskedRange =
  | { readonly type: "whole" }
  /** Bytes `from` to before `to`. */
  | { readonly type: "part"; readonly from: number; readonly to: number }
  | { readonly type: "unsatisfiable" };

/** Reads the header for something of `size` bytes. */
export function askedRange(header: string | undefined, size: number): AskedRange {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header ?? "") ?? [];
  if (first === "" && last === "") return { type: "whole" };
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (first !== "" && last !== "" && Number(last) < from) return { type: "whole" };
  return from < to ? { type: "part", from, to } : { type: "unsatisfiable" };
}
