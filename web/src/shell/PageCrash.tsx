// A page that threw. Says so and offers a reload, which also mends a page whose file an upgrade replaced.
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useRouteError } from 'react-router-dom';
import { EmptyState } from '../components/EmptyState';

export function PageCrash() {
  const { t } = useTranslation();
  const error = useRouteError();
  const detail = error instanceof Error ? error.message : String(error);
  return (
    <EmptyState icon="warning" title={t('error.crash')}
      action={<Button onClick={() => location.reload()}>{t('common.reload')}</Button>}>
      {detail}
    </EmptyState>
  );
}
