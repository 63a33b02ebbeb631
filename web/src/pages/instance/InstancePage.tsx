import { Alert, Anchor, Button, Group, SimpleGrid, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useParams } from 'react-router-dom';
import { useInstance } from '../../api/queries';
import type { Instance } from '../../api/types';
import { Connection } from '../../components/Connection';
import { Icon } from '../../components/Icon';
import { InstanceMenu } from '../../components/InstanceMenu';
import { PageHeader } from '../../components/PageHeader';
import { PageState } from '../../components/PageState';
import { StateBadge } from '../../components/StateBadge';
import { TimeAgo } from '../../components/TimeAgo';
import { formatRate } from '../../format/value';
import { useReadingRates } from '../../live/hooks';
import { ConfigSection } from './ConfigSection';
import { LogSection } from './LogSection';
import { StatsSection } from './StatsSection';

export default function InstancePage() {
  const { id = '' } = useParams();
  const query = useInstance(id);
  const rates = useReadingRates(query.data && [query.data], query.dataUpdatedAt);
  return <PageState query={query}>{(instance) => <InstanceView instance={instance} rate={rates.get(id)} />}</PageState>;
}

function InstanceView({ instance, rate }: { instance: Instance; rate?: number }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { id, last_error: error } = instance;
  return (
    <>
      <PageHeader
        title={id} badge={<StateBadge state={instance.state} />}
        subtitle={t('instance.ofPlugin', { plugin: instance.plugin })}
        actions={
          <>
            <Button component={Link} to={`/instances/${encodeURIComponent(id)}/edit`} size="xs" variant="light"
              leftSection={<Icon name="edit" size={15} />}>
              {t('instance.edit')}
            </Button>
            <InstanceMenu instance={instance} onDeleted={() => navigate('/instances')} />
          </>
        }
      />
      {error && <LastError error={error} active={['quarantined', 'faulted', 'degraded'].includes(instance.state)} />}
      <Facts instance={instance} rate={rate} />
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" verticalSpacing={0}>
        <StatsSection instance={instance} />
        <ConfigSection instance={instance} />
      </SimpleGrid>
      <LogSection id={id} />
    </>
  );
}

function LastError({ error, active }: { error: NonNullable<Instance['last_error']>; active: boolean }) {
  const { t } = useTranslation();
  return (
    <Alert color={active ? 'red' : 'gray'} variant="light" mb="lg" icon={<Icon name="warning" />}
      title={active ? t('instance.lastError') : t('instance.earlierError')}>
      <Text fz="sm">{error.message}</Text>
      <Text fz="xs" c="dimmed" component="div">{error.status} · <TimeAgo time={error.time} /></Text>
    </Alert>
  );
}

function Facts({ instance, rate }: { instance: Instance; rate?: number }) {
  const { t, i18n } = useTranslation();
  return (
    <SimpleGrid component="dl" cols={{ base: 2, md: 5 }} spacing="md" mt={0} mb="lg">
      <Fact label={t('instances.connection')}><Connection instance={instance} /></Fact>
      <Fact label={t('instance.since')}><TimeAgo time={instance.since} /></Fact>
      <Fact label={t('instances.rate')}>{t('common.perSecond', { rate: formatRate(rate, i18n.language) })}</Fact>
      <Fact label={t('instance.isolation.title')}><Home instance={instance} /></Fact>
      <Fact label={t('nav.things')}><ThingLinks names={instance.things} /></Fact>
    </SimpleGrid>
  );
}

/** Where its plugin runs, and what that process takes of its quota. */
function Home({ instance }: { instance: Instance }) {
  const { t } = useTranslation();
  const { isolation, usage, quota } = instance;
  return (
    <>
      {t(`instance.isolation.${isolation}`)}
      {usage && (
        <Text fz="xs" c="dimmed">
          {t('instance.isolation.usage', {
            memory: usage.memory_mb.toFixed(1), memoryQuota: quota.memory_mb || '∞', cpu: usage.cpu_percent.toFixed(0), cpuQuota: quota.cpu_percent || '∞',
          })}
        </Text>
      )}
    </>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="surface" style={{ padding: '12px 16px' }}>
      <Text component="dt" fz="xs" c="dimmed">{label}</Text>
      <Text component="dd" m={0} fz="sm" fw={550} className="number">{children}</Text>
    </div>
  );
}

const SHOWN_THINGS = 6;

function ThingLinks({ names }: { names: string[] }) {
  const { t } = useTranslation();
  if (names.length === 0) return <Text span inherit c="dimmed">–</Text>;
  return (
    <Group gap={6}>
      {names.slice(0, SHOWN_THINGS).map((name) => (
        <Anchor key={name} component={Link} to={`/things/${encodeURIComponent(name)}`} inherit>{name}</Anchor>
      ))}
      {names.length > SHOWN_THINGS && <Text span fz="xs" c="dimmed">{t('things.more', { count: names.length - SHOWN_THINGS })}</Text>}
    </Group>
  );
}
