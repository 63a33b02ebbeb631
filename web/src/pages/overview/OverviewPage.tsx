import { Button, SimpleGrid, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router-dom';
import { useInstances, useSystem } from '../../api/queries';
import type { Instance, SystemInfo } from '../../api/types';
import { EmptyState } from '../../components/EmptyState';
import { ErrorAlert } from '../../components/ErrorAlert';
import { Icon } from '../../components/Icon';
import { PageHeader } from '../../components/PageHeader';
import { PageState } from '../../components/PageState';
import { Section } from '../../components/Section';
import { formatDuration } from '../../format/time';
import { formatCount, formatRate } from '../../format/value';
import { useReadingRates } from '../../live/hooks';
import { InstanceSummary } from './InstanceSummary';
import { RecentEvents } from './RecentEvents';

export default function OverviewPage() {
  const { t } = useTranslation();
  const system = useSystem();
  const instances = useInstances();
  const rates = useReadingRates(instances.data?.items, instances.dataUpdatedAt);
  const rate = rates.size > 0 ? [...rates.values()].reduce((sum, each) => sum + each, 0) : undefined;

  return (
    <>
      <PageHeader title={t('nav.overview')} subtitle={system.data?.site} />
      <ErrorAlert error={system.error} onRetry={() => void system.refetch()} />
      <Tiles system={system.data} instances={instances.data?.items} rate={rate} />
      <PageState query={instances}>
        {({ items }) => (items.length === 0 ? <FirstSteps /> : (
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" verticalSpacing={0} style={{ alignItems: 'start' }}>
            <InstanceSummary items={items} rates={rates} />
            <RecentEvents />
          </SimpleGrid>
        ))}
      </PageState>
    </>
  );
}

interface TilesProps {
  system?: SystemInfo;
  instances?: Instance[];
  rate?: number;
}

function Tiles({ system, instances, rate }: TilesProps) {
  const { t, i18n } = useTranslation();
  const count = (value?: number) => (value === undefined ? '–' : formatCount(value, i18n.language));
  const running = instances?.filter(({ state }) => state === 'running').length ?? 0;
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="md" mb="lg">
      <Tile label={t('nav.things')} to="/things" value={count(system?.things)} />
      <Tile label={t('overview.points')} value={count(system?.points)} />
      <Tile label={t('overview.running')} to="/instances"
        value={instances ? t('overview.runningOf', { running, total: instances.length }) : '–'} />
      <Tile label={t('overview.rate')} value={rate === undefined ? '–' : t('common.perSecond', { rate: formatRate(rate, i18n.language) })} />
      <Tile label={t('overview.version')} value={system?.version ?? '–'}
        note={system && t('overview.uptime', { time: formatDuration(system.uptime_s, i18n.language) })} />
    </SimpleGrid>
  );
}

function Tile({ label, value, note, to }: { label: string; value: ReactNode; note?: ReactNode; to?: string }) {
  return (
    <div className="surface" style={{ padding: '14px 16px' }}>
      <Text fz="xs" c="dimmed" component="div">{to ? <Link className="row-link" style={{ fontSize: 'inherit' }} to={to}>{label}</Link> : label}</Text>
      <Text fz={22} fw={600} className="number" style={{ letterSpacing: '-0.02em' }}>{value}</Text>
      {note && <Text fz="xs" c="dimmed">{note}</Text>}
    </div>
  );
}

/** What a newcomer needs to see on an empty site. */
function FirstSteps() {
  const { t } = useTranslation();
  return (
    <Section title={t('overview.firstTitle')}>
      <EmptyState icon="plugins" title={t('overview.firstHeading')}
        action={
          <Button component={Link} to="/instances/new" leftSection={<Icon name="plus" size={16} />}>{t('instances.add')}</Button>
        }>
        {t('overview.firstText')}
      </EmptyState>
    </Section>
  );
}
