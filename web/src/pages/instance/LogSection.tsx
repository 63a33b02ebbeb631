import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useInstanceLogs } from '../../api/queries';
import type { LogLine } from '../../api/types';
import { EmptyState } from '../../components/EmptyState';
import { PageState } from '../../components/PageState';
import { Section } from '../../components/Section';
import { formatDateTime } from '../../format/time';

const COLORS: Record<string, string | undefined> = { error: 'red', critical: 'red', warning: 'orange', warn: 'orange' };

export function LogSection({ id }: { id: string }) {
  const { t } = useTranslation();
  const query = useInstanceLogs(id);
  return (
    <Section title={t('instance.logs')} padded={false}>
      <PageState query={query}>
        {({ items }) => items.length === 0 ? (
          <EmptyState icon="check" title={t('instance.noLogs')} />
        ) : (
          <div className="log-lines" tabIndex={0} role="log" aria-label={t('instance.logs')} aria-live="off">
            {items.map((line, index) => <Line key={`${line.time} ${index}`} line={line} />)}
          </div>
        )}
      </PageState>
    </Section>
  );
}

function Line({ line }: { line: LogLine }) {
  const { i18n } = useTranslation();
  return (
    <div>
      <Text span inherit c="dimmed">{formatDateTime(line.time, i18n.language)} </Text>
      <Text span inherit c={COLORS[line.level.toLowerCase()] ?? 'dimmed'}>{line.level} </Text>
      {line.text}
    </div>
  );
}
