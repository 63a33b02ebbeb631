// How a chart looks: one scale for each unit, quiet grid, 24-hour times.
import type uPlot from 'uplot';
import { formatNumber } from '../../format/value';
import type { ChartLine } from './HistoryChart';

interface Look {
  lines: ChartLine[];
  width: number;
  height: number;
  dark: boolean;
  language: string;
  timeLabel: string;
  windowSeconds: number;
}

// Told apart by people with the usual colour blindnesses too.
const LINE_COLORS = ['#1f9d76', '#d97706', '#3b82f6', '#c026a3', '#0e7490', '#84761a'];

const scaleOf = (unit: string) => `y ${unit}`;

function axes({ lines, dark, language }: Look): uPlot.Axis[] {
  const stroke = dark ? '#8f98a1' : '#6a7178';
  const line = { stroke: dark ? '#23292f' : '#eceeef', width: 1 };
  const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hour12: false });
  const common = { stroke, ticks: line, font: '11px system-ui, sans-serif' };
  const time: uPlot.Axis = { ...common, grid: { show: false }, values: (_, at) => at.map((s) => clock.format(s * 1000)) };
  const units = [...new Set(lines.map(({ unit }) => unit))];
  return [time, ...units.map((unit, index): uPlot.Axis => ({
    ...common,
    scale: scaleOf(unit),
    side: index === 0 ? 3 : 1,
    size: (_, texts) => 20 + 7 * Math.max(0, ...(texts ?? []).map((text) => text.length)),
    grid: index === 0 ? line : { show: false },
    values: (_, at) => at.map((value) => `${formatNumber(value, language)}${unit ? ` ${unit}` : ''}`),
  }))];
}

function series({ lines, language, timeLabel }: Look): uPlot.Series[] {
  const exact = new Intl.DateTimeFormat(language, { timeStyle: 'medium' });
  const time: uPlot.Series = { label: timeLabel, value: (_, at) => (at == null ? '–' : exact.format(at * 1000)) };
  return [time, ...lines.map(({ title, unit }, index): uPlot.Series => ({
    label: title,
    scale: scaleOf(unit),
    stroke: LINE_COLORS[index % LINE_COLORS.length],
    width: 1.5,
    spanGaps: false,
    points: { show: false },
    value: (_, value) => (value == null ? '–' : `${formatNumber(value, language)} ${unit}`),
  }))];
}

export function chartOptions(look: Look): uPlot.Options {
  return {
    width: look.width,
    height: look.height,
    axes: axes(look),
    series: series(look),
    scales: { x: { time: true, range: () => [Date.now() / 1000 - look.windowSeconds, Date.now() / 1000] } },
    cursor: { drag: { x: false, y: false } },
    legend: { live: true },
  };
}
