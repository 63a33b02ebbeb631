// The readings of a chart's points within a moving window, as uPlot wants them.
// Times are seconds since 1970; a gap (bad quality, no number) is null.
import type { HistorySeries, Quality, Scalar } from '../../api/types';

interface Series {
  times: number[];
  values: (number | null)[];
}

export type Columns = [times: number[], values: (number | null)[]];

function toNumber(value: Scalar | null, quality: Quality = 'good'): number | null {
  if (quality === 'bad' || typeof value === 'string' || value === null) return null;
  return Number(value);
}

export class SeriesBuffer {
  private readonly series = new Map<string, Series>();

  constructor(private readonly points: readonly string[], private readonly windowSeconds: number) {
    for (const point of points) this.series.set(point, { times: [], values: [] });
  }

  load(history: readonly HistorySeries[]) {
    for (const { point, values } of history) {
      for (const [time, value, quality] of values) this.append(point, time, value, quality);
    }
  }

  /** Times only go forward here: what arrives late is in the next load. */
  append(point: string, time: string | null, value: Scalar | null, quality?: Quality) {
    const series = this.series.get(point);
    if (!series || !time) return;
    const seconds = Date.parse(time) / 1000;
    const last = series.times[series.times.length - 1];
    if (Number.isNaN(seconds) || (last !== undefined && seconds <= last)) return;
    series.times.push(seconds);
    series.values.push(toNumber(value, quality));
  }

  /** One pair of columns for each point, in their order, without what has left the window. */
  columns(nowSeconds: number): Columns[] {
    return this.points.map((point) => {
      const series = this.series.get(point) ?? { times: [], values: [] };
      const oldest = nowSeconds - this.windowSeconds;
      const keepFrom = series.times.findIndex((time) => time >= oldest);
      const expired = keepFrom < 0 ? series.times.length : keepFrom;
      series.times.splice(0, expired);
      series.values.splice(0, expired);
      return [series.times, series.values];
    });
  }
}
