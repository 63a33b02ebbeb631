import { Box, Group, Title } from '@mantine/core';
import { useId, type ReactNode } from 'react';

interface Props {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
  /** Space around the children; tables go to the edge. */
  padded?: boolean;
}

/** A titled card, a landmark to screen readers. */
export function Section({ title, actions, children, padded = true }: Props) {
  const id = useId();
  return (
    <Box component="section" aria-labelledby={id} className="surface" mb="lg" style={{ overflow: 'hidden' }}>
      <Group justify="space-between" px="md" pt="sm" pb={padded ? 0 : 'xs'} mih={44}>
        <Title order={2} fz="sm" id={id}>{title}</Title>
        {actions}
      </Group>
      <Box p={padded ? 'md' : 0} pt={padded ? 'xs' : 0}>{children}</Box>
    </Box>
  );
}
