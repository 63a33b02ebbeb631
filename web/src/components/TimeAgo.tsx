import { Text, Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { formatAgo, formatDateTime } from '../format/time';
import { useNow } from '../live/hooks';

/** "12 sec. ago", with the exact time on hover. */
export function TimeAgo({ time }: { time: string | null | undefined }) {
  const { i18n } = useTranslation();
  const now = useNow();
  if (!time) return <Text span inherit>–</Text>;
  return (
    <Tooltip label={formatDateTime(time, i18n.language)}>
      <time dateTime={time} className="number" style={{ whiteSpace: 'nowrap' }}>{formatAgo(time, now, i18n.language)}</time>
    </Tooltip>
  );
}
