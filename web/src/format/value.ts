// Values as people read them, in the language of the console.
import type { Scalar } from '../api/types';

/** At most three decimals for ordinary numbers, four significant digits for very small ones. */
export function formatNumber(value: number, language: string): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 1e-6)) return value.toExponential(3);
  const small = size > 0 && size < 0.1;
  const digits = small ? { maximumSignificantDigits: 4 } : { maximumFractionDigits: 3 };
  return new Intl.NumberFormat(language, digits).format(value);
}

/** Texts for the two booleans come from the caller, which knows the language. */
export function formatValue(value: Scalar | null | undefined, language: string, booleans: [string, string]): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number') return formatNumber(value, language);
  if (typeof value === 'boolean') return value ? booleans[1] : booleans[0];
  return value;
}

/** 950 → "950", 12,300 → "12.3K" (1.2万 in Chinese). */
export function formatCount(value: number, language: string): string {
  const compact = value >= 10000;
  return new Intl.NumberFormat(language, compact ? { notation: 'compact', maximumFractionDigits: 1 } : {}).format(value);
}

export function formatRate(perSecond: number | undefined, language: string): string {
  if (perSecond === undefined) return '–';
  if (perSecond >= 100) return formatCount(Math.round(perSecond), language);
  return new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(perSecond);
}
