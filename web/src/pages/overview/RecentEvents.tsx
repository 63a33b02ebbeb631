import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { things } from '../../api/resources';
import type { ThingEvent } from '../../api/types';
import { EmptyState } from '../../components/EmptyState';
import { EventList, mergeEvents } from '../../components/EventList';
import { PageState } from '../../components/PageState';
import { Section } from '../../components/Section';
import { useLiveEvents } from '../../live/hooks';

const ASKED_THINGS = 20;
const SHOWN = 10;

// Events are recorded by Thing: ask the first few whose description declares any.
async function recordedEvents(): Promise<ThingEvent[]> {
  const { items } = await things.list({ limit: 200 });
  const sources = items.filter(({ events }) => events && Object.keys(events).length > 0).slice(0, ASKED_THINGS);
  const pages = await Promise.all(sources.map(async ({ name }) => {
    const page = await things.events(name, SHOWN);
    return page.items.map((event) => ({ ...event, thing: name }));
  }));
  return pages.flat();
}

/** What happened lately: recorded before this page opened, and live since. */
export function RecentEvents() {
  const { t } = useTranslation();
  const live = useLiveEvents();
  const recorded = useQuery({ queryKey: ['recentEvents'], queryFn: recordedEvents, refetchInterval: 30000 });
  return (
    <Section title={t('overview.events')} padded={false}>
      <PageState query={recorded}>
        {(before) => {
          const events = mergeEvents(live, before).slice(0, SHOWN);
          if (events.length > 0) return <EventList events={events} withThing />;
          return <EmptyState icon="check" title={t('events.none')}>{t('events.noneText')}</EmptyState>;
        }}
      </PageState>
    </Section>
  );
}
