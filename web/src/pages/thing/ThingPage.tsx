import { Anchor, Tabs, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router-dom';
import { useProperties, useThing } from '../../api/queries';
import type { Thing } from '../../api/types';
import { PageHeader } from '../../components/PageHeader';
import { PageState } from '../../components/PageState';
import { Section } from '../../components/Section';
import { pickText } from '../../i18n/languages';
import { useWatch } from '../../live/hooks';
import { ChartSection } from './ChartSection';
import { EventsTab } from './EventsTab';
import { PropertyTable } from './PropertyTable';
import { DescriptionTab } from './DescriptionTab';

export default function ThingPage() {
  const { name = '' } = useParams();
  const query = useThing(name);
  return <PageState query={query}>{(thing) => <ThingView thing={thing} />}</PageState>;
}

function ThingView({ thing }: { thing: Thing }) {
  const { t, i18n } = useTranslation();
  useWatch([`${thing.name}/*`]);
  const title = pickText(thing.titles, i18n.language, thing.title || thing.name);
  return (
    <>
      <PageHeader title={title} subtitle={<Subtitle thing={thing} />} />
      <Tabs defaultValue="values" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="values">{t('thing.values')}</Tabs.Tab>
          <Tabs.Tab value="events">{t('thing.events')}</Tabs.Tab>
          <Tabs.Tab value="td">{t('thing.td')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="values"><Values thing={thing} /></Tabs.Panel>
        <Tabs.Panel value="events"><EventsTab thing={thing} /></Tabs.Panel>
        <Tabs.Panel value="td"><DescriptionTab thing={thing} /></Tabs.Panel>
      </Tabs>
    </>
  );
}

function Values({ thing }: { thing: Thing }) {
  const { t } = useTranslation();
  const query = useProperties(thing.name);
  return (
    <>
      <Section title={t('thing.properties')} padded={false}>
        <PageState query={query}>{(values) => <PropertyTable thing={thing} values={values} />}</PageState>
      </Section>
      <ChartSection thing={thing} />
    </>
  );
}

function Subtitle({ thing }: { thing: Thing }) {
  const { t, i18n } = useTranslation();
  const origins = [thing['myriad:origin'] ?? []].flat();
  const description = pickText(thing.descriptions, i18n.language, thing.description ?? '');
  return (
    <>
      {description && <div>{description}</div>}
      <Text span inherit ff="monospace" fz="xs">{thing.name}</Text>
      {origins.length > 0 && (
        <>
          {' · '}{t('thing.from')}{' '}
          {origins.map((id, index) => (
            <span key={id}>
              {index > 0 && ', '}
              <Anchor component={Link} to={`/instances/${encodeURIComponent(id)}`} inherit>{id}</Anchor>
            </span>
          ))}
        </>
      )}
    </>
  );
}
