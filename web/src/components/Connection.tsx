import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Instance } from '../api/types';

/** Whether the instance reaches its equipment, and why not. */
export function Connection({ instance }: { instance: Instance }) {
  const { t } = useTranslation();
  const { connection } = instance;
  if (!connection) return <Text span inherit c="dimmed">–</Text>;
  if (connection.up) return <Text span inherit>{t('instance.up')}</Text>;
  return (
    <div>
      <Text fz="sm" c="red">{t('instance.down')}</Text>
      {connection.reason && <Text fz="xs" c="dimmed" lineClamp={2} maw={280}>{connection.reason}</Text>}
    </div>
  );
}
