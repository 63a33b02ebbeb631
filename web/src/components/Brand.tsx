import { Group, Text } from '@mantine/core';

export function Brand() {
  return (
    <Group gap={9} wrap="nowrap">
      <img src="/logo.svg" width={26} height={26} alt="" />
      <Text fw={650} fz={16} style={{ letterSpacing: '-0.01em' }}>
        Myriad <Text span inherit fw={500} c="dimmed" lang="zh">万物</Text>
      </Text>
    </Group>
  );
}
