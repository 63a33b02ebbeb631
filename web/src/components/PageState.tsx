// The three states of a page that waits for data: error, loading, there.
import { Center, Loader } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorAlert } from './ErrorAlert';

interface Props<T> {
  query: UseQueryResult<T>;
  children: (data: T) => ReactNode;
}

export function Loading() {
  const { t } = useTranslation();
  return <Center py={60}><Loader size="sm" aria-label={t('common.loading')} /></Center>;
}

export function PageState<T>({ query, children }: Props<T>) {
  if (query.data !== undefined) {
    return <>{query.isError && <ErrorAlert error={query.error} />}{children(query.data)}</>;
  }
  if (query.isError) return <ErrorAlert error={query.error} onRetry={() => void query.refetch()} />;
  return <Loading />;
}
