declare const brand: unique symbol;

/** A value that only its parser can make: parse at the edge, trust inside. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };
