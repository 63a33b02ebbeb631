import { Badge } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { InstanceState } from '../api/types';

const COLORS: Record<InstanceState, string> = {
  running: 'jade',
  starting: 'blue',
  stopping: 'blue',
  degraded: 'orange',
  faulted: 'red',
  quarantined: 'red',
  stopped: 'gray',
};

export function StateBadge({ state }: { state: InstanceState }) {
  const { t } = useTranslation();
  return (
    <Badge color={COLORS[state]} variant="light" tt="none" fw={550} radius="sm" style={{ flex: 'none' }}>
      {t(`instance.state.${state}`)}
    </Badge>
  );
}
