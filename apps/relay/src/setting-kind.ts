// What a setting accepts, from a JSON file and from the text of an environment variable.

import { isOrigin } from "@selkie/server";

/** A value, or what was wanted instead. Never the value that was refused: it may be a secret pasted into the wrong place. */
type Reading<T> = { readonly type: "value"; readonly value: T } | { readonly type: "refused"; readonly wanted: string };

export interface Kind<T> {
  /** What it accepts, in words. */
  readonly wanted: string;
  fromJson(value: unknown): Reading<T>;
  fromText(text: string): Reading<T>;
}

function kind<T>(wanted: string, check: (value: unknown) => value is T, parse: (text: string) => unknown): Kind<T> {
  const read = (value: unknown): Reading<T> => (check(value) ? { type: "value", value } : { type: "refused", wanted });
  return { wanted, fromJson: read, fromText: (text) => read(parse(text)) };
}

/** A whole number in a closed range. */
export function integer(from: number, to: number): Kind<number> {
  return kind(
    `a whole number from ${from} to ${to}`,
    (value): value is number => Number.isSafeInteger(value) && Number(value) >= from && Number(value) <= to,
    (text) => (/^\d{1,16}$/.test(text) ? Number(text) : undefined),
  );
}

export function boolean(): Kind<boolean> {
  return kind(
    "true or false",
    (value) => typeof value === "boolean",
    (text) => (text === "true" ? true : text === "false" ? false : undefined),
  );
}

export function oneOf<const Word extends string>(words: readonly Word[]): Kind<Word> {
  return kind(
    `one of ${words.join(", ")}`,
    (value): value is Word => words.some((word) => word === value),
    (text) => text,
  );
}

/** Text without control characters, of at most `longest` UTF-16 units. */
export function text(longest: number): Kind<string> {
  return kind(
    `text of 1 to ${longest} characters without control characters`,
    (value): value is string => typeof value === "string" && isPlainText(value) && value.length <= longest,
    (value) => value,
  );
}

/** Origins as clients sign them, without a path; in the environment separated by commas. */
export function origins(): Kind<readonly string[]> {
  return kind(
    "a list of origins such as wss://relay.example.org, without a path (ws:// only for this machine)",
    (value): value is readonly string[] => Array.isArray(value) && value.every(isOriginText),
    (value) => value.split(",").map((origin) => origin.trim()),
  );
}

function isPlainText(value: string): boolean {
  return value !== "" && [...value].every((character) => character >= " " && character !== "\u007f");
}

function isOriginText(value: unknown): boolean {
  return typeof value === "string" && isOrigin(value);
}
