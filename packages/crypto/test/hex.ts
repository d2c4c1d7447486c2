// Vectors hold bytes as hexadecimal.
import { fromHex } from "@selkie/entry";

/** The bytes of a vector's field. */
export const hex = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(fromHex(text));
