/** The short run is the same every time; the long one looks elsewhere each time. */
export const SEEDED: { readonly seed?: number } =
  process.env['SHUDI_LONG'] === '1' ? {} : { seed: 20_261_120 };
