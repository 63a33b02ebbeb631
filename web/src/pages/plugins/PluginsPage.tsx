import { Alert, Badge, Button, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router-dom';
import { usePlugins } from '../../api/queries';
import type { Plugin } from '../../api/types';
import { EmptyState } from '../../components/EmptyState';
import { Icon } from '../../components/Icon';
import { PageHeader } from '../../components/PageHeader';
import { PageState } from '../../components/PageState';
import { pickText } from '../../i18n/languages';

export default function PluginsPage() {
  const { t } = useTranslation();
  const query = usePlugins();
  return (
    <>
      <PageHeader title={t('nav.plugins')} subtitle={t('plugins.subtitle')} />
      <PageState query={query}>
        {({ items }) => items.length === 0 ? (
          <div className="surface"><EmptyState icon="plugins" title={t('plugins.none')}>{t('plugins.noneText')}</EmptyState></div>
        ) : (
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" component="ul" p={0} m={0}>
            {items.map((plugin) => <PluginCard key={plugin.id} plugin={plugin} />)}
          </SimpleGrid>
        )}
      </PageState>
    </>
  );
}

function PluginCard({ plugin }: { plugin: Plugin }) {
  const { t, i18n } = useTranslation();
  const title = pickText(plugin.titles, i18n.language, plugin.id);
  const description = pickText(plugin.descriptions, i18n.language, '');
  const loaded = plugin.state === 'loaded';
  return (
    <Stack component="li" className="surface" p="md" gap="sm" justify="space-between" style={{ listStyle: 'none' }}>
      <div>
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Title order={2} fz="md">{title}</Title>
          <Badge color={loaded ? 'jade' : 'red'} variant="light" tt="none" radius="sm" style={{ flex: 'none' }}>{t(`plugins.state.${plugin.state}`)}</Badge>
        </Group>
        <Text fz="xs" c="dimmed" mt={2}>
          <Text span inherit ff="monospace">{plugin.id}</Text> · {plugin.version} · {t(`plugins.kind.${plugin.kind}`)}
        </Text>
        {description && <Text fz="sm" mt="xs">{description}</Text>}
        {plugin.error && (
          <Alert color="red" variant="light" mt="sm" title={t('plugins.refused')} icon={<Icon name="warning" />}>{plugin.error}</Alert>
        )}
      </div>
      <Group justify="space-between">
        <Text fz="xs" c="dimmed">{t('plugins.instances', { count: plugin.instances })}</Text>
        {loaded && (
          <Button component={Link} to={`/instances/new?plugin=${encodeURIComponent(plugin.id)}`} size="xs" variant="light"
            leftSection={<Icon name="plus" size={14} />} aria-label={t('plugins.addNamed', { title })}>
            {t('instances.add')}
          </Button>
        )}
      </Group>
    </Stack>
  );
}
