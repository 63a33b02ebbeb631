// Times as people read them: how long ago, and exactly when.
const STEPS: [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

/** "now", "12 sec. ago", "3 hr. ago"; an empty string when there is no time. */
export function formatAgo(time: string | null | undefined, now: number, language: string): string {
  if (!time) return '';
  const seconds = Math.round((now - Date.parse(time)) / 1000);
  if (Number.isNaN(seconds)) return '';
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  // Clocks differ a little; the near future reads as now.
  if (seconds < 2 && seconds > -60) return relative.format(0, 'second');
  const [unit, size] = STEPS.find(([, step]) => Math.abs(seconds) >= step) ?? ['second', 1];
  return relative.format(-Math.trunc(seconds / size), unit);
}

export function formatDateTime(time: string | null | undefined, language: string): string {
  if (!time || Number.isNaN(Date.parse(time))) return '';
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(time));
}

/** The two largest units of an uptime: "3 days 4 hr". */
export function formatDuration(seconds: number, language: string): string {
  const parts: string[] = [];
  let rest = Math.floor(seconds);
  for (const [unit, size] of STEPS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 || (unit === 'second' && parts.length === 0)) {
      parts.push(new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(count));
    }
  }
  return parts.slice(0, 2).join(' ');
}
