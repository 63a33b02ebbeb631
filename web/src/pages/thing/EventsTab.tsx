import { useTranslation } from 'react-i18next';
import { useThingEvents } from '../../api/queries';
import type { Thing } from '../../api/types';
import { EmptyState } from '../../components/EmptyState';
import { EventList, mergeEvents } from '../../components/EventList';
import { PageState } from '../../components/PageState';
import { Section } from '../../components/Section';
import { useLiveEvents } from '../../live/hooks';

export function EventsTab({ thing }: { thing: Thing }) {
  const { t } = useTranslation();
  const query = useThingEvents(thing.name);
  const live = useLiveEvents().filter((event) => event.thing === thing.name);
  return (
    <Section title={t('thing.events')} padded={false}>
      <PageState query={query}>
        {(page) => {
          const recorded = page.items.map((event) => ({ ...event, thing: thing.name }));
          const events = mergeEvents(live, recorded);
          if (events.length > 0) return <EventList events={events} />;
          return <EmptyState icon="check" title={t('events.none')}>{t('events.noneText')}</EmptyState>;
        }}
      </PageState>
    </Section>
  );
}
