import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/client';

/** An error as a sentence: the problem's detail, or our own words for what carries none. */
export function useErrorText() {
  const { t } = useTranslation();
  return useCallback(
    (error: unknown): string => {
      if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
      if (error.status === 0) return t('error.unreachable');
      return error.problem.detail || error.problem.title || t('error.status', { status: error.status });
    },
    [t],
  );
}
