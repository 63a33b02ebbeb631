// A rate from two looks at a counter that only grows, and restarts at zero with its instance.
export interface Sample {
  count: number;
  at: number;
}

/** Per second, or undefined until two looks at least half a second apart exist. */
export function rateBetween(before: Sample | undefined, after: Sample): number | undefined {
  if (!before || after.at - before.at < 500) return undefined;
  const grown = after.count >= before.count ? after.count - before.count : after.count;
  return (grown * 1000) / (after.at - before.at);
}
