import { Anchor, Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router-dom';
import type { Json, ThingEvent } from '../api/types';
import { TimeAgo } from './TimeAgo';

const key = (event: ThingEvent) => `${event.thing} ${event.event} ${event.time}`;

/** Both lists as one, newest first, each event once. */
export function mergeEvents(live: readonly ThingEvent[], recorded: readonly ThingEvent[]): ThingEvent[] {
  const byKey = new Map([...recorded, ...live].map((event) => [key(event), event]));
  return [...byKey.values()].sort((a, b) => Date.parse(b.time) - Date.parse(a.time));
}

function dataText(data: Json): string {
  if (data === null) return '';
  if (typeof data !== 'object' || Array.isArray(data)) return JSON.stringify(data);
  return Object.entries(data).map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' · ');
}

export function EventList({ events, withThing }: { events: readonly ThingEvent[]; withThing?: boolean }) {
  const { t } = useTranslation();
  return (
    <ul style={{ listStyle: 'none', margin: 0, padding: 0 }} aria-label={t('thing.events')}>
      {events.map((event) => (
        <Group component="li" key={key(event)} justify="space-between" px="md" py={9} gap="md" fz="sm"
          style={{ borderTop: '1px solid var(--line)' }}>
          <div style={{ minWidth: 0 }}>
            <Text span fw={500} fz="sm">{event.event}</Text>
            {withThing && event.thing && (
              <> · <Anchor component={Link} to={`/things/${encodeURIComponent(event.thing)}`} fz="sm">{event.thing}</Anchor></>
            )}
            <Text fz="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>{dataText(event.data)}</Text>
          </div>
          <Text c="dimmed" fz="xs" component="div"><TimeAgo time={event.time} /></Text>
        </Group>
      ))}
    </ul>
  );
}
