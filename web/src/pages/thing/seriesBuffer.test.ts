import { expect, it } from 'vitest';
import { SeriesBuffer } from './seriesBuffer';

const at = (seconds: number) => new Date(seconds * 1000).toISOString();

it('joins history and live readings, with gaps, in a moving window', () => {
  const buffer = new SeriesBuffer(['a/x', 'a/y'], 100);
  buffer.load([{ point: 'a/x', values: [[at(10), 1], [at(50), 2, 'bad'], [at(60), 3]] }]);
  buffer.append('a/x', at(60), 9);
  buffer.append('a/x', at(120), 4, 'good');
  buffer.append('a/y', at(120), true);
  buffer.append('b/other', at(120), 5);
  buffer.append('a/x', null, 5);
  expect(buffer.columns(130)).toEqual([[[50, 60, 120], [null, 3, 4]], [[120], [1]]]);
});
