// What went wrong, in the server's words where it had some. Announced to screen readers.
import { Alert, Button, Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useErrorText } from './useErrorText';
import { Icon } from './Icon';

interface Props {
  error: unknown;
  title?: string;
  onRetry?: () => void;
}

export function ErrorAlert({ error, title, onRetry }: Props) {
  const { t } = useTranslation();
  const text = useErrorText();
  if (!error) return null;
  return (
    <Alert color="red" variant="light" role="alert" icon={<Icon name="warning" />} title={title} mb="md">
      <Group justify="space-between" align="center">
        <Text fz="sm">{text(error)}</Text>
        {onRetry && <Button size="xs" variant="default" onClick={onRetry}>{t('common.retry')}</Button>}
      </Group>
    </Alert>
  );
}
