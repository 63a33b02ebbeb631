// A table that scrolls inside its card on narrow screens, by keyboard too.
import { Table } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  label: string;
  /** Columns; those marked `wide` are left out on phones. */
  headings: (string | { wide: string })[];
  minWidth?: number;
  children: ReactNode;
}

export function ScrollTable({ label, headings, minWidth = 640, children }: Props) {
  return (
    <Table.ScrollContainer minWidth={minWidth} type="native" tabIndex={0} role="region" aria-label={label}>
      <Table verticalSpacing="xs" horizontalSpacing="md" aria-label={label} borderColor="var(--line)">
        <Table.Thead>
          <Table.Tr>
            {headings.map((heading, index) => (
              <Table.Th key={index} fz="xs" fw={500} c="dimmed" visibleFrom={typeof heading === 'string' ? undefined : 'sm'}
                style={{ whiteSpace: 'nowrap' }}>
                {typeof heading === 'string' ? heading : heading.wide}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
