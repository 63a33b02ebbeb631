// A uPlot chart of the last hour: history first, then what the stream brings, redrawn once a second.
import 'uplot/dist/uPlot.min.css';
import { Box, Text, useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import uPlot from 'uplot';
import { readHistory } from '../../api/resources';
import { ErrorAlert } from '../../components/ErrorAlert';
import { useLiveStore } from '../../live/hooks';
import { chartOptions } from './chartOptions';
import { SeriesBuffer } from './seriesBuffer';

export interface ChartLine {
  point: string;
  title: string;
  unit: string;
}

const WINDOW_S = 3600;
const REDRAW_MS = 1000;
const HEIGHT = 280;

/** Remount (by key) for other lines. */
export default function HistoryChart({ lines }: { lines: ChartLine[] }) {
  const { t } = useTranslation();
  const [buffer] = useState(() => new SeriesBuffer(lines.map(({ point }) => point), WINDOW_S));
  const history = useQuery({
    queryKey: ['history', ...lines.map(({ point }) => point)],
    queryFn: async () => {
      const series = await readHistory(lines.map(({ point }) => point), new Date(Date.now() - WINDOW_S * 1000));
      buffer.load(series);
      return series.reduce((sum, { values }) => sum + values.length, 0);
    },
    enabled: lines.length > 0,
    gcTime: 0,
    staleTime: Infinity,
  });
  useLiveReadings(buffer, history.isSuccess);

  if (lines.length === 0) return <Text c="dimmed" fz="sm">{t('thing.chartPick')}</Text>;
  return (
    <>
      <ErrorAlert error={history.error} onRetry={() => void history.refetch()} />
      <Plot lines={lines} buffer={buffer} />
    </>
  );
}

function useLiveReadings(buffer: SeriesBuffer, ready: boolean) {
  const store = useLiveStore();
  useEffect(() => {
    if (!ready) return;
    return store.onBatch((readings) => {
      for (const { point, time, value, quality } of readings) buffer.append(point, time, value, quality);
    });
  }, [store, buffer, ready]);
}

function Plot({ lines, buffer }: { lines: ChartLine[]; buffer: SeriesBuffer }) {
  const { t, i18n } = useTranslation();
  const scheme = useComputedColorScheme('light');
  const { ref: box, width } = useElementSize();
  const plot = useRef<uPlot>();

  useEffect(() => {
    if (width === 0) return;
    const data = () => joined(buffer);
    const options = chartOptions({
      lines, width, height: HEIGHT, dark: scheme === 'dark', language: i18n.language, timeLabel: t('thing.time'), windowSeconds: WINDOW_S,
    });
    const chart = new uPlot(options, data(), box.current);
    plot.current = chart;
    const timer = setInterval(() => {
      if (!document.hidden) chart.setData(data());
    }, REDRAW_MS);
    return () => {
      clearInterval(timer);
      chart.destroy();
    };
  }, [lines.map(({ title }) => title).join(), buffer, width, scheme, i18n.language]);

  const label = t('thing.chartLabel', { titles: lines.map(({ title }) => title).join(', ') });
  return <Box ref={box} role="img" aria-label={label} mih={HEIGHT + 30} style={{ overflow: 'hidden' }} />;
}

// Points tick at different times; uPlot draws over one shared, sorted time column.
function joined(buffer: SeriesBuffer): uPlot.AlignedData {
  const tables = buffer.columns(Date.now() / 1000);
  return tables.length === 1 ? (tables[0] as uPlot.AlignedData) : uPlot.join(tables as uPlot.AlignedData[]);
}
