// The console's own line icons, 20 × 20. Decorative: whoever uses one names its control.
const PATHS = {
  overview: 'M3 10.5 10 4l7 6.5M5 9v7h10V9M8.5 16v-4h3v4',
  things: 'M10 2.8 16.5 6.4v7.2L10 17.2l-6.5-3.6V6.4zM3.7 6.5 10 10l6.3-3.5M10 10v7',
  instances: 'M3.5 4h13v5h-13zM3.5 11.5h13v5h-13zM6.5 6.5h.01M6.5 14h.01',
  plugins: 'M7 3v4M13 3v4M5 7h10v3a5 5 0 0 1-10 0zM10 15v3',
  sun: 'M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M4.3 15.7l1.1-1.1M14.6 5.4l1.1-1.1',
  moon: 'M16.5 11.8A7 7 0 0 1 8.2 3.5a7 7 0 1 0 8.3 8.3z',
  auto: 'M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 3v14M12 5v10M14 7v6',
  language: 'M10 2.8a7.2 7.2 0 1 0 0 14.4 7.2 7.2 0 0 0 0-14.4zM3 10h14M10 2.8c4.2 4.2 4.2 10.2 0 14.4M10 2.8c-4.2 4.2-4.2 10.2 0 14.4',
  plus: 'M10 4v12M4 10h12',
  play: 'M6 4l10 6-10 6z',
  stop: 'M5 5h10v10H5z',
  restart: 'M15.5 7A6.5 6.5 0 1 0 16.5 11M15.8 3v4.2h-4.2',
  trash: 'M4 6h12M8 6V3.8h4V6M5.5 6l.7 10.2h7.6L14.5 6M8.5 9v4.5M11.5 9v4.5',
  edit: 'M12.5 4.5l3 3L7 16H4v-3zM10.8 6.2l3 3',
  search: 'M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13 13l4 4',
  copy: 'M7 7h9v9H7zM4 12.5V4h8.5',
  check: 'M4 10.5l4 4 8-9',
  up: 'M5 12.5l5-5 5 5',
  down: 'M5 7.5l5 5 5-5',
  left: 'M12.5 5l-5 5 5 5',
  right: 'M7.5 5l5 5-5 5',
  warning: 'M10 3.5 17.5 16.5h-15zM10 8.5v3.5M10 14.3h.01',
  exit: 'M8 4H4v12h4M12 6.5 15.5 10 12 13.5M15.5 10H8',
  user: 'M10 3.5a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4zM3.8 16.8c1-3.4 3.2-4.7 6.2-4.7s5.2 1.3 6.2 4.7',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size} height={size} viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5"
      strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
