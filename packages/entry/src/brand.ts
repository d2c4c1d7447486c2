declare const brand: unique symbol;

/** `T` that only one parser may mint, so that two byte strings with different meanings never stand in for each other. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
