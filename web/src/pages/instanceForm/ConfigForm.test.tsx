import { MantineProvider } from '@mantine/core';
import i18n from 'i18next';
import { renderToString } from 'react-dom/server';
import { initReactI18next } from 'react-i18next';
import { beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../api/types';
import en from '../../locales/en.json';
import zh from '../../locales/zh.json';
import ConfigForm from './ConfigForm';

const schema = {
  type: 'object',
  required: ['host', 'points'],
  properties: {
    host: { type: 'string', title: 'Host', titles: { zh: '主机' } },
    limit: { type: ['number', 'null'], title: 'Limit' },
    password: { type: 'string', title: 'Password', writeOnly: true },
    tls: { type: 'object', title: 'TLS', properties: { verify: { type: 'boolean', title: 'Verify', default: true } } },
    points: {
      type: 'array', title: 'Points',
      items: { type: 'object', required: ['property'], properties: { property: { type: 'string', title: 'Property' } } },
    },
  },
};

const nothing = () => undefined;

function render(value: JsonObject, serverError?: { field: string; detail: string }): string {
  return renderToString(
    <MantineProvider>
      <ConfigForm formId="f" schema={schema} editing={false} value={value} serverError={serverError}
        onChange={nothing} onSubmit={nothing} onInvalid={nothing} />
    </MantineProvider>,
  );
}

const points = (names: string[]) => names.map((property) => ({ property }));

beforeAll(() => i18n.use(initReactI18next).init({
  lng: 'en', resources: { en: { translation: en }, zh: { translation: zh } }, interpolation: { escapeValue: false },
}));

describe('ConfigForm', () => {
  it('draws every kind of field and hides secrets', () => {
    const html = render({ points: [] });
    expect(html).toContain('Host');
    expect(html).toContain('Limit');
    expect(html).toContain('type="password"');
  });

  it('folds optional groups that nobody has touched', () => {
    expect(render({ points: [] })).not.toContain('Verify');
    expect(render({ points: [], tls: { verify: false } })).toContain('Verify');
  });

  it('folds long lists to one line an item, open where something is missing', () => {
    const html = render({ points: points(['a', 'b', 'c', 'd']) });
    expect(html).not.toContain('_property"');
    expect(render({ points: [...points(['a', 'b', 'c']), {}] })).toContain('id="root_points_3_property"');
  });

  it('shows what the server refused at its field', () => {
    expect(render({ host: 'h', points: [] }, { field: '/config/host', detail: 'no such host' })).toContain('no such host');
  });

  it('speaks the language of the console', async () => {
    await i18n.changeLanguage('zh');
    expect(render({ points: [] })).toContain('主机');
    await i18n.changeLanguage('en');
  });
});
