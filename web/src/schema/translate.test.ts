import { describe, expect, it } from 'vitest';
import { translateSchema } from './translate';

const schema = {
  type: 'object',
  titles: { zh: '仪表' },
  title: 'Meter',
  properties: {
    port: { type: 'integer', title: 'Port', titles: { zh: '端口' }, descriptions: { en: 'TCP port', zh: 'TCP 端口' } },
    titles: { type: 'string', title: 'Member named titles' },
    points: { type: 'array', items: { oneOf: [{ title: 'Coil', titles: { zh: '线圈' } }] } },
  },
  if: { properties: { port: { const: 1 } } },
  then: { properties: { extra: { title: 'Extra', titles: { zh: '附加' } } } },
};

describe('translateSchema', () => {
  const zh = translateSchema(schema, 'zh') as any;
  const en = translateSchema(schema, 'en') as any;

  it('uses the texts of the language at every depth', () => {
    expect(zh.title).toBe('仪表');
    expect(zh.properties.port).toEqual({ type: 'integer', title: '端口', description: 'TCP 端口' });
    expect(zh.properties.points.items.oneOf[0].title).toBe('线圈');
    expect(zh.then.properties.extra.title).toBe('附加');
  });

  it('falls back to title, then to the English text', () => {
    expect(en.properties.port.title).toBe('Port');
    expect(en.properties.port.description).toBe('TCP port');
    expect(translateSchema({ titles: { en: 'Only English' } }, 'zh').title).toBe('Only English');
  });

  it('takes zh-CN for zh', () => {
    expect(translateSchema({ title: 'Port', titles: { 'zh-CN': '端口' } }, 'zh').title).toBe('端口');
  });

  it('leaves a property that is named titles alone', () => {
    expect(zh.properties.titles).toEqual({ type: 'string', title: 'Member named titles' });
  });

  it('does not change its input', () => {
    expect(schema.properties.port.title).toBe('Port');
    expect(schema.properties.port.titles).toEqual({ zh: '端口' });
  });
});
