import { describe, expect, it } from 'vitest';
import { rateBetween } from '../live/rate';
import { chooseLanguage, pickText } from '../i18n/languages';
import { formatAgo, formatDuration } from './time';
import { formatCount, formatNumber, formatRate, formatValue } from './value';

describe('formatNumber', () => {
  const cases = [
    { name: 'float32 noise', value: Math.fround(230.1), text: '230.1' },
    { name: 'thousands', value: 89156, text: '89,156' },
    { name: 'three decimals', value: 2.71828, text: '2.718' },
    { name: 'small', value: 0.0012345, text: '0.001235' },
    { name: 'tiny', value: 1.5e-9, text: '1.500e-9' },
    { name: 'huge', value: 3e20, text: '3.000e+20' },
    { name: 'zero', value: 0, text: '0' },
    { name: 'negative', value: -12.5, text: '-12.5' },
  ];
  it.each(cases)('$name', ({ value, text }) => expect(formatNumber(value, 'en')).toBe(text));
});

it('formats every kind of value', () => {
  const words: [string, string] = ['Off', 'On'];
  expect([true, false, null, undefined, 'auto', 3].map((value) => formatValue(value, 'en', words)))
    .toEqual(['On', 'Off', '–', '–', 'auto', '3']);
});

it('shortens counts by the language', () => {
  expect([950, 12300].map((count) => formatCount(count, 'en'))).toEqual(['950', '12.3K']);
  expect(formatCount(12300, 'zh')).toBe('1.2万');
  expect([undefined, 4.25, 640].map((rate) => formatRate(rate, 'en'))).toEqual(['–', '4.3', '640']);
});

describe('formatAgo', () => {
  const now = Date.parse('2026-01-01T12:00:00Z');
  const cases = [
    { name: 'now', time: '2026-01-01T11:59:59.5Z', text: 'now' },
    { name: 'a clock slightly ahead', time: '2026-01-01T12:00:05Z', text: 'now' },
    { name: 'seconds', time: '2026-01-01T11:59:48Z', text: '12 sec. ago' },
    { name: 'minutes', time: '2026-01-01T11:57:01Z', text: '2 min. ago' },
    { name: 'hours', time: '2026-01-01T09:00:00Z', text: '3 hr. ago' },
    { name: 'nothing', time: null, text: '' },
    { name: 'nonsense', time: 'yesterday', text: '' },
  ];
  it.each(cases)('$name', ({ time, text }) => expect(formatAgo(time, now, 'en')).toBe(text));
});

it('shows the two largest units of an uptime', () => {
  expect([0, 59, 3661, 93784].map((seconds) => formatDuration(seconds, 'en'))).toEqual(['0 sec', '59 sec', '1 hr 1 min', '1 day 2 hr']);
});

describe('rateBetween', () => {
  const cases = [
    { name: 'first look', before: undefined, after: { count: 5, at: 1000 }, rate: undefined },
    { name: 'steady', before: { count: 100, at: 0 }, after: { count: 300, at: 2000 }, rate: 100 },
    { name: 'too soon', before: { count: 100, at: 0 }, after: { count: 300, at: 100 }, rate: undefined },
    { name: 'restarted', before: { count: 100, at: 0 }, after: { count: 20, at: 2000 }, rate: 10 },
  ];
  it.each(cases)('$name', ({ before, after, rate }) => expect(rateBetween(before, after)).toBe(rate));
});

describe('languages', () => {
  const cases = [
    { name: 'stored wins', stored: 'zh', preferred: ['en-GB'], chosen: 'zh' },
    { name: 'the browser decides', stored: null, preferred: ['fr', 'zh-CN', 'en'], chosen: 'zh' },
    { name: 'English otherwise', stored: 'xx', preferred: ['fr'], chosen: 'en' },
  ];
  it.each(cases)('$name', ({ stored, preferred, chosen }) => expect(chooseLanguage(stored, preferred)).toBe(chosen));

  it('picks a text', () => {
    expect(pickText({ en: 'a', zh: 'b' }, 'zh', 'c')).toBe('b');
    expect(pickText({ zh: 'b' }, 'en', 'c')).toBe('c');
    expect(pickText(undefined, 'en', 'c')).toBe('c');
  });
});
