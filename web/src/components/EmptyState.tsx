// Says that there is nothing, and what to do next.
import { Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { Icon, type IconName } from './Icon';

interface Props {
  icon: IconName;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

export function EmptyState({ icon, title, children, action }: Props) {
  return (
    <Stack align="center" gap={6} py={44} px="md" ta="center">
      <Text c="dimmed" component="span"><Icon name={icon} size={30} /></Text>
      <Text fw={600}>{title}</Text>
      {children && <Text c="dimmed" fz="sm" maw={460}>{children}</Text>}
      {action && <div style={{ marginTop: 10 }}>{action}</div>}
    </Stack>
  );
}
